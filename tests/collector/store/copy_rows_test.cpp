#include "collector/store/copy_rows.hpp"

#include "common/crypto/digest.hpp"
#include "common/net/address.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

/// The bytes of a field, in hexadecimal.
template <typename T>
std::string field(const T& value) {
    std::string out;
    appendField(out, value);
    return hexText(out);
}

TEST(CopyRowsTest, EncodesNumbersBigEndian) {
    EXPECT_EQ(field(std::int16_t{-2}), "00000002fffe");
    EXPECT_EQ(field(std::int32_t{0x01020304}), "0000000401020304");
    EXPECT_EQ(field(std::numeric_limits<std::int64_t>::min()), "000000088000000000000000");
    EXPECT_EQ(field(true), "0000000101");
    EXPECT_EQ(field(false), "0000000100");
}

TEST(CopyRowsTest, EncodesTextAndBytesAsTheyAre) {
    EXPECT_EQ(field(std::string_view("ab")), "000000026162");
    EXPECT_EQ(field(Bytes{std::string_view("\0\xff", 2)}), "0000000200ff");
    EXPECT_EQ(field(Bytes{""}), "00000000");
}

TEST(CopyRowsTest, CountsTimeFromTheYear2000) {
    EXPECT_EQ(field(Moment{std::chrono::sys_days{std::chrono::year{2000} / 1 / 1}}), "000000080000000000000000");
    EXPECT_EQ(field(Moment{std::chrono::sys_days{std::chrono::year{2000} / 1 / 1}} + 258us),
              "000000080000000000000102");
    EXPECT_EQ(field(Moment{std::chrono::sys_days{std::chrono::year{2000} / 1 / 1}} - 1us), "00000008ffffffffffffffff");
}

TEST(CopyRowsTest, EncodesAddressesOfBothFamilies) {
    EXPECT_EQ(field(Inet{Endpoint::of({192, 0, 2, 1}, 80)}), "0000000802200004c0000201");
    EXPECT_EQ(field(Inet{*parseAddress("2001:db8::1")}), "000000140380001020010db8000000000000000000000001");
}

TEST(CopyRowsTest, EncodesIdsNullsAndArrays) {
    EXPECT_EQ(field(*Uuid::parse("01020304-0506-7708-890a-0b0c0d0e0f10")), "000000100102030405067708890a0b0c0d0e0f10");
    EXPECT_EQ(field(Null{}), "ffffffff");
    EXPECT_EQ(field(std::optional<std::int16_t>{}), "ffffffff");
    const std::vector<std::string> tags{"a", "bc"};
    EXPECT_EQ(field(TextArray{tags}),
              "0000001f"
              "00000001"
              "00000000"
              "00000019"
              "00000002"
              "00000001"
              "0000000161"
              "000000026263");
    EXPECT_EQ(field(TextArray{{}}), "0000000c000000000000000000000019");
}

TEST(CopyRowsTest, StartsARowWithTheNumberOfItsFields) {
    CopyRows rows("apiary.thing(a, b)", 1, [](CopyRows& out, std::size_t) { out.add(std::int16_t{7}, Null{}); });
    EXPECT_FALSE(rows.empty());
    EXPECT_EQ(hexText(rows.next()), "0002000000020007ffffffff");
    EXPECT_EQ(rows.next(), "");
}

TEST(CopyRowsTest, EncodesARowWhenItsPieceIsAskedFor) {
    const std::string bytes(10'000, 'x');
    std::size_t encoded = 0;
    CopyRows rows("apiary.thing(a)", 5, [&](CopyRows& out, std::size_t number) {
        EXPECT_EQ(number, encoded++);
        out.add(Bytes{bytes});
    });
    EXPECT_EQ(encoded, 0U);
    EXPECT_EQ(rows.next().size(), 2 * (2 + 4 + bytes.size()));
    EXPECT_EQ(encoded, 2U);
    while (!rows.next().empty()) {
    }
    EXPECT_EQ(encoded, 5U);
}

}  // namespace
}  // namespace apiary::collector
