#include "tests/collector/store/session_store_fixture.hpp"

#include <stdexcept>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using test::RecordedSession;
using test::TestSpool;
using QuarantineTest = SessionStoreTest;

/// The store, with a bug: rows of a packet that says so throw.
class FaultyStore final : public SessionSink {
public:
    explicit FaultyStore(SessionStore& store) : store_(store) {}

    std::variant<Admission, Refusal> admit(const Uuid& sensor, const Uuid& stream,
                                           std::span<const std::int16_t> lanes) override {
        return store_.admit(sensor, stream, lanes);
    }
    std::optional<std::int64_t> position(std::int32_t sensorId, const Uuid& stream, std::int16_t lane) override {
        return store_.position(sensorId, stream, lane);
    }
    SessionOwners findOpen(std::span<const Uuid> sessions) override { return store_.findOpen(sessions); }
    std::vector<Uuid> findEnded(std::span<const Uuid> sessions) override { return store_.findEnded(sessions); }
    OpenCounts countOpen(std::span<const std::int32_t> sensors) override { return store_.countOpen(sensors); }
    Window window(Moment now) override { return store_.window(now); }
    WriteOutcome write(IngestRows& rows) override {
        for (const EventRow& row : rows.events) {
            if (row.bytes == "bug") {
                throw std::out_of_range("basic_string::substr");
            }
        }
        return store_.write(rows);
    }

private:
    SessionStore& store_;
};

TEST_F(QuarantineTest, PutsAsideWhatTheDatabaseRefusesAndKeepsTheRest) {
    TestSpool spool(1);
    RecordedSession session = shortSession();
    spool.append(session);
    spool.append(session.records()[1]);  // the same number in the session once more
    spool.append(session.close().records().back());
    spool.append(shortSession(2).close());
    const auto peer = send(spool, {spool.all()});
    EXPECT_EQ(peer->acknowledged_[0], static_cast<std::int64_t>(spool.last()));
    EXPECT_EQ(count("session") + count("event"), "24");
    EXPECT_EQ(database_.ask("SELECT seq || ' ' || sqlstate FROM apiary.quarantine"), "6 23505");
    EXPECT_EQ(database_.ask("SELECT sum(sessions) FROM apiary.rollup_5m_protocol"), "2");
}

TEST_F(QuarantineTest, PutsAsideWhatATriggerOfTheSiteRefuses) {
    database_.ask(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not here'; END $$; "
        "CREATE TRIGGER refuse BEFORE INSERT ON apiary.event FOR EACH ROW WHEN (NEW.bytes = 'bad') "
        "EXECUTE FUNCTION refuse()");
    TestSpool spool(1);
    spool.append(shortSession(1).received("bad").close());
    spool.append(shortSession(2).close());
    const auto peer = send(spool, {spool.all()});
    EXPECT_EQ(peer->acknowledged_[0], static_cast<std::int64_t>(spool.last()));
    EXPECT_EQ(count("session") + count("event"), "24");
    EXPECT_EQ(database_.ask("SELECT seq || ' ' || sqlstate || ' ' || reason FROM apiary.quarantine"),
              "6 P0001 ERROR:  not here");
}

TEST_F(QuarantineTest, PutsAsideTheOneRecordAtWhichAnExceptionIsThrown) {
    FaultyStore faulty(store_);
    TestSpool spool(1);
    spool.append(shortSession(1).close());
    spool.append(shortSession(2).received("bug").close());
    spool.append(shortSession(3).close());
    IngestHub hub(faulty, feed_, now, {});
    auto peer = std::make_shared<StorePeer>();
    hub.hello(peer, sensor_, spool.id(), {0});
    hub.submit(peer, {.sensorId = sensorId_, .stream = spool.id(), .positions = {}}, 0,
               std::make_unique<v1::Batch>(spool.all()));
    hub.stop();
    hub.run();
    EXPECT_EQ(peer->acknowledged_[0], static_cast<std::int64_t>(spool.last()));
    EXPECT_EQ(count("session") + count("event"), "36");
    EXPECT_EQ(database_.ask("SELECT seq || ' ' || reason FROM apiary.quarantine"),
              "12 no rows can be made of it: basic_string::substr");
}

TEST_F(QuarantineTest, LeavesNoSessionOpenWhoseClosingIsAside) {
    database_.ask("ALTER TABLE apiary.session ADD CONSTRAINT of_the_site CHECK (outcome <> 'finished')");
    TestSpool spool(1);
    RecordedSession refused = shortSession(1);
    RecordedSession flawed({.start = now() - 1h, .random = 2});
    spool.append(refused);
    spool.append(flawed);
    const std::uint64_t half = spool.last();
    send(spool, {spool.all()});
    ASSERT_EQ(count("session_open"), "2");
    spool.append(refused.close().records().back());
    v1::Record early = flawed.close().records().back();
    early.mutable_closed()->set_ended_at_us(1);
    spool.append(early);
    send(spool, {spool.batch(half + 1, spool.last())});
    EXPECT_EQ(count("session_open") + count("session"), "00");
    EXPECT_EQ(database_.ask("SELECT string_agg(sqlstate || ' ' || reason, '; ' ORDER BY seq) FROM apiary.quarantine")
                  .substr(0, 5),
              "23514");
    EXPECT_EQ(count("quarantine"), "2");
}

TEST_F(QuarantineTest, PutsAsideWhatIsNoRecord) {
    TestSpool spool(1);
    spool.appendRaw("\xff\xff not a record");
    spool.append(shortSession().close());
    send(spool, {spool.all()});
    EXPECT_EQ(database_.ask("SELECT reason || ' ' || length(record) FROM apiary.quarantine"), "not a record 15");
    EXPECT_EQ(count("session"), "1");
}

TEST_F(QuarantineTest, PutsAsideSessionsOutsideTheWindow) {
    TestSpool spool(1);
    spool.append(RecordedSession({.start = now() - 100 * 24h, .random = 1}).close());
    spool.append(RecordedSession({.start = now() + 50h, .random = 2}).close());
    spool.append(RecordedSession({.start = now() - 80 * 24h, .random = 3}).close());
    send(spool, {spool.all()});
    EXPECT_EQ(database_.ask("SELECT count(*) || ' ' || min(reason) FROM apiary.quarantine"),
              "4 time outside the window");
    EXPECT_EQ(count("session"), "1");
}

TEST_F(QuarantineTest, PutsAsideWhatBelongsToAnotherSensorsSession) {
    const Uuid other = TestSpool(78).id();
    addSensor(other, "second");
    TestSpool mine(1);
    RecordedSession session = shortSession();
    mine.append(session);
    send(mine, {mine.all()});
    TestSpool theirs(2);
    theirs.append(RecordedSession({.start = now() - 1h, .random = 1}).received("forged").records().back());
    v1::Record forged = session.records()[1];
    theirs.append(forged);
    theirs.append(session.close().records().back());
    send(theirs, {theirs.all()}, other);
    EXPECT_EQ(database_.ask("SELECT string_agg(DISTINCT reason, '; ' ORDER BY reason) FROM apiary.quarantine"),
              "its session is not open; session of another sensor");
    EXPECT_EQ(count("session") + count("session_open") + count("event"), "012");
}

}  // namespace
}  // namespace apiary::collector
