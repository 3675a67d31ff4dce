#include "collector/store/known_repository.hpp"

#include "tests/collector/store/report_data.hpp"
#include "tests/collector/store/session_store_fixture.hpp"

#include <gtest/gtest.h>
#include <pqxx/nontransaction>

#include <atomic>
#include <random>
#include <string>
#include <thread>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

KnownWish wishFor(const std::string& network) {
    KnownWish wish;
    wish.network = network;
    wish.owner = "Example Research";
    wish.reason = "published addresses";
    return wish;
}

// What stands in a rollup: copied, rebuilt from rows, compared.
constexpr const char* kRebuildAndCompare = R"(
    SET default_transaction_read_only = off; SET statement_timeout = 0;
    CREATE TEMP TABLE differs(what text);
    DO $$
    DECLARE t text; n bigint;
      names text[] := ARRAY['rollup_5m_protocol', 'rollup_5m_facet', 'rollup_hour_protocol', 'rollup_hour_sensor', 'rollup_hour_country',
        'rollup_hour_source', 'rollup_hour_credential', 'rollup_hour_command', 'rollup_hour_port', 'source_day', 'rollup_day_port',
        'rollup_hour_probe'];
    BEGIN
      FOREACH t IN ARRAY names LOOP
        EXECUTE format('CREATE TEMP TABLE %I AS SELECT * FROM apiary.%I', 'was_' || t, t);
      END LOOP;
      PERFORM apiary.rollup_rebuild(date_trunc('day', now(), 'UTC') - interval '6 days', date_trunc('day', now(), 'UTC')
        + interval '1 day');
      FOREACH t IN ARRAY names LOOP
        EXECUTE format('SELECT count(*) FROM ((SELECT * FROM apiary.%1$I EXCEPT ALL SELECT * FROM pg_temp.%2$I) UNION ALL '
          '(SELECT * FROM pg_temp.%2$I EXCEPT ALL SELECT * FROM apiary.%1$I)) x', t, 'was_' || t) INTO n;
        IF n > 0 THEN INSERT INTO differs VALUES (t || ' ' || n); END IF;
      END LOOP;
    END $$;
    SELECT string_agg(what, ', ') FROM differs)";

// The same for what outlives the rows, while they are all there.
constexpr const char* kSourcesThatDiffer = R"(
    SELECT count(*) FROM (
      (SELECT address, traffic, collector_id, first_seen_at, last_seen_at, sessions, credentials FROM apiary.source EXCEPT ALL
       SELECT source, traffic, collector_id, min(started_at), max(started_at), count(*), sum(credentials) FROM apiary.session
        GROUP BY 1, 2, 3) UNION ALL
      (SELECT source, traffic, collector_id, min(started_at), max(started_at), count(*), sum(credentials) FROM apiary.session
        GROUP BY 1, 2, 3 EXCEPT ALL
       SELECT address, traffic, collector_id, first_seen_at, last_seen_at, sessions, credentials FROM apiary.source)) x)";
constexpr const char* kCredentialsThatDiffer = R"(
    WITH k AS (SELECT digest, traffic, s.collector_id, count(*) AS uses FROM apiary.session s JOIN apiary.credential
      USING (session_id, started_at) GROUP BY 1, 2, 3)
    SELECT count(*) FROM ((SELECT digest, traffic, collector_id, uses FROM apiary.credential_seen EXCEPT ALL TABLE k) UNION ALL
      (TABLE k EXCEPT ALL SELECT digest, traffic, collector_id, uses FROM apiary.credential_seen)) x)";

class KnownRepositoryTest : public SessionStoreTest {
protected:
    Result<std::int64_t> add(const KnownWish& wish) { return known_.add(wish, "ann"); }

    std::string refusal(const KnownWish& wish) {
        const auto added = add(wish);
        return added ? "added" : added.error();
    }

    Retagged retag(std::optional<std::chrono::sys_days> since = {}) {
        Connection owner(database_.owner());
        return KnownRepository(owner).retag(since, "ann");
    }

    void expectRollupsAreTheRows() {
        EXPECT_EQ(database_.ask(kRebuildAndCompare), "");
        EXPECT_EQ(database_.ask(kSourcesThatDiffer), "0");
        EXPECT_EQ(database_.ask(kCredentialsThatDiffer), "0");
    }

