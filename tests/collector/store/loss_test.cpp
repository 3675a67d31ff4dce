#include "tests/collector/store/session_store_fixture.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using test::TestSpool;

/// What sensors say they have lost.
class LossTest : public SessionStoreTest {};

TEST_F(LossTest, KeepsALossAsARow) {
    TestSpool spool(1);
    v1::Gap gap;
    gap.set_what("restore");
    gap.set_records(40);
    gap.set_reason("acknowledged before the database was set back");
    spool.appendGap(40, gap);
    spool.append(shortSession().close());
    send(spool, {spool.all()});
    EXPECT_EQ(database_.ask("SELECT first_seq || '..' || last_seq || ' ' || what || ' ' || records FROM apiary.gap"),
              "1..40 restore 40");
    EXPECT_EQ(count("session"), "1");
}

TEST_F(LossTest, KeepsWhichTextLogsASensorRemoved) {
    TestSpool spool(1);
    v1::Gap gap;
    gap.set_what("journal");
    gap.set_records(12);
    gap.set_bytes(3456);
    gap.set_reason("text logs removed by the journal's budget: 12 for files");
    spool.appendGap(1, gap);
    send(spool, {spool.all()});
    EXPECT_EQ(database_.ask("SELECT what || ' ' || records || ' ' || bytes FROM apiary.gap"), "journal 12 3456");
    EXPECT_EQ(count("quarantine"), "0");
}

TEST_F(LossTest, ClosesAsUnfinishedWhatWasOpenAtASensorThatLostItsSpool) {
    TestSpool lost(1);
    lost.append(shortSession());
    send(lost, {lost.all()});
    ASSERT_EQ(count("session_open"), "1");

    TestSpool next(2);
    v1::Gap gap;
    gap.set_what("spool");
    gap.set_from_us(static_cast<std::uint64_t>(now().time_since_epoch().count()));
    gap.set_to_us(gap.from_us());
    gap.set_reason("the spool's file was gone or empty");
    next.appendGap(1, gap);
    next.append(shortSession(2).close());
    send(next, {next.all()});
    EXPECT_EQ(count("session_open"), "0");
    EXPECT_EQ(
        database_.ask("SELECT string_agg(concat_ws(' ', outcome, bytes_in, bytes_out, packets, events, credentials, "
                      "commands, ended_at >= started_at), ', ' ORDER BY outcome DESC) FROM apiary.session"),
        "unfinished 8 11 1 2 1 1 t, " +
            database_.ask("SELECT concat_ws(' ', outcome, bytes_in, bytes_out, packets, "
                          "events, credentials, commands, true) FROM apiary.session WHERE outcome <> 'unfinished'"));
    EXPECT_EQ(database_.ask("SELECT sum(sessions) FROM apiary.rollup_hour_protocol"), "2");
}

TEST_F(LossTest, TellsWhichNumbersOfALostSpoolHaveNotCome) {
    TestSpool lost(1);
    lost.append(shortSession().close());
    send(lost, {lost.all()});
    const std::uint64_t came = lost.last();

    TestSpool next(2);
    const auto tell = [&](const Uuid& spool, std::uint32_t lane, std::uint64_t kept, std::uint64_t last, bool exact) {
        v1::Gap gap;
        gap.set_what("spool");
        gap.set_reason("the spool's file was gone or empty");
        gap.mutable_lost()->set_spool_id(std::string(spool.view()));
        gap.mutable_lost()->set_lane(lane);
        gap.mutable_lost()->set_kept(kept);
        gap.mutable_lost()->set_last(last);
        gap.mutable_lost()->set_exact(exact);
        next.appendGap(1, gap);
    };
    tell(lost.id(), 0, 0, came + 40, true);
    tell(lost.id(), 0, came + 10, came + 40, true);  // which an old copy has
    tell(lost.id(), 1, 0, 7, true);                  // of which nothing has come
    tell(lost.id(), 0, 0, came, true);               // all has come
    tell(lost.id(), 0, 0, 1, false);                 // more than the sensor knew of
    tell(TestSpool(3).id(), 0, 0, 5, true);
    tell(lost.id(), 0, 0, std::uint64_t{1} << 41U, true);
    tell(lost.id(), 0, 5, 4, true);
    send(next, {next.all()});
    const auto line = [](std::uint64_t first, std::uint64_t last, const char* sure) {
        return std::to_string(first) + ".." + std::to_string(last) + " " + std::to_string(last + 1 - first) + sure;
    };
    EXPECT_EQ(database_.ask("SELECT string_agg(lost_first_seq || '..' || lost_last_seq || ' ' || records || "
                            "lost_exact::text, ',' ORDER BY first_seq) FROM apiary.gap WHERE lost_stream_id = '" +
                            lost.id().text() + "'"),
              line(came + 1, came + 40, "true") + "," + line(came + 11, came + 40, "true") + "," + line(1, 7, "true") +
                  "," + line(came + 1, came, "true") + "," + line(came + 1, came, "false"));
    EXPECT_EQ(database_.ask("SELECT records FROM apiary.gap WHERE lost_stream_id <> '" + lost.id().text() + "'"), "5");
    EXPECT_EQ(count("quarantine"), "2");
}

TEST_F(LossTest, LeavesOpenWhatBeganAfterTheLossOfASpoolOrAtAnotherSensor) {
    TestSpool spool(1);
    spool.append(shortSession());
    v1::Gap gap;
    gap.set_what("spool");
    gap.set_reason("the spool's file was gone or empty");
    gap.set_from_us(static_cast<std::uint64_t>((now() - 2h).time_since_epoch().count()));
    spool.appendGap(1, gap);
    gap.set_records(1);  // one damaged record of a spool that is there
    gap.set_from_us(static_cast<std::uint64_t>(now().time_since_epoch().count()));
    spool.appendGap(1, gap);
    send(spool, {spool.all()});
    EXPECT_EQ(count("session_open") + count("session"), "10");
}

TEST_F(LossTest, TellsASensorNothingOfWhatAnotherHasSent) {
    Uuid second;
    second.bytes[0] = 2;
    addSensor(second, "second");
    TestSpool others(1);
    others.append(shortSession().close());
    send(others, {others.all()}, second);
    TestSpool spool(2);
    v1::Gap gap;
    gap.set_what("spool");
    gap.set_reason("the spool's file was gone or empty");
    gap.mutable_lost()->set_spool_id(std::string(others.id().view()));
    gap.mutable_lost()->set_last(1000);
    spool.appendGap(1, gap);
    send(spool, {spool.all()});
    EXPECT_EQ(database_.ask("SELECT lost_first_seq || ' ' || records FROM apiary.gap"), "1 1000");
}

}  // namespace
}  // namespace apiary::collector
