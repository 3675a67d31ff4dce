#include "agent/uplink/uplink.hpp"

#include "common/log/log.hpp"
#include "common/rpc/grpc_log.hpp"
#include "proto/apiary/v1/session.pb.h"
#include "tests/agent/uplink/fake_collector.hpp"
#include "tests/agent/uplink/fake_spool.hpp"
#include "tests/support/certificates.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace apiary::agent::test {
namespace {

using namespace std::chrono_literals;
using apiary::test::TemporaryFolder;
using apiary::test::TestAuthority;
using Content = FakeCollector::Content;

class FakeServices final : public ServiceControl {
public:
    void apply(const DesiredServices& desired) override {
        applied_.with([&](std::vector<DesiredServices>& all) { all.push_back(desired); });
    }
    std::uint64_t appliedVersion() const override {
        return applied_.with([](const auto& all) { return all.empty() ? 0 : all.back().version; });
    }
    std::vector<ServiceReport> reports() const override { return {}; }

private:
    Guarded<std::vector<DesiredServices>> applied_;
};

/// An uplink on a spool in memory and a collector over mTLS, both in this process.
class UplinkTest : public ::testing::Test {
protected:
    UplinkTest() {
        routeGrpcLog([](std::string_view) {});
    }
    ~UplinkTest() override { end(0ms); }

    UplinkSettings settings() {
        UplinkSettings settings;
        settings.address = collector_.address();
        settings.identity = identity_;
        settings.limits = {.window = 4, .entries = 100, .bytes = 4096, .newLaneFrom = 1000};
        settings.retryLeast = 1ms;
        settings.retryMost = 20ms;
        return settings;
    }

    void begin(UplinkSettings settings) {
        uplink_.emplace(std::move(settings), spool_, services_);
        thread_ = std::thread([this] { uplink_->run(); });
    }
    void begin() { begin(settings()); }

    void end(std::chrono::milliseconds within) {
        if (thread_.joinable()) {
            uplink_->stop(within);
            thread_.join();
        }
    }

    bool arrived(std::uint32_t lane, std::size_t records) {
        return collector_.waitFor([&](const Content& content) {
            const auto found = content.ledger.find(lane);
            return found != content.ledger.end() && found->second == records;
        });
    }

    /// Each of 1..count arrived once, in order.
    void expectAll(std::uint32_t lane, std::size_t count) {
        collector_.with([&](Content& content) {
            const auto& records = content.records[lane];
            ASSERT_EQ(records.size(), count);
            for (std::size_t i = 0; i < count; ++i) {
                ASSERT_EQ(records[i], FakeSpool::body(i + 1));
            }
            EXPECT_EQ(content.faults, std::vector<std::string>{});
        });
    }

    /// Waits for what only the uplink's own view tells; false after 20 s.
    bool viewed(const std::function<bool(const UplinkView&)>& holds) {
        const auto by = std::chrono::steady_clock::now() + 20s;
        while (!holds(uplink_->view()) && std::chrono::steady_clock::now() < by) {
            std::this_thread::yield();
        }
        return holds(uplink_->view());
    }

    std::string reason() {
        viewed([](const UplinkView& view) { return !view.reason.empty(); });
        return uplink_->view().reason;
    }

