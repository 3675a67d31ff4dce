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

/// Records that are none, of that many bytes each.
TestSpool rubbish(std::uint64_t id, int records, std::size_t bytes) {
    TestSpool spool(id);
    for (int i = 0; i < records; ++i) {
        spool.appendRaw(std::string(bytes, '\xff'));
    }
    return spool;
}

TEST_F(QuarantineTest, KeepsNoMoreOfASensorThanItsQuotaAndCountsTheRest) {
    database_.ask("UPDATE apiary.policy SET quarantine_bytes = 5000");
    const TestSpool spool = rubbish(1, 10, 1000);
    const auto peer = send(spool, {spool.batch(1, 3), spool.batch(4, 10)});
    EXPECT_EQ(peer->acknowledged_[0], 10) << "what is not kept is answered for like any other";
    EXPECT_EQ(database_.ask("SELECT string_agg(seq::text, ' ' ORDER BY seq) FROM apiary.quarantine"), "1 2 3 4");
    EXPECT_EQ(
        database_.ask("SELECT records || ' ' || (bytes BETWEEN 4000 AND 5000) || ' ' || dropped_records || ' ' || "
                      "(dropped_bytes BETWEEN 6000 AND 8000) || ' ' || arrived FROM apiary.quarantine_use"),
        "4 true 6 true 10");
    const TestSpool more = rubbish(2, 2000, 1000);
    send(more, {more.batch(1, 1000), more.batch(1001, 2000)});
    EXPECT_EQ(count("quarantine"), "4");
    EXPECT_EQ(database_.ask("SELECT dropped_records || ' ' || arrived FROM apiary.quarantine_use"), "2006 2010");
}

TEST_F(QuarantineTest, TheQuotaOfOneIsNotTheOthers) {
    database_.ask("UPDATE apiary.policy SET quarantine_bytes = 2500");
    const Uuid other = TestSpool(78).id();
    addSensor(other, "second");
    const TestSpool first = rubbish(1, 5, 1000);
    const TestSpool second = rubbish(2, 1, 1000);
    send(first, {first.all()});
    send(second, {second.all()}, other);
    EXPECT_EQ(database_.ask("SELECT string_agg(records || '/' || dropped_records, ' ' ORDER BY sensor_id) FROM "
                            "apiary.quarantine_use"),
              "2/3 1/0");
}

TEST_F(QuarantineTest, WhatIsRemovedMakesRoom) {
    database_.ask("UPDATE apiary.policy SET quarantine_bytes = 2500");
    const TestSpool first = rubbish(1, 5, 1000);
    send(first, {first.all()});
    database_.ask("DELETE FROM apiary.quarantine");
    EXPECT_EQ(database_.ask("SELECT records || ' ' || bytes FROM apiary.quarantine_use"), "0 0");
    const TestSpool second = rubbish(2, 1, 1000);
    send(second, {second.all()});
    EXPECT_EQ(count("quarantine"), "1");
    EXPECT_EQ(database_.ask("SELECT dropped_records FROM apiary.quarantine_use"), "3") << "it happened";
}

}  // namespace
}  // namespace apiary::collector
