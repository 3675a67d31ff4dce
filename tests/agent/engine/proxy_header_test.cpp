#include "agent/engine/proxy_header.hpp"

#include "common/net/address.hpp"

#include <gtest/gtest.h>

#include <string>

namespace apiary::agent::test {
namespace {

using namespace std::string_literals;

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;
const std::string kV4 = kSignature + "\x21\x11\0\x0c"s + "\xc0\0\x02\x07\xcb\0\x71\x05\x9c\x40\0\x15"s;

TEST(ProxyHeaderTest, ReadsALineOfVersionOne) {
    ProxyHeader header;
    ASSERT_EQ(parseProxyHeader("PROXY TCP4 192.0.2.7 203.0.113.5 40000 21\r\nUSER", header), ProxyParse::Whole);
    EXPECT_EQ(header.size, 43U);
    EXPECT_EQ(endpointText(*header.source), "192.0.2.7:40000");
    EXPECT_EQ(endpointText(header.target), "203.0.113.5:21");
}

TEST(ProxyHeaderTest, ReadsIpv6InVersionOne) {
    ProxyHeader header;
    ASSERT_EQ(parseProxyHeader("PROXY TCP6 2001:db8::7 2001:db8::5 40000 21\r\n", header), ProxyParse::Whole);
    EXPECT_EQ(endpointText(*header.source), "[2001:db8::7]:40000");
}

TEST(ProxyHeaderTest, ReadsAClientOfIpv4ThatADualProxyWritesAsIpv6) {
    ProxyHeader header;
    ASSERT_EQ(parseProxyHeader("PROXY TCP6 ::ffff:192.0.2.7 ::ffff:203.0.113.5 40000 21\r\n", header),
              ProxyParse::Whole);
    EXPECT_EQ(endpointText(*header.source), "192.0.2.7:40000");
    EXPECT_EQ(endpointText(header.target), "203.0.113.5:21");
    EXPECT_EQ(parseProxyHeader("PROXY TCP6 192.0.2.7 203.0.113.5 40000 21\r\n", header), ProxyParse::Invalid);
}

TEST(ProxyHeaderTest, KnowsAProxyThatSpeaksForItself) {
    ProxyHeader header;
    EXPECT_EQ(parseProxyHeader("PROXY UNKNOWN whatever it is\r\n", header), ProxyParse::Whole);
    EXPECT_FALSE(header.source);
    EXPECT_EQ(parseProxyHeader(kSignature + "\x20\0\0\0"s, header), ProxyParse::Whole);
    EXPECT_FALSE(header.source);
    EXPECT_EQ(header.size, 16U);
}

TEST(ProxyHeaderTest, ReadsVersionTwoAndSkipsExtensions) {
    ProxyHeader header;
    ASSERT_EQ(parseProxyHeader(kV4, header), ProxyParse::Whole);
    EXPECT_EQ(endpointText(*header.source), "192.0.2.7:40000");
    EXPECT_EQ(endpointText(header.target), "203.0.113.5:21");
    std::string extended = kV4 + "\x04\0\0"s;
    extended[15] = 0x0f;
    ASSERT_EQ(parseProxyHeader(extended + "rest", header), ProxyParse::Whole);
    EXPECT_EQ(header.size, 31U);
}

TEST(ProxyHeaderTest, ReadsIpv6InVersionTwo) {
    ProxyHeader header;
    const std::string source = "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x07";
    const std::string target = "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x05";
    ASSERT_EQ(parseProxyHeader(kSignature + "\x21\x21\0\x24"s + source + target + "\x9c\x40\0\x15"s, header),
              ProxyParse::Whole);
    EXPECT_EQ(endpointText(*header.source), "[2001:db8::7]:40000");
    EXPECT_EQ(endpointText(header.target), "[2001:db8::5]:21");
}

TEST(ProxyHeaderTest, WaitsForTheRestWhereverItIsCut) {
    const std::string line = "PROXY TCP4 192.0.2.7 203.0.113.5 40000 21\r\n";
    ProxyHeader header;
    for (const std::string& whole : {line, kV4}) {
        for (std::size_t size = 0; size < whole.size(); ++size) {
            EXPECT_EQ(parseProxyHeader(whole.substr(0, size), header), ProxyParse::Incomplete) << size;
        }
    }
}

TEST(ProxyHeaderTest, RefusesWhatIsNone) {
    ProxyHeader header;
    for (const std::string& bad :
         {"GET / HTTP/1.0\r\n"s, "PROXY TCP4 192.0.2.7 203.0.113.5 40000\r\n"s, "PROXY TCP4 ::1 ::1 1 2\r\n"s,
          "PROXY TCP4 192.0.2.7 203.0.113.5 70000 21\r\n"s, "PROXY TCP4 192.0.2.7 203.0.113.5 1 21 x\r\n"s,
          "PROXY  TCP4 192.0.2.7 203.0.113.5 1 21\r\n"s, "PROXY "s + std::string(200, 'x'),
          kSignature + "\x11\x11\0\x0c"s, kSignature + "\x22\x11\0\x0c"s, kSignature + "\x21\x11\xff\xff"s,
          kSignature + "\x21\x11\0\x01x"s, kSignature + "\x21\x31\0\x01x"s}) {
        EXPECT_EQ(parseProxyHeader(bad, header), ProxyParse::Invalid) << bad;
    }
}

}  // namespace
}  // namespace apiary::agent::test