    TemporaryFolder folder_;
    TestAuthority ca_{folder_, "ours"};
    TlsIdentity identity_ = ca_.issue("sensor", "URI:apiary:sensor/0190a4d2-0000-7000-8000-000000000001");
    FakeCollector collector_{ca_.issueServer()};
    FakeSpool spool_;
    FakeServices services_;
    std::optional<Uplink> uplink_;
    std::thread thread_;
};

TEST_F(UplinkTest, BringsWhatWaitsAndWhatComes) {
    spool_.add(250);
    begin();
    ASSERT_TRUE(arrived(0, 250));
    spool_.add(3);
    ASSERT_TRUE(arrived(0, 253));
    expectAll(0, 253);
    collector_.with([](Content& content) { EXPECT_LE(content.largest, 8192U); });
}

TEST_F(UplinkTest, ShowsWhatItHasSentAndHowTheClocksDiffer) {
    const auto theirs = std::chrono::system_clock::now() - 1h;
    collector_.with([&](Content& content) {
        content.clockUs =
            static_cast<std::uint64_t>(std::chrono::microseconds(theirs.time_since_epoch() / 1us).count());
    });
    spool_.add(250);
    begin();
    ASSERT_TRUE(viewed([](const UplinkView& view) { return view.acknowledgedAt && view.sent == 250; }));
    const UplinkView view = uplink_->view();
    EXPECT_GE(view.batches, 3U);
    EXPECT_EQ(view.connects, 1U);
    EXPECT_GE(*view.clockOffset, 1h - 1ms);
    EXPECT_LT(*view.clockOffset, 61min);
}

TEST_F(UplinkTest, LosesAndDoublesNothingWhenTheStreamIsCut) {
    collector_.with([](Content& content) { content.cutEvery = 3; });
    spool_.add(3000);
    begin();
    ASSERT_TRUE(arrived(0, 3000));
    expectAll(0, 3000);
    collector_.with([](Content& content) { EXPECT_GT(content.hellos.size(), 5U); });
}

TEST_F(UplinkTest, LosesAndDoublesNothingWhenTheCollectorDies) {
    begin();
    for (std::size_t total = 200; total <= 1000; total += 200) {
        spool_.add(200);
        collector_.waitFor([&](const Content& content) { return content.batches > 0; });
        collector_.stop();
        collector_.with([](Content& content) { content.batches = 0; });
        collector_.start();
    }
    ASSERT_TRUE(arrived(0, 1000));
    expectAll(0, 1000);
}

TEST_F(UplinkTest, GoesOnOverTheSameStreamOnceTheSpoolCanBeReadAgain) {
    spool_.add(150);
    begin();
    ASSERT_TRUE(arrived(0, 150));
    spool_.failReads(5);
    spool_.add(150);
    ASSERT_TRUE(arrived(0, 300));
    expectAll(0, 300);
    ASSERT_TRUE(viewed([](const UplinkView& view) { return view.sent == 300; }));
    const UplinkView view = uplink_->view();
    EXPECT_EQ(view.failedReads, 5U);
    EXPECT_EQ(view.unreadable, "");
    EXPECT_EQ(view.connects, 1U);
}

TEST_F(UplinkTest, TellsWhyTheSpoolCannotBeReadAndStaysConnected) {
    spool_.failReads(1'000'000);
    spool_.add(1);
    begin();
    ASSERT_TRUE(viewed([](const UplinkView& view) { return view.failedReads > 2; }));
    EXPECT_EQ(uplink_->view().unreadable, "cannot read the fake spool: Input/output error");
    EXPECT_EQ(uplink_->view().state, UplinkView::State::Connected);
    EXPECT_TRUE(collector_.waitFor([](const Content& content) { return !content.statuses.empty(); }));
}

TEST_F(UplinkTest, SendsNoMoreThanItsWindowWithoutAnAcknowledgement) {
    collector_.with([](Content& content) { content.acknowledges = false; });
    spool_.add(1000);
    UplinkSettings quick = settings();
    quick.statusEvery = 1ms;
    begin(quick);
    ASSERT_TRUE(collector_.waitFor([](const Content& content) {
        return content.batches >= 4 && content.statuses.size() >= 10;  // it had the time to send more
    }));
    collector_.with([](Content& content) { EXPECT_EQ(content.batches, 4U); });
    EXPECT_EQ(spool_.acknowledged(0), 0U);
}

TEST_F(UplinkTest, AcknowledgesToTheSpoolWhatWasCommitted) {
    spool_.add(120);
    begin();
    ASSERT_TRUE(arrived(0, 120));
    end(20s);
    EXPECT_EQ(spool_.acknowledged(0), 120U);
}

TEST_F(UplinkTest, FlushesBeforeItStops) {
    begin();
    ASSERT_TRUE(viewed([](const UplinkView& view) { return view.state == UplinkView::State::Connected; }));
    spool_.add(500);
    end(20s);
    expectAll(0, 500);
}

TEST_F(UplinkTest, StopsAtOnceWithoutACollector) {
    collector_.stop();
    spool_.add(5);
    begin();
    EXPECT_NE(reason(), "");
    const auto began = std::chrono::steady_clock::now();
    end(60s);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 30s);
}

TEST_F(UplinkTest, OpensALaneForNewSessionsWhenFarBehind) {
    spool_.add(1500);
    begin();
    ASSERT_TRUE(arrived(0, 1500));
    EXPECT_EQ(spool_.currentLane(), 1U);
    spool_.add(10);
    ASSERT_TRUE(arrived(1, 10));
    expectAll(0, 1500);
    expectAll(1, 10);
}

