#include "collector/store/connection.hpp"
#include "collector/store/fold_repository.hpp"
#include "collector/store/manifest_repository.hpp"
#include "tests/collector/store/session_store_fixture.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>
#include <vector>

namespace apiary::collector {
namespace {

using test::RecordedSession;
using test::TestSpool;

// What people read of sessions, whatever way they are kept. Two SELECTs that differ in no row are the same.
constexpr const char* kRemember = R"(
    SET default_transaction_read_only = off;
    CREATE TABLE public.sessions AS SELECT * FROM apiary.session_all;
    CREATE TABLE public.summaries AS SELECT * FROM apiary.session_summary;
    CREATE TABLE public.events AS SELECT * FROM apiary.event_text;
    CREATE TABLE public.steps AS SELECT * FROM apiary.timeline('0.0.0.0/0', '-infinity', 'infinity');
    CREATE TABLE public.pauses AS SELECT * FROM apiary.time_between_attacks('-infinity', 'infinity');
    CREATE TABLE public.logs AS SELECT session_id, (SELECT string_agg(line, E'\n') FROM apiary.transcript(session_id) line)
      AS text FROM apiary.session_all)";
constexpr const char* kDiffering = R"(
    WITH d AS (
      (SELECT 'session' AS what, x::text FROM (SELECT * FROM public.sessions EXCEPT SELECT * FROM apiary.session_all) x)
      UNION ALL (SELECT 'summary', x::text FROM (SELECT * FROM public.summaries EXCEPT SELECT * FROM apiary.session_summary) x)
      UNION ALL (SELECT 'event', x::text FROM (SELECT * FROM public.events EXCEPT SELECT * FROM apiary.event_text) x)
      UNION ALL (SELECT 'step', x::text FROM (SELECT * FROM public.steps EXCEPT
        SELECT * FROM apiary.timeline('0.0.0.0/0', '-infinity', 'infinity')) x)
      UNION ALL (SELECT 'pause', x::text FROM (SELECT * FROM public.pauses EXCEPT
        SELECT * FROM apiary.time_between_attacks('-infinity', 'infinity')) x)
      UNION ALL (SELECT 'log', l::text FROM public.logs l WHERE text IS DISTINCT FROM
        (SELECT string_agg(line, E'\n') FROM apiary.transcript(l.session_id) line)))
    SELECT coalesce(string_agg(what || ' ' || x, '; '), '') || (SELECT count(*) FROM public.sessions) -
      (SELECT count(*) FROM apiary.session_all) || (SELECT count(*) FROM public.events) - (SELECT count(*) FROM apiary.event_text)
      FROM d)";

/// Sessions of two hours ago, from some sources to many addresses.
class FoldTest : public SessionStoreTest {
protected:
    FoldTest() { name("ftp"); }

    void name(const std::string& service) {
        database_.ask("INSERT INTO apiary.fold_service(sensor_id, service) VALUES (" + std::to_string(sensorId_) +
                      ", '" + service + "')");
    }

