#include "collector/rpc/trouble_desk.hpp"

#include <gtest/gtest.h>

#include <map>
#include <stdexcept>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using Time = Trouble::Time;

/// Incidents in memory, which may be away.
class FakeIncidents final : public IncidentStore {
public:
    std::vector<KnownSensor> sensors() override {
        answer();
        return known;
    }
    void readRecent(std::span<const ServiceKey> services, Time, ServiceHistories& into) override {
        answer();
        ++reads;
        for (const auto& service : services) {
            into[service] = history;
        }
    }
    void readGaps(const ServiceKey&, Time, ServiceHistory& into) override {
        answer();
        ++gapReads;
        into.gaps = 500;
        into.longGap = 1min;
    }
    Stored load() override {
        answer();
        ++loads;
        Stored stored;
        for (const auto& [id, incident] : incidents) {
            stored.incidents.push_back(incident);
        }
        return stored;
    }
    void save(IncidentPlan& plan, Time) override {
        answer();
        for (auto& change : plan.changes) {
            if (change.act == IncidentPlan::Act::Opened) {
                change.incident.id = static_cast<std::int64_t>(++opened);
            }
            if (change.act == IncidentPlan::Act::Forgotten) {
                incidents.erase(change.incident.id);
            } else {
                incidents.insert_or_assign(change.incident.id, change.incident);
            }
        }
    }

    bool away = false;
    std::vector<KnownSensor> known{{.sensorId = 1, .name = "roof", .revoked = false, .reportedAt = std::nullopt}};
    ServiceHistory history;
    std::map<std::int64_t, Incident> incidents;
    int opened = 0;
    int reads = 0;
    int gapReads = 0;
    int asked = 0;
    int loads = 0;

private:
    void answer() {
        ++asked;
        if (away) {
            throw std::runtime_error("no database");
        }
    }
};

class TroubleDeskTest : public testing::Test {
protected:
    void report() {
        SensorReport report{
            .sensorId = 1, .arrivedAt = now_, .clockOffsetMs = offset_, .agentVersion = "1", .status = {}};
        auto& ftp = *report.status.add_services();
        ftp.set_name("ftp");
        ftp.set_desired(true);
        ftp.set_actual(v1::ACTUAL_STATE_ON);
        hub_.reportReceived(report);
    }
    void work(Time::duration later = 1s) {
        now_ += later;
        desk_.work(now_);
    }
    std::size_t told() const {
        const auto troubles = hub_.troubles();
        const auto found = troubles.find(1);
        return found == troubles.end() ? 0 : found->second.size();
    }

    Time now_ = std::chrono::sys_days{2026y / 11 / 25} + 12h;
    std::int32_t offset_ = 0;
    FakeIncidents store_;
    FleetHub hub_;
    int notices_ = 0;
    TroubleDesk desk_{store_, hub_, {}, now_, [this] { ++notices_; }};
};

TEST_F(TroubleDeskTest, TellsTheHubAndStoresOneIncident) {
    hub_.sensorConnected(1, "1", now_);
    offset_ = 5000;
    report();
    const auto before = hub_.revision();
    work();
    EXPECT_EQ(told(), 1U);
    EXPECT_NE(hub_.revision(), before);
    EXPECT_EQ(store_.opened, 1);
    EXPECT_EQ(notices_, 1);
    work();
    EXPECT_EQ(store_.opened, 1);
    offset_ = 0;
    report();
    work();
    EXPECT_EQ(told(), 0U);
    EXPECT_FALSE(store_.incidents.at(1).lasting);
    EXPECT_EQ(notices_, 2);
}

TEST_F(TroubleDeskTest, GoesOnWithoutADatabaseAndStoresWhatLasts) {
    hub_.sensorConnected(1, "1", now_);
    report();
    work();
    store_.away = true;
    offset_ = 5000;
    report();
    work();
    EXPECT_EQ(told(), 1U) << "people see it all the same";
    EXPECT_EQ(store_.opened, 0);
    store_.away = false;
    work();
    EXPECT_EQ(store_.opened, 1);
}

TEST_F(TroubleDeskTest, AsksADatabaseThatFailsMoreAndMoreSeldom) {
    store_.away = true;
    for (int second = 0; second < 31; ++second) {
        work();
    }
    EXPECT_EQ(store_.asked, 6) << "after 1, 2, 4, 8 and 8 seconds";
    store_.away = false;
    work(8s);
    work();
    work();
    EXPECT_EQ(store_.loads, 1);
}

TEST_F(TroubleDeskTest, StoresWhatWasWrongWithTheDatabaseWhenItIsBack) {
    work();
    store_.away = true;
    hub_.setOwnTroubles({{.key = {.kind = TroubleKind::Database, .service = {}, .subject = "away"},
                          .sensor = {},
                          .since = now_,
                          .brief = "away",
                          .remedy = "look"}});
    work(10s);
    hub_.setOwnTroubles({});
    store_.away = false;
    work();
    ASSERT_EQ(store_.opened, 1);
    EXPECT_TRUE(store_.incidents.at(1).lasting);
    work();
    EXPECT_FALSE(store_.incidents.at(1).lasting) << "and that it is over";
    work();
    EXPECT_EQ(store_.opened, 1);
    EXPECT_EQ(notices_, 0) << "who tells of it is another";
}

TEST_F(TroubleDeskTest, OpensNoIncidentTwiceAfterARestart) {
    hub_.sensorConnected(1, "1", now_);
    hub_.sensorGone(1, now_);
    work(31s);
    ASSERT_EQ(store_.opened, 1);
    FleetHub hub;
    TroubleDesk next(store_, hub, {}, now_, [this] { ++notices_; });
    store_.known[0].reportedAt = now_ - 1h;
    next.work(now_ + 1s);
    EXPECT_EQ(hub.troubles().at(1).size(), 1U) << "it lasts from the first look";
    EXPECT_EQ(store_.opened, 1);
    EXPECT_EQ(notices_, 1);
}

TEST_F(TroubleDeskTest, ReadsSessionsOnceAMinuteAndGapsSeldom) {
    hub_.sensorConnected(1, "1", now_);
    for (int i = 0; i < 180; ++i) {
        report();
        work();
    }
    EXPECT_EQ(store_.reads, 3);
    EXPECT_EQ(store_.gapReads, 1);
}

TEST_F(TroubleDeskTest, LooksOnWhenTheClockIsSetBack) {
    hub_.sensorConnected(1, "1", now_);
    report();
    work();
    work();
    now_ -= 40 * 24h;
    store_.known.push_back({.sensorId = 2, .name = "yard", .revoked = false, .reportedAt = now_ - 1h});
    for (int i = 0; i < 70; ++i) {
        report();
        work();
    }
    EXPECT_EQ(store_.reads, 3);
    EXPECT_EQ(hub_.troubles().count(2), 1U) << "the other one is seen, and is silent";
    EXPECT_EQ(told(), 0U);
}

TEST_F(TroubleDeskTest, CallsNoServiceSilentWhileTheDatabaseIsAway) {
    hub_.sensorConnected(1, "1", now_);
    store_.history.lastSession = now_;
    report();
    work();
    work();
    store_.away = true;
    for (int i = 0; i < 1200; ++i) {
        report();
        work();
    }
    EXPECT_EQ(told(), 0U);
    store_.away = false;
    for (int i = 0; i < 120; ++i) {
        report();
        work();
    }
    EXPECT_EQ(told(), 1U) << "there was none all the time";
}

}  // namespace
}  // namespace apiary::collector