    static v1::Record probeFrom(std::uint64_t random) {
        v1::Record record;
        auto& probe = *record.mutable_probe();
        const Uuid id = Uuid::v7(now() - 1h, {static_cast<std::uint8_t>(random)});
        probe.set_probe_id(id.bytes.data(), id.bytes.size());
        probe.mutable_source()->set_address("\xc0\x00\x02\x01", 4);
        probe.mutable_target()->set_address("\xc6\x33\x64\x01", 4);
        probe.mutable_target()->set_port(23);
        probe.set_ended_at_us(static_cast<std::uint64_t>((now() - 1h + 1s).time_since_epoch().count()));
        probe.set_kind("syn");
        probe.set_packets(1);
        return record;
    }

    Connection writer_{database_.writer()};
    KnownRepository known_{writer_};
};

TEST_F(KnownRepositoryTest, TagsWhatIsCommittedAfterTheRule) {
    test::TestSpool before(1);
    before.append(shortSession(1).close());
    send(before, {before.all()});
    ASSERT_TRUE(add(wishFor("192.0.2.0/24")));
    test::TestSpool after(2);
    after.append(shortSession(2).close());
    after.append(shortSession(3));
    after.append(probeFrom(4));
    send(after, {after.all()});
    EXPECT_EQ(database_.ask("SELECT string_agg(traffic, ' ' ORDER BY session_id) FROM apiary.session"),
              "attack known-scanner");
    EXPECT_EQ(database_.ask("SELECT tags FROM apiary.session_open"), "{known-scanner}");
    EXPECT_EQ(database_.ask("SELECT traffic FROM apiary.probe"), "known-scanner");
    expectRollupsAreTheRows();
}

TEST_F(KnownRepositoryTest, TagsNoMoreWhenTheRuleIsRemoved) {
    const auto number = add(wishFor("192.0.2.1"));
    ASSERT_TRUE(number);
    ASSERT_TRUE(known_.remove(*number, "ann"));
    test::TestSpool spool(1);
    spool.append(shortSession().close());
    send(spool, {spool.all()});
    EXPECT_EQ(database_.ask("SELECT traffic FROM apiary.session"), "attack");
    EXPECT_TRUE(known_.list().empty());
    EXPECT_EQ(known_.remove(*number, "ann").error(), "there is no rule 1 in force: known list shows their numbers");
    EXPECT_EQ(
        database_.ask("SELECT string_agg(action || ' ' || refused, ', ' ORDER BY audit_id) FROM apiary.audit_log"),
        "known_add false, known_remove false, known_remove true");
}

TEST_F(KnownRepositoryTest, SaysWhatIsWrongWithARule) {
    EXPECT_NE(refusal(wishFor("192.0.2.1/24")).find("write 192.0.2.0/24"), std::string::npos);
    auto wish = wishFor("192.0.2.0/24");
    wish.sensor = "nowhere";
    EXPECT_NE(refusal(wish).find("there is no sensor 'nowhere'"), std::string::npos);
    wish.sensor = "first";
    wish.expires = "2020-01-31";
    EXPECT_NE(refusal(wish).find("has passed"), std::string::npos);
    wish.expires = "soon'; DROP";
    EXPECT_NE(refusal(wish).find("is no time"), std::string::npos);
    EXPECT_NE(refusal(wishFor("")).find("would fit everything"), std::string::npos);
    wish = wishFor("192.0.2.0/24");
    wish.reason.clear();
    EXPECT_NE(refusal(wish).find("say whose"), std::string::npos);
    EXPECT_EQ(database_.ask("SELECT count(*) FROM apiary.known_rule"), "0");
    EXPECT_EQ(database_.ask("SELECT count(*) FROM apiary.audit_log WHERE refused"), "6");
}

TEST_F(KnownRepositoryTest, KeepsNoRuleThatIngestCouldNotRead) {
    ASSERT_TRUE(add(wishFor("::ffff:192.0.2.1")));
    ASSERT_EQ(known_.list().size(), 1U);
    EXPECT_EQ(known_.list()[0].what, "192.0.2.1/32");
    for (const auto* all : {"0.0.0.0/0", "::/0", "::/80"}) {
        EXPECT_NE(refusal(wishFor(all)).find("every IPv4 address"), std::string::npos) << all;
    }
    auto wish = wishFor("192.0.2.0/24");
    for (const auto* far : {"294276-12-31", "infinity", "2200-01-01"}) {
        wish.expires = far;
        EXPECT_NE(refusal(wish).find("too far away"), std::string::npos) << far;
    }
}