    RecordedSession begun(std::uint8_t last = 1, const std::string& journalPath = {}) {
        const auto number = static_cast<std::uint16_t>(random_());
        std::string syn("\x45\x00 a header \0 of some bytes", 28);
        for (std::size_t i = 12; i < 20; ++i) {
            syn[i] = static_cast<char>(random_());
        }
        return RecordedSession(
            {.start = start_ + std::chrono::microseconds(random_() % 1'000'000'000),
             .source = Endpoint::of({192, 0, 2, last}, number),
             .target = Endpoint::of(
                 {198, 51, static_cast<std::uint8_t>(number >> 8U), static_cast<std::uint8_t>(random_())}, 21),
             .random = random_(),
             .counted = counted_,
             .syn = syn,
             .journalPath = journalPath});
    }

    /// The same each time but for addresses and times.
    RecordedSession grabbed(std::uint8_t last = 1, const std::string& journalPath = {}) {
        RecordedSession session = begun(last, journalPath);
        session.sent("220 \\ ready\r\n").pass(std::chrono::microseconds(random_() % 3'000'000));
        session.received("QUIT\r\n").pass(std::chrono::microseconds(random_() % 100)).sent("221 \xff bye\r\n");
        session.pass(std::chrono::microseconds(random_() % 70'000)).close(v1::OUTCOME_PEER_CLOSED);
        return session;
    }

    void store(const std::vector<RecordedSession>& sessions, std::uint64_t spoolId = 9) {
        TestSpool spool(spoolId);
        for (const RecordedSession& session : sessions) {
            spool.append(session);
        }
        send(spool, {spool.all()});
        database_.ask(
            "SET default_transaction_read_only = off; UPDATE apiary.session SET received_at = ended_at + interval '1 "
            "s'");
    }

    Folded fold() {
        Connection connection(database_.writer());
        return FoldRepository(connection).fold(1, start_ - std::chrono::hours(1), start_ + std::chrono::hours(1), [] {
            return true;
        });
    }

    std::optional<std::uint64_t> counted_;  // the last bytes of the id of what begins next, if ids count up

    // From the start of an hour: it holds them all.
    const Moment start_ = std::chrono::floor<std::chrono::hours>(now()) - std::chrono::hours(2);
    std::mt19937_64 random_{20261127};
};

TEST_F(FoldTest, KeepsWhatIsAlikeOnceAndShowsEachAsBefore) {
    std::vector<RecordedSession> sessions;
    for (int i = 0; i < 200; ++i) {
        sessions.push_back(grabbed(static_cast<std::uint8_t>(random_() % 3)));
        sessions.push_back(begun(static_cast<std::uint8_t>(random_() % 3)).close(v1::OUTCOME_RESET));
        if (i % 4 == 0) {
            sessions.push_back(begun().received("USER " + std::to_string(random_() % 9)).close());
        }
    }
    store(sessions);
    EXPECT_EQ(count("quarantine"), "0");
    database_.ask(kRemember);
    const Folded done = fold();
    EXPECT_GT(done.sessions, 400U);
    EXPECT_EQ(count("session_fold"), std::to_string(done.folds));
    EXPECT_EQ(count("session"), std::to_string(sessions.size() - done.sessions));
    EXPECT_EQ(database_.ask(kDiffering), "00");
}

TEST_F(FoldTest, KeepsIdsThatCountUpOnceButForTheirLastBytes) {
    // 100 members of one fold each: the first counts up, one of the second was made by another process, in the third
    // the bytes that all share change.
    std::vector<RecordedSession> sessions;
    for (std::uint8_t source = 0; source < 3; ++source) {
        for (std::uint64_t i = 0; i < 100; ++i) {
            counted_ = (source == 2 ? 0x4321'ffff'ffd0 : 0x4321'1234'ff80) + i;
            if (source == 1 && i == 50) {
                counted_.reset();
            }
            sessions.push_back(grabbed(source));
        }
    }
    store(sessions);
    EXPECT_EQ(count("quarantine"), "0");
    database_.ask(kRemember);
    EXPECT_EQ(fold().sessions, sessions.size());
    EXPECT_EQ(database_.ask("SELECT string_agg(length(ids)::text, ' ' ORDER BY source) FROM apiary.session_fold"),
              "6 1000 1000");
    EXPECT_EQ(database_.ask(kDiffering), "00");
    database_.ask(
        "SET default_transaction_read_only = off; SELECT apiary.unfold(ARRAY(SELECT fold_id FROM "
        "apiary.session_fold))");
    EXPECT_EQ(count("session"), std::to_string(sessions.size()));
    EXPECT_EQ(database_.ask(kDiffering), "00");
}

TEST_F(FoldTest, FoldsNothingOfServicesThatAreNotNamed) {
    database_.ask("SET default_transaction_read_only = off; DELETE FROM apiary.fold_service");
    store({grabbed(), grabbed()});
    EXPECT_EQ(fold().folds, 0U);
    EXPECT_EQ(count("session"), "2");
}

TEST_F(FoldTest, LeavesRowsWhatHasMoreThanEvents) {
    const auto login = [&] { return begun().login("a", "b").close(); };
    const auto command = [&] { return begun().command("USER", "a").close(); };
    const auto upload = [&] { return begun().piece("x").uploaded("x", "x").close(); };
    const auto channel = [&] { return begun().channel(1, 20, 30).received("x", 1).close(); };
    store({login(), login(), command(), command(), upload(), upload(), channel(), channel(), grabbed(1, "x/1.txt"),
           grabbed(1, "x/2.txt")});
    EXPECT_EQ(count("quarantine"), "0");
    EXPECT_EQ(fold().folds, 0U);
    EXPECT_EQ(count("session"), "10");
}

TEST_F(FoldTest, LeavesARowWhoseTranscriptIsNotTheTextLog) {
    store({grabbed(), grabbed(), grabbed()});
    database_.ask(
        "SET default_transaction_read_only = off; UPDATE apiary.session SET journal_sha256 = sha256('') WHERE "
        "session_id = "
        "(SELECT min(session_id::text)::uuid FROM apiary.session)");
    EXPECT_EQ(fold().sessions, 2U);
    EXPECT_EQ(count("session"), "1");
}

TEST_F(FoldTest, LeavesWhatHasJustCome) {
    TestSpool spool(9);
    spool.append(grabbed());
    spool.append(grabbed());
    send(spool, {spool.all()});
    EXPECT_EQ(fold().folds, 0U);
}

TEST_F(FoldTest, TakesNoSessionThatIsInAFoldASecondTime) {
    const std::vector<RecordedSession> sessions{grabbed(), grabbed(), grabbed()};
    store(sessions);
    EXPECT_EQ(fold().sessions, 3U);
    store({sessions[1], grabbed()}, 10);
    EXPECT_EQ(count("session_all"), "4");
    EXPECT_EQ(
        database_.ask("SELECT count(*) > 0 FROM apiary.quarantine WHERE reason = 'the session has ended already'"),
        "t");
}

TEST_F(FoldTest, CountsTheSameWhenCountedAnew) {
    store({grabbed(), grabbed(), grabbed(2), begun().close()});
    const std::string counts =
        "SELECT string_agg(r::text, ' ' ORDER BY r::text) FROM (SELECT * FROM apiary.rollup_5m_protocol) r";
    const std::string before = database_.ask(counts);
    fold();
    database_.ask(
        "SET default_transaction_read_only = off; SELECT apiary.rollup_rebuild(date_trunc('day', now(), 'UTC') - "
        "interval "
        "'24 h', date_trunc('day', now(), 'UTC') + interval '24 h')");
    EXPECT_EQ(database_.ask(counts), before);
}

TEST_F(FoldTest, UnfoldsToTheRowsThatWere) {
    store({grabbed(), grabbed(), grabbed()});
    database_.ask(kRemember);
    fold();
    EXPECT_EQ(database_.ask("SET default_transaction_read_only = off; SELECT apiary.unfold(array_agg(fold_id)) FROM "
                            "apiary.session_fold"),
              "3");
    EXPECT_EQ(count("session"), "3");
    EXPECT_EQ(database_.ask(kDiffering), "00");
}

TEST_F(FoldTest, IsFoundByWhoeverVerifies) {
    const std::vector<RecordedSession> sessions{grabbed(), grabbed(), grabbed()};
    store(sessions);
    fold();
    std::string entries;
    for (const RecordedSession& session : sessions) {
        entries.append(session.id().view()).append(view(Sha256::of(session.journal())));
    }
    Connection connection(database_.writer());
    ManifestRepository repository(connection);
    const auto day = std::chrono::floor<std::chrono::days>(start_);
    EXPECT_TRUE(repository.compare(sensorId_, day, entries).empty());
    entries.back() = static_cast<char>(entries.back() ^ 1);
    EXPECT_EQ(repository.compare(sensorId_, day, entries).size(), 1U);
    const StoredPiece last{.first = 0,
                           .entries = {},
                           .chain = {},
                           .signature = {},
                           .certificate = {},
                           .madeAt = "2100-01-01",
                           .receivedAt = "2100-01-01"};
    EXPECT_EQ(repository.rowsBefore(sensorId_, day, last, Uuid{}).size(), 3U);
}

}  // namespace
}  // namespace apiary::collector
