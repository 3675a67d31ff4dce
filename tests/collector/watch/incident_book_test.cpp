#include "collector/watch/incident_book.hpp"

#include "collector/watch/notice_text.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using Time = Trouble::Time;

/// A book, told of troubles as time goes by, and the notices that it made.
class IncidentBookTest : public testing::Test {
protected:
    static Trouble silent(std::int32_t sensor = 1) {
        return {.key = {.sensorId = sensor, .kind = TroubleKind::SensorSilent, .service = {}, .subject = {}},
                .sensor = "roof",
                .since = Time(),
                .brief = "silent"};
    }

    /// One look; returns the notices of it: event and how often the trouble began.
    std::string look(const std::vector<Trouble>& troubles, Time::duration later = 1s) {
        now_ += later;
        auto plan = book_.plan(troubles, now_);
        std::string told = plan.heldBack > 0 ? "held-back " + std::to_string(plan.heldBack) + ";" : "";
        for (auto& change : plan.changes) {
            if (change.act == IncidentPlan::Act::Opened) {
                change.incident.id = ++lastId_;
            }
            if (change.notice) {
                told +=
                    std::string(eventText(*change.incident.told)) + " " + std::to_string(change.incident.times) + ";";
            }
        }
        if (!plan.empty()) {
            book_.adopt(plan);
            ++stored_;
        }
        return told;
    }

    Time now_ = std::chrono::sys_days{2026y / 11 / 25} + 12h;
    IncidentBook book_{{.every = 30min, .mostPerHour = 60, .notices = true}};
    std::int64_t lastId_ = 0;
    int stored_ = 0;
};

TEST_F(IncidentBookTest, TellsABeginningAndAnEnd) {
    EXPECT_EQ(look({silent()}), "began 1;");
    EXPECT_EQ(look({silent()}), "");
    EXPECT_EQ(look({}), "ended 1;");
    EXPECT_EQ(look({}), "");
    EXPECT_EQ(stored_, 2);
}

TEST_F(IncidentBookTest, SaysNoMoreOfATroubleThatOnlyLasts) {
    look({silent()});
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(look({silent()}, 1h), "");
    }
    EXPECT_EQ(look({}), "ended 1;");
}

TEST_F(IncidentBookTest, CountsASensorThatComesAndGoesInOneNoticeAnInterval) {
    EXPECT_EQ(look({silent()}), "began 1;");
    EXPECT_EQ(look({}), "ended 1;");
    std::string told;
    for (int i = 0; i < 29; ++i) {
        told += look({silent()}, 30s);
        told += look({}, 30s);
    }
    EXPECT_EQ(told, "");
    EXPECT_EQ(look({silent()}, 60s), "lasts 31;");
    for (int i = 0; i < 29; ++i) {
        told += look({}, 30s);
        told += look({silent()}, 30s);
    }
    EXPECT_EQ(told, "");
    EXPECT_EQ(look({}, 60s), "ended 60;");
    EXPECT_EQ(look({}, 31min), "");
    EXPECT_EQ(lastId_, 1) << "all that is one incident";
    EXPECT_EQ(look({silent()}, 1s), "began 1;");
    EXPECT_EQ(lastId_, 2) << "after an interval of calm it is another";
}

TEST_F(IncidentBookTest, TellsAgainWhatCostsMoreAndMoreOnceAnInterval) {
    auto loss = silent();
    loss.key.kind = TroubleKind::Egress;
    loss.count = 1;
    EXPECT_EQ(look({loss}), "began 1;");
    int notices = 0;
    for (int minute = 0; minute < 95; ++minute) {
        ++loss.count;
        notices += look({loss}, 1min).empty() ? 0 : 1;
    }
    EXPECT_EQ(notices, 3);
}

TEST_F(IncidentBookTest, SaysHowManyItHeldBack) {
    std::vector<Trouble> all;
    for (std::int32_t sensor = 1; sensor <= 100; ++sensor) {
        all.push_back(silent(sensor));
    }
    const auto told = look(all);
    EXPECT_EQ(std::ranges::count(told, ';'), 60);
    EXPECT_EQ(look({}), "") << "the hundred ends are held back too";
    EXPECT_EQ(look({}, 59min), "");
    EXPECT_EQ(look({}, 1min), "held-back 140;");
    EXPECT_EQ(look({}, 1h), "");
    EXPECT_EQ(look({silent()}), "began 1;");
}

TEST_F(IncidentBookTest, GoesOnWhereAnEarlierRunStopped) {
    Incident known{.id = 5, .trouble = silent()};
    known.changed = false;
    known.told = NoticeEvent::Began;
    known.toldAt = now_ - 2h;
    book_.load({known}, {.hourAt = now_, .sent = 60, .held = 3});
    EXPECT_EQ(look({silent()}), "") << "it was told";
    EXPECT_EQ(look({}), "") << "the hour's notices are used up";
    EXPECT_EQ(look({}, 1h), "held-back 4;");
}

TEST_F(IncidentBookTest, ASensorThatMakesUpTroublesDoesNotSilenceTheOthers) {
    const auto madeUp = [](int look) {
        std::vector<Trouble> all;
        for (int i = 0; i < 500; ++i) {
            all.push_back(silent(7));
            all.back().key.kind = TroubleKind::SelfTest;
            all.back().key.service = std::to_string(look) + "." + std::to_string(i);
        }
        return all;
    };
    for (int i = 0; i < 20; ++i) {
        look(madeUp(i));
    }
    EXPECT_EQ(lastId_, static_cast<std::int64_t>(IncidentBook::kMostOfOne));
    auto all = madeUp(20);
    all.push_back(silent(1));
    EXPECT_EQ(look(all), "began 1;") << "of the other one";
    EXPECT_EQ(lastId_, static_cast<std::int64_t>(IncidentBook::kMostOfOne) + 1);
}

TEST_F(IncidentBookTest, GoesOnTellingWhenTheClockIsSetBack) {
    std::vector<Trouble> all;
    for (std::int32_t sensor = 1; sensor <= 100; ++sensor) {
        all.push_back(silent(sensor));
    }
    look(all);
    EXPECT_EQ(
        look({}, -40 * 24h), "held-back 40;" + [] {
            std::string ends;
            for (int i = 0; i < 59; ++i) {
                ends += "ended 1;";
            }
            return ends;
        }());
}

TEST_F(IncidentBookTest, MakesIncidentsWhereNobodyIsTold) {
    IncidentBook quiet{{.every = 30min, .mostPerHour = 60, .notices = false}};
    const std::vector<Trouble> troubles{silent()};
    const auto plan = quiet.plan(troubles, now_);
    ASSERT_EQ(plan.changes.size(), 1U);
    EXPECT_EQ(plan.changes[0].act, IncidentPlan::Act::Opened);
    EXPECT_FALSE(plan.changes[0].notice);
    EXPECT_EQ(plan.allowance.sent, 0U);
}

}  // namespace
}  // namespace apiary::collector
