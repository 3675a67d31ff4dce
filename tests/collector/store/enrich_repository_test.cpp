#include "collector/store/enrich_repository.hpp"

#include "collector/store/report_reader.hpp"
#include "common/net/address.hpp"
#include "tests/collector/store/report_data.hpp"
#include "tests/collector/store/session_store_fixture.hpp"

#include <gtest/gtest.h>
#include <pqxx/nontransaction>

#include <map>
#include <random>
#include <string>
#include <thread>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

/// Facts by address, under the name of one file.
class KnownSources final : public SourceLookup {
public:
    explicit KnownSources(std::string digest = "d1") : digest_(std::move(digest)) {}
    KnownSources& add(const std::string& address, SourceFacts facts) {
        facts_[parseAddress(address)->address] = std::move(facts);
        return *this;
    }
    SourceFacts factsOf(const Endpoint& source) const override {
        const auto found = facts_.find(source.address);
        return found == facts_.end() ? SourceFacts{} : found->second;
    }
    std::vector<SourceFileNote> files() const override { return {{"/srv/test.mmdb", "Test", "2026-11-24", digest_}}; }

private:
    std::string digest_;
    std::map<std::array<std::uint8_t, 16>, SourceFacts> facts_;
};

constexpr const char* kRowsThatDiffer = R"(
    SELECT count(*) FROM (
      (SELECT bucket_at, traffic, country, collector_id, sessions, credentials FROM apiary.rollup_hour_country EXCEPT ALL
       SELECT date_trunc('hour', started_at, 'UTC'), traffic, coalesce(country, '??'), collector_id, count(*), sum(credentials)
         FROM apiary.session GROUP BY 1, 2, 3, 4) UNION ALL
      (SELECT date_trunc('hour', started_at, 'UTC'), traffic, coalesce(country, '??'), collector_id, count(*), sum(credentials)
         FROM apiary.session GROUP BY 1, 2, 3, 4 EXCEPT ALL
       SELECT bucket_at, traffic, country, collector_id, sessions, credentials FROM apiary.rollup_hour_country)) x)";
constexpr const char* kFacetsThatDiffer = R"(
    WITH d AS (SELECT to_timestamp(floor(extract(epoch FROM started_at) / 300) * 300) AS bucket_at, traffic,
      coalesce(country, '??') AS value, collector_id, count(*) AS sessions FROM apiary.session GROUP BY 1, 2, 3, 4)
    SELECT count(*) FROM d FULL JOIN (SELECT * FROM apiary.rollup_5m_facet WHERE facet = 'country') r
      USING (bucket_at, traffic, value, collector_id) WHERE d.sessions IS DISTINCT FROM r.sessions)";
constexpr const char* kDaysThatDiffer = R"(
    WITH d AS (SELECT date_trunc('day', started_at, 'UTC') AS day_at, traffic, source, sensor_id, collector_id,
      min(coalesce(country, '??')) AS country FROM apiary.session GROUP BY 1, 2, 3, 4, 5)
    SELECT count(*) FROM d FULL JOIN apiary.source_day r USING (day_at, traffic, source, sensor_id, collector_id)
     WHERE d.country IS DISTINCT FROM r.country)";

class EnrichTest : public SessionStoreTest {
protected:
    /// As a collector that knows these sources.
    void sendAs(SessionStore& store, const test::TestSpool& spool) {
        IngestHub hub(store, feed_, now, {});
        auto peer = std::make_shared<StorePeer>();
        hub.hello(peer, sensor_, spool.id(), {0});
        hub.submit(peer, {.sensorId = sensorId_, .stream = spool.id(), .positions = {}}, 0,
                   std::make_unique<v1::Batch>(spool.all()));
        hub.stop();
        hub.run();
    }

    Enriched fill(const SourceLookup& sources, std::optional<std::chrono::sys_days> since = {}) {
        Connection owner(database_.owner());
        return EnrichRepository(owner).fill(since, sources, "ann");
    }

