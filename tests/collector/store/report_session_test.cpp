#include "collector/ingest/ingest_hub.hpp"
#include "collector/store/report_reader.hpp"
#include "collector/store/session_store.hpp"
#include "tests/support/postgres_fixture.hpp"
#include "tests/support/recorded_session.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using test::RecordedSession;
using test::TestSpool;

Moment now() {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

class Peer final : public IngestPeer {
public:
    void admitted(const Admission&) override {}
    void refused(const std::string&) override {}
    void committed(std::int16_t, std::int64_t) override {}
    void outOfOrder(const std::string&) override {}
    void comeAgain(const std::string&) override {}
    void roomAgain() override {}
};

/// Sessions that came the way of all sessions: as records of a sensor.
class ReportSessionTest : public testing::Test {
protected:
    ReportSessionTest() {
        sensor_ = std::stoi(database_.ask("INSERT INTO apiary.sensor(sensor_uuid, name) VALUES ('" + uuid_.text() +
                                          "', 'roof') RETURNING sensor_id"));
        connection_ = openForReports(database_.writer(), 30s);
        reader_ = std::make_unique<ReportReader>(*connection_);
    }

    void ingest(const std::vector<RecordedSession>& sessions) {
        TestSpool spool(++spools_);
        for (const auto& session : sessions) {
            spool.append(session);
        }
        IngestHub hub(store_, feed_, now, {});
        const auto peer = std::make_shared<Peer>();
        hub.hello(peer, uuid_, spool.id(), {0});
        hub.submit(peer, {.sensorId = sensor_, .stream = spool.id(), .positions = {}}, 0,
                   std::make_unique<v1::Batch>(spool.all()));
        hub.stop();
        hub.run();
    }
    static RecordedSession begin(std::uint64_t random = 1) {
        return RecordedSession({.start = now() - 1h, .random = random});
    }
    static std::string joined(const v1::SessionDetail& detail) {
        std::string text;
        for (const auto& line : detail.transcript()) {
            text += line + "\n";
        }
        return text;
    }
    std::string digestInSql(const Uuid& id) const {
        return database_.ask("SELECT encode(apiary.transcript_digest('" + id.text() + "'), 'hex')");
    }

    test::TestDatabase database_;
    SessionStore store_{database_.writer(), 1};
    LiveFeed feed_;
    const Uuid uuid_ = TestSpool(77).id();
    std::int32_t sensor_ = 0;
    std::uint64_t spools_ = 0;
    std::unique_ptr<Connection> connection_;
    std::unique_ptr<ReportReader> reader_;
};

TEST_F(ReportSessionTest, GivesTheTextLogLineForLine) {
    std::mt19937_64 random(7);
    std::vector<RecordedSession> sessions;
    for (int i = 0; i < 20; ++i) {
        sessions.push_back(test::randomSession(random, now() - 48h, now() - 1h));
    }
    ingest(sessions);
    for (const auto& session : sessions) {
        const auto detail = reader_->session(session.id());
        ASSERT_TRUE(detail);
        EXPECT_EQ(joined(*detail), session.journal());
        EXPECT_EQ(detail->transcript_sha256(), view(Sha256::of(session.journal())));
        EXPECT_EQ(detail->journal_sha256(), detail->transcript_sha256());
        EXPECT_EQ(hexText(detail->transcript_sha256()), digestInSql(session.id()));
    }
}

TEST_F(ReportSessionTest, GivesTheBytesOfAnAttackerAsTheyWere) {
    const std::string hostile("\0\xff'; DROP TABLE apiary.session; --\r\n", 37);
    auto session = begin();
    session.received(hostile)
        .login(hostile, std::string(300, '\xfe'), true)
        .piece("MZ")
        .uploaded(hostile, "MZ")
        .close();
    ingest({session});
    const auto detail = reader_->session(session.id());
    ASSERT_TRUE(detail);
    ASSERT_EQ(detail->events_size(), 1);
    EXPECT_EQ(detail->events(0).bytes(), hostile);
    EXPECT_EQ(detail->events(0).kind(), 0U);
    ASSERT_EQ(detail->credentials_size(), 1);
    EXPECT_EQ(detail->credentials(0).username(), hostile);
    EXPECT_EQ(detail->credentials(0).secret(), std::string(300, '\xfe'));
    EXPECT_TRUE(detail->credentials(0).accepted());
    ASSERT_EQ(detail->artifacts_size(), 1);
    EXPECT_EQ(detail->artifacts(0).name(), hostile);
    EXPECT_EQ(detail->artifacts(0).sha256(), view(Sha256::of("MZ")));
    EXPECT_EQ(detail->artifacts(0).size(), 2U);
    EXPECT_EQ(detail->row().sensor(), "roof");
    EXPECT_EQ(detail->row().outcome(), "finished");
}

TEST_F(ReportSessionTest, ShowsAnOpenSessionWithWhatItHasSoFar) {
    auto session = begin();
    session.sent("220 hello\r\n");
    ingest({session});
    const auto detail = reader_->session(session.id());
    ASSERT_TRUE(detail);
    EXPECT_EQ(detail->row().outcome(), "open");
    EXPECT_EQ(detail->row().ended_at_us(), 0U);
    EXPECT_EQ(joined(*detail), session.journal());
    EXPECT_TRUE(detail->journal_sha256().empty());
}

TEST_F(ReportSessionTest, ListsWhatIsOpenNewestFirst) {
    std::vector<RecordedSession> sessions;
    for (std::uint64_t i = 1; i <= 3; ++i) {
        sessions.push_back(
            RecordedSession({.start = now() - 1h + std::chrono::minutes(i), .random = i}).sent("220\r\n"));
    }
    sessions.push_back(begin(9).close());
    ingest(sessions);
    ReportScope wanted;
    wanted.traffic = {"attack"};
    const auto two = reader_->listOpen(wanted, 2);
    EXPECT_EQ(two.total(), 3U);
    ASSERT_EQ(two.rows_size(), 2);
    EXPECT_EQ(two.rows(0).session_id(), sessions[2].id().view());
    EXPECT_EQ(two.rows(1).session_id(), sessions[1].id().view());
    EXPECT_EQ(two.rows(0).traffic(), "attack");
    auto other = wanted;
    other.sensors = {sensor_ + 1};
    EXPECT_EQ(reader_->listOpen(other, 2).total(), 0U);
    other = wanted;
    other.protocols = {"telnet"};
    EXPECT_EQ(reader_->listOpen(other, 2).total(), 0U);
    other = wanted;
    other.traffic = {"known-scanner"};
    EXPECT_EQ(reader_->listOpen(other, 2).total(), 0U);
}

TEST_F(ReportSessionTest, CountsWhatIsOpenBesideWhatHasEnded) {
    ingest({begin(1).sent("220\r\n"), begin(2).close()});
    ReportScope scope;
    scope.from = now() - 2h;
    scope.to = now();
    scope.traffic = {"attack"};
    const auto totals = reader_->totals(scope);
    EXPECT_EQ(totals.sessions(), 1U);
    EXPECT_EQ(totals.open_sessions(), 1U);
    scope.protocols = {"telnet"};
    EXPECT_EQ(reader_->totals(scope).open_sessions(), 0U);
}

TEST_F(ReportSessionTest, CutsEventsAndTranscriptButNotTheDigest) {
    auto session = begin();
    for (int i = 0; i < 270; ++i) {  // 4.4 MB, and 18 MB when escaped
        session.received(std::string(16384, '\x80'));
    }
    session.close();
    ingest({session});
    const auto detail = reader_->session(session.id());
    ASSERT_TRUE(detail);
    EXPECT_TRUE(detail->events_cut());
    EXPECT_EQ(detail->events_size(), 256);
    EXPECT_TRUE(detail->transcript_cut());
    EXPECT_EQ(detail->transcript_sha256(), view(Sha256::of(session.journal())));
    EXPECT_LT(detail->ByteSizeLong(), std::size_t{12} << 20U);
}

TEST_F(ReportSessionTest, SaysThatASessionIsNotThere) {
    EXPECT_FALSE(reader_->session(begin(5).id()));
    EXPECT_FALSE(reader_->session(Uuid{}));
}

}  // namespace
}  // namespace apiary::collector
