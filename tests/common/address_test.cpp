#include "common/net/address.hpp"

#include <gtest/gtest.h>

namespace apiary::test {
namespace {

TEST(AddressTest, ReadsAndWritesBothFamilies) {
    EXPECT_EQ(endpointText(*parseEndpoint("127.0.0.1:21")), "127.0.0.1:21");
    EXPECT_EQ(endpointText(*parseEndpoint("[2001:db8::1]:21")), "[2001:db8::1]:21");
}

TEST(AddressTest, LogsWithoutBracketsAndMappedAddressesAsIpv4) {
    EXPECT_EQ(logText(*parseEndpoint("[::1]:21")), "::1:21");
    EXPECT_EQ(logText(*parseEndpoint("[::ffff:192.0.2.1]:21")), "192.0.2.1:21");
}

TEST(AddressTest, SaysWhatIsWrong) {
    EXPECT_NE(parseEndpoint("::1:21").error().find("[::1]:21"), std::string::npos);
    EXPECT_NE(parseEndpoint("localhost:21").error().find("'localhost'"), std::string::npos);
    EXPECT_NE(parseEndpoint("127.0.0.1:65536").error().find("65535"), std::string::npos);
    EXPECT_FALSE(parseEndpoint("127.0.0.1:21x"));
    EXPECT_FALSE(parseEndpoint("127.0.0.1"));
}

}  // namespace
}  // namespace apiary::test
