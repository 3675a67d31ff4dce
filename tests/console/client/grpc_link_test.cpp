#include "console/client/grpc_link.hpp"

#include "tests/console/client/fake_collector.hpp"
#include "tests/support/certificates.hpp"

#include <QElapsedTimer>
#include <QSignalSpy>
#include <QTest>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;
using Kind = LinkState::Kind;

/// A link to a fake collector without TLS, and what it says.
class GrpcLinkTest : public testing::Test {
protected:
    GrpcLink::Settings settings(const FakeCollector& collector) const {
        return {.address = collector.address(),
                .identity = {},
                .channel =
                    [address = collector.address()] {
                        grpc::ChannelArguments arguments;
                        arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
                        return std::static_pointer_cast<grpc::ChannelInterface>(
                            grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
                    },
                .chance = [] { return 0.0; }};
    }

    static bool becomes(const GrpcLink& link, Kind kind) {
        return QTest::qWaitFor([&] { return link.state().kind == kind; }, 10'000);
    }
};

TEST_F(GrpcLinkTest, IsLiveWithTheFirstMessage) {
    FakeCollector collector;
    GrpcLink link(settings(collector));
    QSignalSpy fleet(&link, &CollectorLink::fleetArrived);
    link.start();
    EXPECT_TRUE(becomes(link, Kind::Live));
    EXPECT_EQ(fleet.size(), 1);
}

TEST_F(GrpcLinkTest, AnswersCarryTheNumberOfTheirQuestion) {
    FakeCollector::Answers answers;
    answers.totals = [](const v1::TotalsRequest& request, v1::TotalsReply& reply) {
        reply.set_sessions(request.scope().to_us());
        return grpc::Status::OK;
    };
    FakeCollector collector(answers);
    GrpcLink link(settings(collector));
    link.start();
    ASSERT_TRUE(becomes(link, Kind::Live));
    QSignalSpy totals(&link, &CollectorLink::totalsArrived);
    link.askTotals(41, {.fromUs = 0, .toUs = 7, .sensorIds = {}, .protocols = {}, .traffic = {}});
    ASSERT_TRUE(totals.wait());
    EXPECT_EQ(totals[0][0].toULongLong(), 41U);
    EXPECT_EQ(totals[0][1].value<Totals>().sessions, 7U);
}

TEST_F(GrpcLinkTest, AsksForProbesByToolAndKey) {
    FakeCollector::Answers answers;
    v1::ListProbesRequest asked;
    answers.probes = [&asked](const v1::ListProbesRequest& request, v1::ListProbesReply& reply) {
        asked = request;
        reply.set_probes(3);
        return grpc::Status::OK;
    };
    FakeCollector collector(answers);
    GrpcLink link(settings(collector));
    link.start();
    ASSERT_TRUE(becomes(link, Kind::Live));
    QSignalSpy pages(&link, &CollectorLink::probesArrived);
    const Scope scope{.fromUs = 5, .toUs = 7, .sensorIds = {2}, .protocols = {}, .traffic = {u"self-test"_s}};
    link.askProbes(9, scope, u"masscan"_s, {6, QByteArray(16, 'x')}, 200);
    ASSERT_TRUE(pages.wait());
    EXPECT_EQ(pages[0][0].toULongLong(), 9U);
    EXPECT_EQ(pages[0][1].value<ProbePage>().probes, 3U);
    EXPECT_EQ(asked.tool(), "masscan");
    EXPECT_EQ(asked.scope().from_us(), 5U);
    EXPECT_EQ(asked.scope().sensor_ids(0), 2);
    EXPECT_EQ(asked.scope().traffic(0), "self-test");
    EXPECT_EQ(asked.before_us(), 6U);
    EXPECT_EQ(asked.before_id(), std::string(16, 'x'));
    EXPECT_EQ(asked.limit(), 200U);
}

TEST_F(GrpcLinkTest, AFilterReachesTheCollectorWhole) {
    FakeCollector::Answers answers;
    v1::ListSessionsRequest asked;
    answers.sessions = [&asked](const v1::ListSessionsRequest& request, v1::ListSessionsReply&) {
        asked = request;
        return grpc::Status::OK;
    };
    FakeCollector collector(answers);
    GrpcLink link(settings(collector));
    link.start();
    ASSERT_TRUE(becomes(link, Kind::Live));
    QSignalSpy pages(&link, &CollectorLink::sessionsArrived);
    SessionFilter filter;
    filter.sourceNetwork = u"192.0.2.0/24"_s;
    filter.targetPorts = {23};
    filter.udp = false;
    filter.username = u""_s;
    filter.loginAccepted = true;
    filter.outcomes = {u"reset"_s};
    filter.command = u"busybox #"_s;
    filter.artifact = QByteArray(32, 'a');
    filter.weekHours = {167};
    link.askSessions(
        1, {.fromUs = 1, .toUs = 7, .sensorIds = {3}, .protocols = {u"ftp"_s}, .traffic = {u"known-scanner"_s}}, filter,
        {}, 200);
    ASSERT_TRUE(pages.wait());
    EXPECT_EQ(asked.scope().sensor_ids(0), 3);
    EXPECT_EQ(asked.scope().protocols(0), "ftp");
    EXPECT_EQ(asked.scope().traffic(0), "known-scanner");
    EXPECT_EQ(asked.filter().source_network(), "192.0.2.0/24");
    EXPECT_EQ(asked.filter().target_ports(0), 23U);
    EXPECT_EQ(asked.filter().transports(0), v1::TRANSPORT_TCP);
    EXPECT_TRUE(asked.filter().has_username());
    EXPECT_FALSE(asked.filter().has_secret());
    EXPECT_TRUE(asked.filter().login_accepted());
    EXPECT_EQ(asked.filter().outcomes(0), "reset");
    EXPECT_EQ(asked.filter().command(), "busybox #");
    EXPECT_EQ(asked.filter().artifact().size(), 32U);
    EXPECT_EQ(asked.filter().week_hours(0), 167U);
}

TEST_F(GrpcLinkTest, ARefusalComesInWords) {
    FakeCollector::Answers answers;
    answers.change = [](const v1::SwitchServiceRequest&, v1::SwitchServiceReply&) {
        return grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "switching needs the role operator");
    };
    FakeCollector collector(answers);
    GrpcLink link(settings(collector));
    link.start();
    ASSERT_TRUE(becomes(link, Kind::Live));
    QSignalSpy failed(&link, &CollectorLink::failed);
    link.switchService(5, 1, u"ftp"_s, false);
    ASSERT_TRUE(failed.wait());
    EXPECT_EQ(failed[0][0].toULongLong(), 5U);
    EXPECT_TRUE(failed[0][1].toString().contains(u"role operator"_s));
}

TEST_F(GrpcLinkTest, AQuestionWithoutALinkFailsAfterTheCallerIsBack) {
    FakeCollector collector;
    GrpcLink link(settings(collector));
    QSignalSpy failed(&link, &CollectorLink::failed);
    link.askTotals(3, {});
    EXPECT_TRUE(failed.isEmpty());
    EXPECT_TRUE(failed.wait());
}

TEST_F(GrpcLinkTest, ManyMessagesBecomeFewEventsWithoutLoss) {
    FakeCollector collector;
    GrpcLink link(settings(collector));
    quint64 sessions = 0;
    int events = 0;
    QObject::connect(&link, &CollectorLink::happened, [&](const LiveBatch& batch) {
        sessions += static_cast<quint64>(batch.ended.size()) + batch.notShown;
        ++events;
    });
    v1::LiveBatch batch;
    batch.add_ended()->set_session_id("x");
    constexpr int kMessages = 2000;
    for (int i = 0; i < kMessages; ++i) {
        collector.push(batch);
    }
    link.start();
    EXPECT_TRUE(QTest::qWaitFor([&] { return sessions == kMessages; }, 20'000)) << sessions;
    EXPECT_LE(events, kMessages);
}

TEST_F(GrpcLinkTest, SaysWhenTheCollectorGoesAndComesBackByItself) {
    auto collector = std::make_unique<FakeCollector>();
    const int port = collector->port();
    GrpcLink link(settings(*collector));
    link.start();
    ASSERT_TRUE(becomes(link, Kind::Live));
    collector.reset();
    ASSERT_TRUE(becomes(link, Kind::Lost));
    EXPECT_FALSE(link.state().reason.isEmpty());
    EXPECT_GT(link.state().retryAtUs, link.state().sinceUs);
    const FakeCollector again({}, grpc::InsecureServerCredentials(), port);
    link.retryNow();
    EXPECT_TRUE(becomes(link, Kind::Live));
    EXPECT_EQ(link.state().attempt, 0);
}

TEST_F(GrpcLinkTest, ASilentCollectorIsLost) {
    FakeCollector collector;
    auto with = settings(collector);
    with.silence = std::chrono::milliseconds(150);
    GrpcLink link(with);
    link.start();
    ASSERT_TRUE(becomes(link, Kind::Live));
    ASSERT_TRUE(becomes(link, Kind::Lost));
    EXPECT_TRUE(link.state().reason.contains(u"silent"_s));
}

TEST_F(GrpcLinkTest, ACollectorOfAnotherVersionIsNotTriedAgain) {
    FakeCollector::Answers answers;
    answers.watch = {grpc::StatusCode::UNIMPLEMENTED, ""};
    FakeCollector collector(answers);
    GrpcLink link(settings(collector));
    link.start();
    ASSERT_TRUE(becomes(link, Kind::Unusable));
    EXPECT_EQ(link.state().retryAtUs, 0);
    EXPECT_TRUE(link.state().advice.contains(u"release"_s));
}

TEST_F(GrpcLinkTest, StopsWithinHalfASecondInTheMiddleOfTheStreams) {
    FakeCollector collector;
    GrpcLink link(settings(collector));
    link.start();
    ASSERT_TRUE(becomes(link, Kind::Live));
    QSignalSpy happened(&link, &CollectorLink::stateChanged);
    QElapsedTimer timer;
    timer.start();
    link.stop();
    EXPECT_LT(timer.elapsed(), 500);
    QTest::qWait(50);
    EXPECT_TRUE(happened.isEmpty());
}

/// A collector with certificates, and links that show some of their own.
class GrpcLinkCertificateTest : public GrpcLinkTest {
protected:
    GrpcLink::Settings showing(const TlsIdentity& identity) const {
        return {.address = collector_.address(), .identity = identity, .channel = {}, .chance = [] { return 0.0; }};
    }

    test::TemporaryFolder folder_;
    test::TestAuthority ours_{folder_, "ours"};
    test::TestAuthority theirs_{folder_, "theirs"};
    FakeCollector collector_{{}, *serverCredentials(ours_.issueServer())};
};

TEST_F(GrpcLinkCertificateTest, IsLiveWithACertificateOfTheSameAuthority) {
    GrpcLink link(showing(ours_.issue("operator", "URI:apiary:operator/ann/operator")));
    link.start();
    EXPECT_TRUE(becomes(link, Kind::Live)) << link.state().reason.toStdString();
}

TEST_F(GrpcLinkCertificateTest, NamesTheFileThatIsMissing) {
    TlsIdentity identity = ours_.issue("operator", "URI:apiary:operator/ann/operator");
    identity.key = folder_.path("nobody.key");
    GrpcLink link(showing(identity));
    link.start();
    ASSERT_TRUE(becomes(link, Kind::Certificate));
    EXPECT_TRUE(link.state().reason.contains(u"nobody.key"_s)) << link.state().reason.toStdString();
    EXPECT_EQ(link.state().retryAtUs, 0);
}

TEST_F(GrpcLinkCertificateTest, SaysThatOurCertificateIsExpired) {
    GrpcLink link(showing(
        ours_.issue("old", "URI:apiary:operator/ann/operator", -std::chrono::hours(48), -std::chrono::hours(24))));
    link.start();
    ASSERT_TRUE(becomes(link, Kind::Certificate));
    EXPECT_TRUE(link.state().reason.contains(u"old.crt"_s)) << link.state().reason.toStdString();
}

TEST_F(GrpcLinkCertificateTest, DoesNotBelieveACollectorOfAnotherAuthority) {
    GrpcLink link(showing(theirs_.issue("operator", "URI:apiary:operator/ann/operator")));
    link.start();
    ASSERT_TRUE(becomes(link, Kind::Certificate));
    EXPECT_TRUE(link.state().reason.contains(u"CA did not issue"_s)) << link.state().reason.toStdString();
    EXPECT_TRUE(link.state().advice.contains(u"theirs-ca.crt"_s)) << link.state().advice.toStdString();
}

}  // namespace
}  // namespace apiary::console
