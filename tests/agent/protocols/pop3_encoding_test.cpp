#include "agent/protocols/pop3_encoding.hpp"

#include <gtest/gtest.h>

namespace apiary::agent {
namespace {

TEST(Pop3EncodingTest, DigestsTheExamplesOfRfc1321) {
    EXPECT_EQ(pop3Md5(""), "d41d8cd98f00b204e9800998ecf8427e");
    EXPECT_EQ(pop3Md5("abc"), "900150983cd24fb0d6963f7d28e17f72");
    EXPECT_EQ(pop3Md5("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
              "d174ab98d277d9f5a5611c2c9f419d9f");
    EXPECT_EQ(pop3Md5("12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
              "57edf4a22be3c955ac49da2e2107b67a");
}

TEST(Pop3EncodingTest, DigestsTheExampleOfRfc1939) {
    EXPECT_EQ(pop3Md5("<1896.697170952@dbc.mtview.ca.us>tanstaaf"), "c4c9334bac560ecc979e58001b3e22fb");
}

TEST(Pop3EncodingTest, EncodesAndDecodesEveryLength) {
    std::string bytes;
    for (int i = 0; i < 300; ++i) {
        EXPECT_EQ(pop3Base64Decode(pop3Base64Encode(bytes)), bytes);
        bytes += static_cast<char>(i * 7);
    }
    EXPECT_EQ(pop3Base64Encode("admin"), "YWRtaW4=");
}

TEST(Pop3EncodingTest, SkipsBlanksAsTheRealServerDoes) {
    EXPECT_EQ(pop3Base64Decode(" YWRt aW4=\t"), "admin");
}

TEST(Pop3EncodingTest, RefusesWhatIsNotBase64) {
    for (const char* text : {"YWRtaW4", "YWRtaW4==", "YWRtaW4=x", "=", "Y===", "YWRt=", "YW!t", "Y", "-_AA"}) {
        EXPECT_EQ(pop3Base64Decode(text), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace apiary::agent