TEST_F(KnownRepositoryTest, ARuleThatCannotBeReadIsNoFaultOfTheRows) {
    database_.ask(R"(SET default_transaction_read_only = off;
        ALTER TABLE apiary.known_rule DROP CONSTRAINT known_rule_expires_at_check;
        INSERT INTO apiary.known_rule(network, tag, owner, reason, expires_at, created_by)
          VALUES ('192.0.2.0/24', 'self-test', 'somebody', 'by hand', 'infinity', 'ann') RETURNING 1)");
    IngestRows rows;
    EXPECT_THROW(store_.write(rows), SinkUnavailable);
    database_.ask("SET default_transaction_read_only = off; DELETE FROM apiary.known_rule RETURNING 1");
    EXPECT_TRUE(std::holds_alternative<Committed>(store_.write(rows)));
}

TEST_F(KnownRepositoryTest, ListsRulesAsPeopleReadThem) {
    auto wish = wishFor("2001:db8::/32");
    wish.port = 22;
    wish.sensor = "first";
    wish.protocol = "ssh";
    wish.tag = "self-test";
    wish.expires = "2099-01-31";
    ASSERT_TRUE(add(wish));
    const auto entries = known_.list();
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries[0].what, "2001:db8::/32, port 22, sensor first, protocol ssh");
    EXPECT_EQ(entries[0].tag, "self-test");
    EXPECT_EQ(entries[0].expires, "2099-01-31 00:00:00 UTC");
    EXPECT_FALSE(entries[0].expired);
}

TEST_F(KnownRepositoryTest, RetagsOpenSessionsAndProbes) {
    test::TestSpool spool(1);
    spool.append(shortSession(1));
    spool.append(probeFrom(2));
    send(spool, {spool.all()});
    ASSERT_TRUE(add(wishFor("192.0.2.0/24")));
    EXPECT_EQ(retag().changed, 2U);
    EXPECT_EQ(database_.ask("SELECT traffic FROM apiary.session_open"), "known-scanner");
    EXPECT_EQ(database_.ask("SELECT traffic FROM apiary.probe"), "known-scanner");
    EXPECT_EQ(retag().changed, 0U);
    EXPECT_EQ(database_.ask("SELECT string_agg(traffic || ' ' || probes, ', ') FROM apiary.rollup_hour_probe"),
              "known-scanner 1");
}

TEST_F(KnownRepositoryTest, TheWriterCannotRetagWhatItWrote) {
    pqxx::nontransaction work(writer_.session());
    EXPECT_THROW(work.exec("SELECT apiary.retag_sessions(ARRAY[]::uuid[], ARRAY[]::text[])"),
                 pqxx::insufficient_privilege);
}

/// History at random, of several days, in every kind of traffic.
class RetagTest : public KnownRepositoryTest {
protected:
    RetagTest() {
        data_.addSensors(3);
        const auto today = std::chrono::floor<std::chrono::days>(now());
        data_.addRandom(3000, today - 72h, today, random_);
        auto scanner = wishFor("192.0.2.8/29");
        scanner.port = 21;
        auto own = wishFor("2001:db8::/64");
        own.tag = "self-test";
        own.protocol = "ftp";
        EXPECT_TRUE(add(scanner));
        EXPECT_TRUE(add(own));
    }

    // By hand, of rows that all rules have gone over.
    static constexpr const char* kWrong = R"(
        SELECT count(*) FROM apiary.session WHERE started_at >= '%' AND traffic <> CASE
          WHEN source <<= '2001:db8::/64' AND protocol = 'ftp' THEN 'self-test'
          WHEN source <<= '192.0.2.8/29' AND target_port = 21 THEN 'known-scanner' ELSE 'attack' END)";
    std::string wrongSince(const std::string& day) {
        std::string query = kWrong;
        return database_.ask(query.replace(query.find('%'), 1, day));
    }

    std::mt19937_64 random_{4};
    test::ReportData data_{database_};
};

