#include "tests/collector/store/session_store_fixture.hpp"

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using test::RecordedSession;
using test::TestSpool;

/// A session of an hour ago whose closing the sensor has not sent, and another that it has.
class StaleSessionsTest : public SessionStoreTest {
protected:
    StaleSessionsTest() {
        spool_.append(session_);
        spool_.append(shortSession(2).close());
        spool_.append(session_.close().records().back());
        EXPECT_EQ(send(spool_, {spool_.batch(1, spool_.last() - 1)})->acknowledged_[0],
                  static_cast<std::int64_t>(spool_.last() - 1));
    }
    std::size_t closeStale(Moment before, int most = 100) {
        return store_.closeStale(sensorId_, before, "its sensor has nothing to send", most);
    }
    std::string rows() {
        return database_.ask(
            "SELECT (SELECT string_agg(outcome, ' ' ORDER BY session_id) FROM apiary.session) || '; ' || "
            "(SELECT count(*) FROM apiary.session_open) || ' open, ' || "
            "(SELECT sum(sessions) FROM apiary.rollup_hour_sensor) || ' counted, ' || "
            "(SELECT count(*) FROM apiary.quarantine) || ' aside'");
    }

    RecordedSession session_ = shortSession(1);
    RecordedSession goesOn_ = session_;
    TestSpool spool_{1};
};

TEST_F(StaleSessionsTest, IsClosedAsUnfinishedWithItsReason) {
    EXPECT_EQ(rows(), "finished; 1 open, 1 counted, 0 aside");
    EXPECT_EQ(closeStale(now() - 2h), 0U) << "it began later";
    EXPECT_EQ(store_.closeStale(sensorId_ + 1, now(), "of another sensor", 100), 0U);
    EXPECT_EQ(closeStale(now() - 30min), 1U);
    EXPECT_EQ(rows(), "unfinished finished; 0 open, 2 counted, 0 aside");
    EXPECT_EQ(database_.ask("SELECT reason FROM apiary.session_unfinished"), "its sensor has nothing to send");
    EXPECT_EQ(database_.ask("SELECT packets || ' ' || credentials || ' ' || commands FROM apiary.session "
                            "WHERE outcome = 'unfinished'"),
              "1 1 1");
    EXPECT_EQ(closeStale(now() - 30min), 0U);
    EXPECT_EQ(database_.ask("SELECT apiary.rollup_rebuild(date_trunc('day', now(), 'UTC') - interval '1 day', "
                            "date_trunc('day', now(), 'UTC') + interval '1 day')"),
              "2");
    EXPECT_EQ(rows(), "unfinished finished; 0 open, 2 counted, 0 aside");
}

TEST_F(StaleSessionsTest, ALateClosingWins) {
    ASSERT_EQ(closeStale(now()), 1U);
    send(spool_, {spool_.batch(spool_.last(), spool_.last())});
    EXPECT_EQ(rows(), "finished finished; 0 open, 2 counted, 0 aside");
    EXPECT_EQ(count("session_unfinished"), "0");
    EXPECT_EQ(database_.ask("SELECT sessions FROM apiary.source"), "2");
    EXPECT_EQ(database_.ask("SELECT journal_sha256 = apiary.transcript_digest(session_id) FROM apiary.session WHERE "
                            "session_id = '" +
                            session_.id().text() + "'"),
              "t");
    EXPECT_EQ(database_.ask("SELECT apiary.rollup_rebuild(date_trunc('day', now(), 'UTC') - interval '1 day', "
                            "date_trunc('day', now(), 'UTC') + interval '1 day')"),
              "2");
    EXPECT_EQ(rows(), "finished finished; 0 open, 2 counted, 0 aside");
}

TEST_F(StaleSessionsTest, EvidenceThatStillComesOpensItAgain) {
    ASSERT_EQ(closeStale(now()), 1U);
    TestSpool more(2);
    more.append(goesOn_.received("more\r\n").records().back());
    send(more, {more.all()});
    EXPECT_EQ(rows(), "finished; 1 open, 1 counted, 0 aside");
    EXPECT_EQ(closeStale(now()), 1U);
    EXPECT_EQ(rows(), "unfinished finished; 0 open, 2 counted, 0 aside");
}

TEST_F(StaleSessionsTest, AnotherSensorsClosingIsPutAsideAllTheSame) {
    ASSERT_EQ(closeStale(now()), 1U);
    const Uuid other = TestSpool(78).id();
    addSensor(other, "second");
    TestSpool theirs(3);
    theirs.append(session_.records().back());
    send(theirs, {theirs.all()}, other);
    EXPECT_EQ(rows(), "finished; 1 open, 1 counted, 1 aside");
}

TEST_F(StaleSessionsTest, ClosesTheOldestFirstAndNoMoreThanAsked) {
    for (std::uint64_t random = 3; random <= 6; ++random) {
        TestSpool spool(random);
        spool.append(shortSession(random));
        send(spool, {spool.all()});
    }
    EXPECT_EQ(closeStale(now(), 3), 3U);
    EXPECT_EQ(closeStale(now(), 3), 2U);
    EXPECT_EQ(count("session_open"), "0");
}

}  // namespace
}  // namespace apiary::collector