    void expectRollupsAreTheRows() {
        EXPECT_EQ(database_.ask(kRowsThatDiffer), "0");
        EXPECT_EQ(database_.ask(kFacetsThatDiffer), "0");
        EXPECT_EQ(database_.ask(kDaysThatDiffer), "0");
    }

    static test::TestSpool oneSession(std::uint64_t number) {
        test::TestSpool spool(number);
        spool.append(shortSession(number).close());
        return spool;
    }
};

TEST_F(EnrichTest, WritesWhatIsKnownOfASourceAtIngest) {
    const auto sources = std::make_shared<KnownSources>();
    sources->add("192.0.2.1", {"DE", 4'200'000'000, "Example Research"});
    SessionStore store(database_.writer(), 1, [&] { return sources; });
    auto spool = oneSession(1);
    spool.append(shortSession(2));
    sendAs(store, spool);
    EXPECT_EQ(database_.ask("SELECT concat_ws(' ', country, asn, enrichment) FROM apiary.session"),
              "DE 4200000000 Test 2026-11-24");
    EXPECT_EQ(database_.ask("SELECT concat_ws(' ', country, asn) FROM apiary.session_open"), "DE 4200000000");
    EXPECT_EQ(database_.ask("SELECT concat_ws(' ', country, asn) FROM apiary.source"), "DE 4200000000");
    EXPECT_EQ(database_.ask("SELECT asn || ' ' || name FROM apiary.network_name"), "4200000000 Example Research");
    expectRollupsAreTheRows();
}

TEST_F(EnrichTest, LeavesEmptyWhatNobodyKnows) {
    sendAs(store_, oneSession(1));
    EXPECT_EQ(database_.ask("SELECT num_nonnulls(country, asn, enrichment) FROM apiary.session"), "0");
    Connection connection(database_.writer());
    const ReportScope day{.from = std::chrono::floor<std::chrono::microseconds>(now() - 24h),
                          .to = now(),
                          .sensors = {},
                          .protocols = {},
                          .traffic = {"attack"},
                          .source = {}};
    ReportReader reader(connection);
    EXPECT_EQ(reader.top(day, v1::TOP_FIELD_COUNTRY, 10).entries_size(), 0);
    EXPECT_EQ(reader.top(day, v1::TOP_FIELD_NETWORK, 10).entries_size(), 0);
    EXPECT_EQ(reader.top(day, v1::TOP_FIELD_PROTOCOL, 10).entries_size(), 1);
    const auto sources = reader.top(day, v1::TOP_FIELD_SOURCE, 10);
    ASSERT_EQ(sources.entries_size(), 1);
    EXPECT_EQ(sources.entries(0).country() + sources.entries(0).network_name(), "");
}

TEST_F(EnrichTest, NotesEachFileOnceAndANameWhenItChanges) {
    auto sources = std::make_shared<KnownSources>("d1");
    sources->add("192.0.2.1", {"DE", 64500, "Old Name"});
    SessionStore store(database_.writer(), 1, [&] { return sources; });
    sendAs(store, oneSession(1));
    sendAs(store, oneSession(2));
    EXPECT_EQ(database_.ask("SELECT count(*) FROM apiary.audit_log WHERE action = 'source_file'"), "1");
    sources = std::make_shared<KnownSources>("d2");
    sources->add("192.0.2.1", {"DE", 64500, "New Name"});
    sendAs(store, oneSession(3));
    EXPECT_EQ(
        database_.ask("SELECT string_agg(operator || ' ' || target || ' ' || (new_value->>'sha256'), ', ' ORDER BY "
                      "audit_id) FROM apiary.audit_log WHERE action = 'source_file'"),
        "collector 1 /srv/test.mmdb d1, collector 1 /srv/test.mmdb d2");
    EXPECT_EQ(database_.ask("SELECT name FROM apiary.network_name"), "New Name");
}

TEST_F(EnrichTest, FillsWhatIsOpenAndProbesAndNothingTwice) {
    auto spool = oneSession(1);
    spool.append(shortSession(2));
    sendAs(store_, spool);
    KnownSources sources;
    sources.add("192.0.2.1", {"DE", 64500, "Example"});
    EXPECT_EQ(fill(sources).changed, 2U);
    EXPECT_EQ(database_.ask("SELECT country || asn FROM apiary.session_open"), "DE64500");
    EXPECT_EQ(database_.ask("SELECT concat_ws(' ', country, asn, enrichment) FROM apiary.session"),
              "DE 64500 Test 2026-11-24");
    EXPECT_EQ(fill(sources).changed, 0U);
    KnownSources later;
    later.add("192.0.2.1", {"FR", 64501, "Other"});
    EXPECT_EQ(fill(later).changed, 0U);  // what was found at ingest stays
    expectRollupsAreTheRows();
}

TEST_F(EnrichTest, TheWriterCannotChangeWhatItWrote) {
    Connection writer(database_.writer());
    pqxx::nontransaction work(writer.session());
    EXPECT_THROW(work.exec("SELECT apiary.enrich_sessions(ARRAY[]::uuid[], ARRAY[]::text[], ARRAY[]::bigint[], '')"),
                 pqxx::insufficient_privilege);
}

/// History at random, of several days, a third of it without a country and all without a network.
class FillTest : public EnrichTest {
protected:
    FillTest() {
        data_.addSensors(3);
        const auto today = std::chrono::floor<std::chrono::days>(now());
        data_.addRandom(3000, today - 72h, today, random_);
        for (int last = 1; last <= 40; last += 2) {
            const std::string code = last % 3 == 0 ? "DE" : "FR";
            sources_.add("192.0.2." + std::to_string(last), {code, 64500U + static_cast<unsigned>(last % 4), "Four"});
            sources_.add("2001:db8::" + std::to_string(last), {code, last % 4 == 1 ? 0U : 64600U, "Six"});
        }
    }

    KnownSources sources_;
    std::mt19937_64 random_{6};
    test::ReportData data_{database_};
};

TEST_F(FillTest, MovesRowsAndRollupsTogether) {
    expectRollupsAreTheRows();
    const auto unknown = database_.ask("SELECT count(*) FROM apiary.session WHERE country IS NULL");
    const auto done = fill(sources_);
    EXPECT_EQ(done.seen, 3000U);
    EXPECT_GT(done.changed, 500U);
    EXPECT_NE(database_.ask("SELECT count(*) FROM apiary.session WHERE country IS NULL"), unknown);
    EXPECT_NE(database_.ask("SELECT count(*) FROM apiary.session WHERE country IS NULL"), "0");
    EXPECT_EQ(database_.ask("SELECT count(*) FROM apiary.session WHERE country IN ('DE', 'FR') AND host(source) ~ "
                            "'[02468]$'"),
              "0");
    expectRollupsAreTheRows();
    EXPECT_EQ(fill(sources_).changed, 0U);
}

TEST_F(FillTest, LeavesWhatIsBeforeTheDay) {
    const auto before =
        "SELECT count(asn) FROM apiary.session WHERE started_at < date_trunc('day', now(), 'UTC') - "
        "interval '24 h'";
    fill(sources_, std::chrono::floor<std::chrono::days>(now()) - std::chrono::days(1));
    EXPECT_EQ(database_.ask(before), "0");
    EXPECT_NE(database_.ask("SELECT count(asn) FROM apiary.session"), "0");
    expectRollupsAreTheRows();
}

TEST_F(FillTest, CountsNetworksAsTheListDoes) {
    fill(sources_);
    Connection connection(database_.writer());
    ReportReader reader(connection);
    const auto today = std::chrono::floor<std::chrono::days>(now());
    const ReportScope all{
        .from = today - 72h, .to = today, .sensors = {}, .protocols = {}, .traffic = {"attack"}, .source = {}};
    const auto top = reader.top(all, v1::TOP_FIELD_NETWORK, 10, true);
    EXPECT_EQ(top.entries_size(), 4);  // AS0, AS64501, AS64503, AS64600
    for (const auto& entry : top.entries()) {
        SCOPED_TRACE(entry.key());
        EXPECT_EQ(entry.network_name().empty(), entry.key() == "AS0");
        SessionFilter filter;
        filter.networks = {entry.key().substr(2)};
        EXPECT_EQ(reader.count(all, filter).sessions(), entry.count());
        const auto page = reader.listSessions(all, {}, 3, filter);
        ASSERT_EQ(page.rows_size(), 3);
        EXPECT_EQ("AS" + std::to_string(page.rows(0).network()), entry.key());
        EXPECT_EQ(page.rows(0).network_name(), entry.network_name());
    }
    const auto countries = reader.top(all, v1::TOP_FIELD_COUNTRY, 10);
    EXPECT_GT(countries.entries_size(), 4);
    for (const auto& entry : countries.entries()) {
        SCOPED_TRACE(entry.key());
        SessionFilter filter;
        filter.countries = {entry.key()};
        EXPECT_EQ(reader.count(all, filter).sessions(), entry.count());
    }
    SessionFilter both;
    both.countries = {"DE", "\?\?"};
    both.networks = {"0"};
    EXPECT_EQ(
        std::to_string(reader.count(all, both).sessions()),
        database_.ask("SELECT count(*) FROM apiary.session WHERE coalesce(country, 'DE') = 'DE' AND asn IS NULL AND "
                      "traffic = 'attack'"));
}

TEST_F(FillTest, PlacesTheTopSources) {
    fill(sources_);
    Connection connection(database_.writer());
    ReportReader reader(connection);
    const auto today = std::chrono::floor<std::chrono::days>(now());
    const ReportScope all{
        .from = today - 72h, .to = today, .sensors = {}, .protocols = {}, .traffic = {"attack"}, .source = {}};
    int placed = 0;
    const auto top = reader.top(all, v1::TOP_FIELD_SOURCE, 100);
    for (const auto& entry : top.entries()) {
        SCOPED_TRACE(entry.key());
        EXPECT_EQ(entry.country(),
                  database_.ask("SELECT country FROM apiary.source WHERE address = '" + entry.key() +
                                "' AND num_nonnulls(country, asn) > 0 ORDER BY last_seen_at DESC LIMIT 1"));
        const bool four = entry.key().find(':') == std::string::npos;
        EXPECT_TRUE(entry.network_name().empty() || entry.network_name() == (four ? "Four" : "Six"));
        placed += entry.country().empty() || entry.network_name().empty() ? 0 : 1;
    }
    EXPECT_GT(placed, 10);
    EXPECT_LT(placed, top.entries_size());
}

TEST_F(FillTest, GoesOnBesideIngest) {
    std::thread ingest([&] {
        for (std::uint64_t i = 0; i < 20; ++i) {
            test::TestSpool spool(100 + i);
            for (std::uint64_t j = 0; j < 20; ++j) {
                spool.append(shortSession(1000 + i * 20 + j).close());
            }
            sendAs(store_, spool);
        }
    });
    sources_.add("192.0.2.1", {"DE", 64500, "Example"});
    for (int round = 0; round < 3; ++round) {
        fill(sources_);
    }
    ingest.join();
    fill(sources_);
    EXPECT_EQ(database_.ask("SELECT count(*) FROM apiary.session WHERE source = '192.0.2.1' AND country IS NULL"), "0");
    EXPECT_EQ(count("session"), "3400");
    expectRollupsAreTheRows();
}

}  // namespace
}  // namespace apiary::collector
