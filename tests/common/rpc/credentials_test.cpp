#include "common/rpc/credentials.hpp"

#include "proto/apiary/v1/fleet.grpc.pb.h"
#include "tests/support/certificates.hpp"

#include <grpcpp/create_channel.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <fstream>

namespace apiary::test {
namespace {

using namespace std::chrono_literals;

constexpr auto kSensor = "URI:apiary:sensor/0190a4d2-0000-7000-8000-000000000001";

/// A server over mTLS that implements nothing: a call that gets through is answered with UNIMPLEMENTED.
class CredentialsTest : public ::testing::Test {
protected:
    void serve(const TlsIdentity& identity) {
        auto credentials = serverCredentials(identity);
        ASSERT_TRUE(credentials) << credentials.error();
        grpc::ServerBuilder builder;
        configureServer(builder);
        builder.RegisterService(&service_);
        builder.AddListeningPort("127.0.0.1:0", *credentials, &port_);
        server_ = builder.BuildAndStart();
        ASSERT_NE(server_, nullptr);
    }

    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

    static grpc::Status call(const std::string& address, const TlsIdentity& identity) {
        auto channel = openChannel(address, identity);
        EXPECT_TRUE(channel) << channel.error();
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + 20s);
        v1::FleetState state;
        return v1::Fleet::NewStub(*channel)->ListSensors(&context, {}, &state);
    }

    static std::string explained(const std::string& address, const TlsIdentity& identity) {
        const grpc::Status status = call(address, identity);
        EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE) << status.error_message();
        return explainFailure(address, status.error_message());
    }

    static std::string trouble(const TlsIdentity& identity) {
        const Status status = checkIdentity(identity, std::chrono::system_clock::now());
        return status ? "" : status.error();
    }

    TemporaryFolder folder_;
    TestAuthority ca_{folder_, "ours"};
    TestAuthority other_{folder_, "other"};
    v1::Fleet::Service service_;
    std::unique_ptr<grpc::Server> server_;
    int port_ = 0;
};

TEST_F(CredentialsTest, LetsInWhoHoldsACertificateOfTheSameAuthority) {
    serve(ca_.issueServer());
    EXPECT_EQ(call(address(), ca_.issue("sensor", kSensor)).error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(CredentialsTest, RefusesAClientOfAnotherAuthority) {
    serve(ca_.issueServer());
    TlsIdentity stranger = other_.issue("stranger", kSensor);
    stranger.ca = ca_.file();
    EXPECT_NE(explained(address(), stranger).find("its log says whether it refuses our certificate"),
              std::string::npos);
}

TEST_F(CredentialsTest, ClientRefusesAServerOfAnotherAuthority) {
    serve(other_.issueServer());
    EXPECT_NE(explained(address(), ca_.issue("sensor", kSensor)).find("a certificate that our CA did not issue"),
              std::string::npos);
}

TEST_F(CredentialsTest, ClientRefusesACertificateMadeForAnotherName) {
    serve(ca_.issue("server", "DNS:collector.example"));
    EXPECT_NE(explained(address(), ca_.issue("sensor", kSensor)).find("made for another name"), std::string::npos);
}

TEST_F(CredentialsTest, ExplainsThatNothingListens) {
    serve(ca_.issueServer());
    server_->Shutdown();
    EXPECT_NE(explained(address(), ca_.issue("sensor", kSensor)).find("nothing listens at"), std::string::npos);
}

TEST_F(CredentialsTest, ExplainsAServerWithoutTls) {
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    server_ = builder.BuildAndStart();
    const std::string why = explained(address(), ca_.issue("sensor", kSensor));
    EXPECT_TRUE(why.find("does not speak TLS") != std::string::npos ||
                why.find("closed the connection") != std::string::npos)
        << why;
}

TEST_F(CredentialsTest, FindsNothingWrongWithAGoodIdentity) {
    EXPECT_EQ(trouble(ca_.issue("sensor", kSensor)), "");
}

TEST_F(CredentialsTest, SaysSinceWhenACertificateIsExpired) {
    const std::string why = trouble(ca_.issue("sensor", kSensor, -2h, -1h));
    EXPECT_NE(why.find("expired on 20"), std::string::npos) << why;
    EXPECT_NE(why.find("sensor.crt"), std::string::npos) << why;
}

TEST_F(CredentialsTest, SaysThatACertificateIsNotValidYet) {
    const std::string why = trouble(ca_.issue("sensor", kSensor, 1h, 2h));
    EXPECT_NE(why.find("this machine's clock says"), std::string::npos) << why;
}

TEST_F(CredentialsTest, SaysThatAKeyBelongsToAnotherCertificate) {
    TlsIdentity identity = ca_.issue("sensor", kSensor);
    identity.key = ca_.issue("second", kSensor).key;
    EXPECT_NE(trouble(identity).find("does not belong to the certificate"), std::string::npos);
}

TEST_F(CredentialsTest, SaysThatAnotherAuthorityIssuedACertificate) {
    TlsIdentity identity = other_.issue("sensor", kSensor);
    identity.ca = ca_.file();
    EXPECT_NE(trouble(identity).find("was not issued by the CA"), std::string::npos);
}

TEST_F(CredentialsTest, NamesAFileThatIsNotThere) {
    TlsIdentity identity = ca_.issue("sensor", kSensor);
    identity.key = folder_.path("gone.key");
    const std::string why = channelCredentials(identity).error();
    EXPECT_NE(why.find("gone.key': No such file"), std::string::npos) << why;
    EXPECT_EQ(serverCredentials(identity).error(), why);
    EXPECT_EQ(trouble(identity), why);
}

TEST_F(CredentialsTest, NamesAFileThatIsNotPem) {
    TlsIdentity identity = ca_.issue("sensor", kSensor);
    std::ofstream(identity.certificate) << "hello\n";
    EXPECT_NE(trouble(identity).find("sensor.crt' is not a PEM file"), std::string::npos);
}

}  // namespace
}  // namespace apiary::test
