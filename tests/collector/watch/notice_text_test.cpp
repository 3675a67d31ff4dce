#include "collector/watch/notice_text.hpp"

#include <gtest/gtest.h>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

TEST(NoticeTextTest, SaysEverythingOfATroubleInOneLine) {
    Incident incident{
        .id = 7,
        .trouble = {.key = {.sensorId = 3, .kind = TroubleKind::OneSource, .service = "ftp", .subject = {}},
                    .sensor = "roof",
                    .severity = Severity::Warning,
                    .since = std::chrono::sys_days{2026y / 11 / 25} + 12h,
                    .brief = "all is one",
                    .remedy = "look"}};
    incident.told = NoticeEvent::Ended;
    incident.lasting = false;
    incident.times = 2;
    incident.endedAt = std::chrono::sys_days{2026y / 11 / 25} + 13h;
    EXPECT_EQ(noticeJson(incident, "home"),
              R"({"apiary":1,"event":"ended","collector":"home","incident":7,"kind":"one-source","sensor":"roof",)"
              R"("sensor_id":3,"service":"ftp","subject":"","severity":2,"since":"2026-11-25T12:00:00.000Z","times":2,)"
              R"("lasting":false,"count":0,"ended":"2026-11-25T13:00:00.000Z",)"
              R"j("text":"Over: roof, service ftp: all is one (it began 2 times)"})j");
}

TEST(NoticeTextTest, WritesJsonWhateverATextHolds) {
    Incident incident;
    incident.trouble.sensor = "a\"b\\c\n\x7f\xff";
    EXPECT_NE(noticeJson(incident, "home").find(R"("sensor":"a\"b\\c\u000a\u007f\u00ff")"), std::string::npos);
}

TEST(NoticeTextTest, SaysHowManyWereHeldBack) {
    EXPECT_EQ(heldBackJson(12, 3, "home"),
              R"({"apiary":1,"event":"held-back","collector":"home","held":12,"lasting":3,)"
              R"("text":"12 notices of the last hour were held back, 3 troubles last: see the Fleet page"})");
}

}  // namespace
}  // namespace apiary::collector
