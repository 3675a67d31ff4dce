/// How Postfix reads and resolves addresses: expectations from the real one.

#include "agent/protocols/smtp_address.hpp"

#include "agent/protocols/smtp_words.hpp"
#include "common/net/address.hpp"

#include <gtest/gtest.h>

namespace apiary::agent::test {
namespace {

SmtpDestination resolve(const std::string& address, bool unicode = false) {
    return smtpResolve(address, unicode,
                       [](std::string_view domain) { return domain == "localhost" || domain == "[127.0.0.1]"; });
}

TEST(SmtpAddressTest, TakesOffQuotesCommentsAndRoutes) {
    EXPECT_EQ(smtpAddress("<a@b.example>"), "a@b.example");
    EXPECT_EQ(smtpAddress("a@b.example>"), "a@b.example");
    EXPECT_EQ(smtpAddress("<\"a b\"@c.example>"), "a b@c.example");
    EXPECT_EQ(smtpAddress("<(x)a(y)@(z)b.example(w)>"), "a@b.example");
    EXPECT_EQ(smtpAddress("<@x.example,@y.example:a@b.example>"), "a@b.example");
    EXPECT_EQ(smtpAddress("<list:a@b.example;>"), "a@b.example");
    EXPECT_EQ(smtpAddress("Name <a@[192.0.2.1]>"), "a@[192.0.2.1]");
    EXPECT_EQ(smtpAddress("<a\\@b@c.example>"), "a@b@c.example");
    EXPECT_EQ(smtpAddress("<<a b>>"), "ab");
    EXPECT_EQ(smtpAddress("<>"), "");
}

TEST(SmtpAddressTest, RefusesMoreThanOne) {
    EXPECT_EQ(smtpAddress("<a@b.example>,<c@d.example>"), std::nullopt);
    EXPECT_EQ(smtpAddress("<a b>"), std::nullopt);
    EXPECT_EQ(smtpAddress("a,b"), std::nullopt);
}

TEST(SmtpAddressTest, NoSpellingOfAForeignAddressIsOurs) {
    for (const char* address :
         {"x@b.example", "x%b.example", "b.example!x", "x%b.example@localhost", "b.example!x@localhost",
          "x@b.example@localhost", "x@b.example@", "x@b.example@[127.0.0.1]", "a b@b.example@localhost",
          "x%b.example@localhost@localhost", "@localhost:x@b.example", "a b%b.example@localhost"}) {
        const SmtpDestination to = resolve(address);
        EXPECT_TRUE(to.valid) << address;
        EXPECT_FALSE(to.ours) << address;
        EXPECT_EQ(to.domain, "b.example") << address;
    }
}

TEST(SmtpAddressTest, FindsOursBehindRoutes) {
    for (const char* address : {"x", "x@localhost", "x@localhost.", "x%localhost", "localhost!x",
                                "x@localhost@[127.0.0.1]", "x%localhost@localhost", "@b.example:x@localhost"}) {
        const SmtpDestination to = resolve(address);
        EXPECT_TRUE(to.valid && to.ours) << address;
        EXPECT_EQ(to.mailbox, "x") << address;
    }
    EXPECT_EQ(resolve("@localhost").mailbox, "MAILER-DAEMON");
}

TEST(SmtpAddressTest, RefusesDomainsThatCannotBe) {
    for (const char* address : {"x@-b.example", "x@b..example", "x@1.2.3.4", "x@[1.2.3]", "x@[bad]", "x@",
                                "-x@localhost", "x@b.example..", "x@b_.-", "x@\xc3\xa9.example"}) {
        EXPECT_FALSE(resolve(address).valid) << address;
    }
    EXPECT_TRUE(resolve("x@\xc3\xa9.example", true).valid);
    EXPECT_TRUE(resolve("x@a_b.example.").valid);
    EXPECT_TRUE(resolve("x@[IPv6:2001:db8::1]").valid);
}

TEST(SmtpAddressTest, ReadsLiteralsAsTheResolverOfC) {
    const auto meant = [](std::string_view text) {
        const auto address = smtpLiteral(text);
        return address ? addressText(*address) : "none";
    };
    EXPECT_EQ(meant("[127.0.0.01]"), "127.0.0.1");
    EXPECT_EQ(meant("[0127.0.0.010]"), "87.0.0.8");
    EXPECT_EQ(meant("[IPv6:::FFFF:7f00:1]"), "127.0.0.1");
    EXPECT_EQ(meant("[ipv6:2001:DB8:0::1]"), "2001:db8::1");
    for (const char* literal : {"[8.8.8.08]", "[IPv6:1:2:3]", "[IPv6:::1.2.3.04]"}) {
        EXPECT_TRUE(smtpIsLiteral(literal)) << literal;
        EXPECT_EQ(meant(literal), "none") << literal;
    }
    for (const char* literal :
         {"[0.1.2.3]", "[256.0.0.1]", "[1.2.3]", "[1.2.3.]", "[1..2.3]", "[::1]", "[IPv6:1.2.3.4]", "[IPv6::1:2]",
          "[IPv6:1::2::3]", "[IPv6:1:2:3:4:5:6:7:8:9]", "[IPv6:12345::]", "[IPv6:g::]", "[]", "["}) {
        EXPECT_FALSE(smtpIsLiteral(literal)) << literal;
    }
}

TEST(SmtpAddressTest, EndsOnRoutesWithoutEnd) {
    EXPECT_FALSE(resolve(std::string(2000, '@')).valid);
    EXPECT_FALSE(resolve(std::string(1000, '!')).valid);
}

TEST(SmtpWordsTest, KeepsQuotesTogether) {
    const auto words = smtpWords("mail FROM:<a b \"c>\" d>  SIZE=1\0x");
    ASSERT_EQ(words.size(), 4U);
    EXPECT_EQ(words[1].text, "FROM:");
    EXPECT_EQ(words[2].text, "<a b \"c>\" d>");
    EXPECT_EQ(words[3].text, "SIZE=1");
    EXPECT_TRUE(smtpWords("rcpt to:<a").back().open);
}

TEST(SmtpWordsTest, KnowsHeadersFromVerbs) {
    EXPECT_TRUE(smtpIsHeader("Subject:"));
    EXPECT_TRUE(smtpIsHeader("http://a"));
    EXPECT_FALSE(smtpIsHeader(":"));
    EXPECT_FALSE(smtpIsHeader("NOOP"));
}

TEST(SmtpWordsTest, DecodesBase64WithTheComplaintsOfCyrus) {
    std::string decoded;
    EXPECT_EQ(smtpDecode("YWRtaW4=", decoded), SmtpBase64::Good);
    EXPECT_EQ(decoded, "admin");
    for (const char* text : {"!!!!", "AA==AA==", "A===", "AA=A", "YWRtaW4= "}) {
        EXPECT_EQ(smtpDecode(text, decoded), SmtpBase64::Bad) << text;
    }
    for (const char* text : {"=", "*", "admin!", "YWRtaW4"}) {
        EXPECT_EQ(smtpDecode(text, decoded), SmtpBase64::Short) << text;
    }
}

TEST(SmtpWordsTest, ReadsNoUtf8ThatIsNone) {
    EXPECT_TRUE(smtpIsUtf8("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x9d"));
    for (const char* text : {"\xff", "\xc3", "\xc3(", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
        EXPECT_FALSE(smtpIsUtf8(text));
    }
}

}  // namespace
}  // namespace apiary::agent::test
