#include "common/text/escape.hpp"

#include <gtest/gtest.h>

namespace apiary::test {
namespace {

std::string everyByte() {
    std::string bytes;
    for (int i = 0; i < 256; ++i) {
        bytes += static_cast<char>(i);
    }
    return bytes;
}

TEST(EscapeTest, KeepsPrintableBytesAndTheComma) {
    EXPECT_EQ(escape("USER a, b~"), "USER a, b~");
}

TEST(EscapeTest, WritesTheRestInLowerCaseHex) {
    EXPECT_EQ(escape(std::string_view("\\\r\n\0\xff\x7f", 6)), "\\\\\\x0d\\x0a\\x00\\xff\\x7f");
}

TEST(EscapeTest, GivesEveryByteBack) {
    EXPECT_EQ(unescape(escape(everyByte())), everyByte());
}

TEST(EscapeTest, FindsWhatIsToBeEscapedAtEveryPlaceOfARun) {
    for (int byte = 0; byte < 256; ++byte) {
        const std::string escaped = escape(std::string(1, static_cast<char>(byte)));
        for (std::size_t place = 0; place < 18; ++place) {
            std::string bytes(18, 'a');
            bytes[place] = static_cast<char>(byte);
            EXPECT_EQ(escape(bytes), std::string(place, 'a') + escaped + std::string(17 - place, 'a'));
        }
    }
}

TEST(EscapeTest, PrintsNothingButPrintableAscii) {
    for (const char c : escape(everyByte())) {
        EXPECT_TRUE(c >= ' ' && c <= '~');
    }
}

TEST(EscapeTest, NeverCutsInsideAnEscape) {
    EXPECT_EQ(escapeCut("ab\xff", 5), "ab");
    EXPECT_EQ(escapeCut("ab\xff", 6), "ab\\xff");
}

TEST(EscapeTest, RefusesWhatItDidNotWrite) {
    EXPECT_FALSE(unescape("a\\"));
    EXPECT_FALSE(unescape("\\x4"));
    EXPECT_FALSE(unescape("\\xzz"));
    EXPECT_FALSE(unescape("tab\t"));
}

}  // namespace
}  // namespace apiary::test