TEST_F(UplinkTest, OpensOneLaneHoweverOftenItTriesACollectorThatIsAway) {
    collector_.with([](Content& content) { content.refuses = "not yet"; });
    begin();
    for (std::size_t tries = 1; tries <= 5; ++tries) {
        spool_.add(1500);  // enough for a lane at each try
        ASSERT_TRUE(collector_.waitFor([&](const Content& content) { return content.hellos.size() > 2 * tries; }));
    }
    EXPECT_EQ(spool_.currentLane(), 0U);
    collector_.with([](Content& content) { content.refuses.clear(); });
    ASSERT_TRUE(arrived(0, 7500));
    EXPECT_EQ(spool_.currentLane(), 1U);
    collector_.with([](Content& content) {
        EXPECT_EQ(content.hellos.back().lanes_size(), 2);  // it takes only what was named
    });
}

TEST_F(UplinkTest, FillsWhatTheCollectorForgotWithAGap) {
    spool_.add(50);
    spool_.acknowledge(0, 40);
    spool_.release();
    begin();  // the ledger begins at 0, as after a restored backup
    ASSERT_TRUE(arrived(0, 50));
    collector_.with([](Content& content) {
        EXPECT_EQ(content.faults, std::vector<std::string>{});
        v1::Record record;
        ASSERT_TRUE(record.ParseFromString(content.records[0].at(0)));
        EXPECT_EQ(record.gap().records(), 40U);
    });
}

TEST_F(UplinkTest, SendsAnOldCopyOfTheSpoolUnderANewIdOnly) {
    collector_.with([](Content& content) { content.ledger[0] = 99; });
    spool_.add(5);
    const Uuid before = spool_.id();
    begin();
    ASSERT_TRUE(arrived(0, 5));
    expectAll(0, 5);
    EXPECT_NE(spool_.id(), before);
    collector_.with([&](Content& content) {
        ASSERT_EQ(content.hellos.size(), 2U);
        EXPECT_EQ(content.hellos[0].spool_id(), before.view());
        EXPECT_EQ(content.hellos[1].spool_id(), spool_.id().view());
    });
}

TEST_F(UplinkTest, HandsTheWishOverAndConfirmsIt) {
    collector_.with([](Content& content) {
        content.desired.emplace();
        content.desired->set_version(12);
    });
    begin();
    EXPECT_TRUE(collector_.waitFor([](const Content& content) {
        return !content.statuses.empty() && content.statuses.back().applied_version() == 12;
    }));
}

TEST_F(UplinkTest, TellsOfAChangeWithoutWaitingForTheNextTurn) {
    UplinkSettings slow = settings();
    slow.statusEvery = 1h;
    begin(slow);
    ASSERT_TRUE(collector_.waitFor([](const Content& content) { return content.statuses.size() == 1; }));
    uplink_->statusChanged();
    EXPECT_TRUE(collector_.waitFor([](const Content& content) { return content.statuses.size() == 2; }));
}

TEST_F(UplinkTest, GivesUpACollectorThatDoesNotWelcomeIt) {
    collector_.with([](Content& content) { content.welcomes = false; });
    UplinkSettings hasty = settings();
    hasty.welcomeWithin = 500ms;
    begin(hasty);
    EXPECT_TRUE(collector_.waitFor([](const Content& content) { return content.hellos.size() >= 2; }));
    EXPECT_NE(reason().find("did not answer as a collector"), std::string::npos);
}

TEST_F(UplinkTest, SaysWhyTheCollectorRefusesIt) {
    collector_.with([](Content& content) { content.refuses = "revoked"; });
    begin();
    EXPECT_NE(reason().find("refuses this sensor: revoked"), std::string::npos) << reason();
}

TEST_F(UplinkTest, SaysThatItsOwnCertificateExpired) {
    UplinkSettings expired = settings();
    expired.identity = ca_.issue("expired", "URI:apiary:sensor/x", -2h, -1h);
    begin(expired);
    EXPECT_NE(reason().find("expired on"), std::string::npos) << reason();
}

TEST_F(UplinkTest, ConnectsOnceTheFilesAreThere) {
    UplinkSettings later = settings();
    later.identity.certificate = folder_.path("later.crt");
    spool_.add(1);
    begin(later);
    EXPECT_NE(reason().find("later.crt"), std::string::npos) << reason();
    std::filesystem::copy_file(identity_.certificate, later.identity.certificate);
    EXPECT_TRUE(arrived(0, 1));
}

}  // namespace
}  // namespace apiary::agent::test
