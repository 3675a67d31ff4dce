#include "collector/pki/peer_identity.hpp"

#include "collector/pki/certificate_request.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

const std::chrono::system_clock::time_point kFrom = std::chrono::sys_days{2026y / 11 / 25};

std::string certificateFor(const std::vector<std::string>& names) {
    const auto key = makeKey();
    return pemOf(makeCertificate({"x", names, "clientAuth", kFrom, kFrom + 24h}, key.get(), nullptr, key.get()).get());
}

TEST(PeerIdentityTest, ReadsASensor) {
    const auto identity = identityOf(certificateFor({"URI:apiary:sensor/6f2c1c5e-8a0e-4f6b-9d61-0a2b3c4d5e6f"}));
    ASSERT_TRUE(identity) << identity.error();
    EXPECT_EQ(identity->kind, PeerKind::Sensor);
    EXPECT_EQ(identity->uuid.text(), "6f2c1c5e-8a0e-4f6b-9d61-0a2b3c4d5e6f");
    EXPECT_EQ(identity->notAfter, kFrom + 24h);
}

TEST(PeerIdentityTest, ReadsAnOperatorAndTheRole) {
    const auto identity = identityOf(certificateFor({"DNS:localhost", "URI:apiary:operator/ann.b/analyst"}));
    ASSERT_TRUE(identity) << identity.error();
    EXPECT_EQ(identity->kind, PeerKind::Operator);
    EXPECT_EQ(identity->name, "ann.b");
    EXPECT_EQ(identity->role, Role::Analyst);
}

TEST(PeerIdentityTest, RefusesWhatNamesNobody) {
    for (const auto* name :
         {"DNS:localhost", "URI:apiary:sensor/", "URI:apiary:sensor/6f2c1c5e", "URI:apiary:operator/ann",
          "URI:apiary:operator/ann/root", "URI:apiary:operator//admin", "URI:apiary:operator/ann/admin/x",
          "URI:apiary:operator/ann/Admin", "URI:spiffe:sensor/6f2c1c5e-8a0e-4f6b-9d61-0a2b3c4d5e6f"}) {
        EXPECT_FALSE(identityOf(certificateFor({name}))) << name;
    }
    EXPECT_FALSE(identityOf("no PEM"));
    EXPECT_FALSE(identityOf(""));
}

TEST(PeerIdentityTest, RefusesWhatNamesTwo) {
    EXPECT_FALSE(identityOf(certificateFor({"URI:apiary:operator/ann/viewer", "URI:apiary:operator/ann/admin"})));
}

TEST(PeerIdentityTest, KnowsFourRoles) {
    for (const auto role : {Role::Viewer, Role::Analyst, Role::Operator, Role::Admin}) {
        EXPECT_EQ(*parseRole(roleText(role)), role);
    }
    EXPECT_LT(Role::Viewer, Role::Analyst);
    EXPECT_LT(Role::Operator, Role::Admin);
    const auto unknown = parseRole("root");
    ASSERT_FALSE(unknown);
    EXPECT_NE(unknown.error().find("viewer, analyst, operator or admin"), std::string::npos);
}

}  // namespace
}  // namespace apiary::collector
