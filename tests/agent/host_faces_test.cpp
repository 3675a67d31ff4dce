#include "agent/host_faces.hpp"

#include "common/net/address.hpp"

#include <gtest/gtest.h>

namespace apiary::agent::test {
namespace {

/// What a host is made with.
struct Seen final : Prepared {
    std::string name;
    std::uint64_t seed = 0;
};

constexpr Setting kSettings[] = {{"hostname", "none", "shown"}};

Preparation::Outcome see(const Settings& settings, std::uint64_t seed) {
    auto seen = std::make_shared<Seen>();
    seen->name = settings.at("hostname");
    seen->seed = seed;
    return std::shared_ptr<const Prepared>(std::move(seen));
}

constexpr Module kSeeing{"seeing", Transport::Stream, true, {}, kSettings, see, nullptr};

Endpoint at(std::string_view text) {
    return *parseEndpoint(text);
}

class ServiceFacesTest : public testing::Test {
protected:
    ServiceFacesTest() {
        plan_.services = {{"a", {{21, 21}}, 61'000, 1}, {"b", {{80, 80}}, 61'001, 2}};
        plan_.personas = {{"server", {0, 1}, OtherPorts::Closed, {}, true, "srv%%%%%%", 3}};
        plan_.ranges = {{*parseRange("10.9.0.0/16"), 0, 4}};
    }

    ServiceFaces faces(std::uint64_t sensorSeed = 7, const std::string& service = "a") const {
        return {std::make_shared<const HostPlan>(plan_), service,    kSeeing,
                {{{"hostname", "{host}.example"}}, {}},  sensorSeed, 4};
    }

    static const Seen& seen(const HostFace& face) { return static_cast<const Seen&>(*face.prepared); }

    HostPlan plan_;
};

TEST_F(ServiceFacesTest, PlaysWhereItIsPlayed) {
    const ServiceFaces ftp = faces();
    EXPECT_TRUE(ftp.covers(at("10.9.200.3:21")));
    EXPECT_FALSE(ftp.covers(at("10.9.200.3:80")));
    EXPECT_FALSE(ftp.covers(at("10.8.200.3:21")));
}

TEST_F(ServiceFacesTest, MakesEachHostItsOwnAndTheSameAgain) {
    const ServiceFaces one = faces();
    const ServiceFaces restarted = faces();
    const HostFace first = one.face(at("10.9.0.1:21"));
    const HostFace second = one.face(at("10.9.0.2:21"));
    EXPECT_EQ(first.persona, "server");
    EXPECT_NE(seen(first).name, seen(second).name);
    EXPECT_NE(seen(first).seed, seen(second).seed);
    EXPECT_TRUE(seen(first).name.starts_with("srv") && seen(first).name.ends_with(".example")) << seen(first).name;
    EXPECT_EQ(seen(restarted.face(at("10.9.0.1:21"))).name, seen(first).name);
    EXPECT_EQ(seen(restarted.face(at("10.9.0.1:21"))).seed, seen(first).seed);
}

TEST_F(ServiceFacesTest, IsOneHostForAllItsServices) {
    const HostFace a = faces(7, "a").face(at("10.9.0.1:21"));
    const HostFace b = faces(7, "b").face(at("10.9.0.1:80"));
    EXPECT_EQ(seen(a).seed, seen(b).seed);
    EXPECT_EQ(seen(a).name, seen(b).name);
}

TEST_F(ServiceFacesTest, KeepsTheLastHostsOnly) {
    const ServiceFaces ftp = faces();
    const auto first = ftp.face(at("10.9.0.1:21")).prepared;
    EXPECT_EQ(ftp.face(at("10.9.0.1:21")).prepared, first) << "kept";
    for (int i = 2; i < 6; ++i) {
        ftp.face(at("10.9.0." + std::to_string(i) + ":21"));
    }
    const auto again = ftp.face(at("10.9.0.1:21")).prepared;
    EXPECT_NE(again, first) << "made anew";
    EXPECT_EQ(static_cast<const Seen&>(*again).name, static_cast<const Seen&>(*first).name);
}

}  // namespace
}  // namespace apiary::agent::test