TEST_F(RetagTest, MovesRowsAndRollupsTogether) {
    ASSERT_NE(wrongSince("2000-01-01"), "0");
    const auto done = retag();
    EXPECT_EQ(done.seen, 3000U);
    EXPECT_GT(done.changed, 500U);
    EXPECT_EQ(wrongSince("2000-01-01"), "0");
    EXPECT_NE(database_.ask("SELECT count(*) FROM apiary.session WHERE traffic = 'known-scanner'"), "0");
    EXPECT_NE(database_.ask("SELECT count(*) FROM apiary.session WHERE traffic = 'self-test'"), "0");
    expectRollupsAreTheRows();
}

TEST_F(RetagTest, GoesBackToTheOldestRowThatIsThere) {
    database_.ask("SET default_transaction_read_only = off; UPDATE apiary.policy SET retention_days = 1");
    EXPECT_EQ(retag().seen, 3000U);
    EXPECT_EQ(wrongSince("2000-01-01"), "0");
}

TEST_F(RetagTest, LeavesWhatIsBeforeTheDay) {
    const auto today = std::chrono::floor<std::chrono::days>(now());
    const std::string before = database_.ask(
        "SELECT count(*) FROM apiary.session WHERE traffic = 'attack' AND "
        "started_at < date_trunc('day', now(), 'UTC') - interval '24 h'");
    retag(today - std::chrono::days(1));
    EXPECT_EQ(database_.ask("SELECT count(*) FROM apiary.session WHERE traffic = 'attack' AND "
                            "started_at < date_trunc('day', now(), 'UTC') - interval '24 h'"),
              before);
    EXPECT_EQ(wrongSince(database_.ask("SELECT date_trunc('day', now(), 'UTC') - interval '24 h'")), "0");
    expectRollupsAreTheRows();
}

TEST_F(RetagTest, KeepsOtherTags) {
    database_.ask(
        "SET default_transaction_read_only = off; UPDATE apiary.session SET tags = ARRAY['mirai-like'] || tags");
    retag();
    EXPECT_EQ(database_.ask("SELECT count(*) FROM apiary.session WHERE NOT 'mirai-like' = ANY (tags)"), "0");
    EXPECT_EQ(wrongSince("2000-01-01"), "0");
}

TEST_F(RetagTest, MissesNothingWhileIngestRuns) {
    std::atomic<bool> enough = false;
    std::atomic<int> sent = 0;
    std::thread ingest([&] {
        std::mt19937_64 probes(5);
        for (std::uint64_t i = 0; !enough; ++i) {
            test::TestSpool spool(100 + i);
            for (std::uint64_t j = 0; j < 20; ++j) {
                spool.append(shortSession(1000 + i * 20 + j).close());
                spool.append(test::randomProbe(probes, now() - 48h, now() - 1h));
            }
            send(spool, {spool.all()});
            ++sent;
        }
    });
    const auto ingestGoesOn = [&] {
        for (const int before = sent; sent < before + 3;) {
            std::this_thread::yield();
        }
    };
    for (int round = 0; round < 3; ++round) {
        const auto number = add(wishFor("192.0.2.0/24"));
        ASSERT_TRUE(number);
        retag();
        EXPECT_EQ(database_.ask("SELECT count(*) FROM apiary.session WHERE source <<= '192.0.2.0/24' AND NOT "
                                "'known-scanner' = ANY (tags)"),
                  "0");
        ingestGoesOn();
        ASSERT_TRUE(known_.remove(*number, "ann"));
        retag();
        EXPECT_EQ(wrongSince("2000-01-01"), "0");
        ingestGoesOn();
    }
    enough = true;
    ingest.join();
    expectRollupsAreTheRows();
}

TEST_F(KnownRepositoryTest, SaysThatRetaggingBrokeOff) {
    test::TestSpool spool(1);
    spool.append(shortSession().close());
    send(spool, {spool.all()});
    ASSERT_TRUE(add(wishFor("192.0.2.0/24")));
    database_.ask("SET default_transaction_read_only = off; ALTER TABLE apiary.source RENAME TO elsewhere");
    EXPECT_THROW(retag(), pqxx::sql_error);
    EXPECT_EQ(database_.ask("SELECT string_agg(action, ', ' ORDER BY audit_id) FROM apiary.audit_log"),
              "known_add, known_retag_begin, known_retag");
    EXPECT_EQ(database_.ask("SELECT new_value->>'changed' || ' ' || (new_value->>'broke_off' LIKE '%source%') FROM "
                            "apiary.audit_log WHERE action = 'known_retag'"),
              "0 true");
}

}  // namespace
}  // namespace apiary::collector
