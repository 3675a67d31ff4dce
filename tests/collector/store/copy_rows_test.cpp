#include "collector/store/copy_rows.hpp"

#include "collector/store/row_copies.hpp"
#include "common/crypto/digest.hpp"
#include "common/net/address.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>
#include <utility>
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

/// How many events each COPY of a transaction has, and the numbers that they have in their session, in order.
std::pair<std::vector<std::size_t>, std::vector<char>> eventsByCopy(std::size_t count) {
    constexpr std::size_t kRow = 2 + 20 + 12 + 8 + 12 + 6 + 6 + 4;  // of an event without bytes
    constexpr std::size_t kSeq = 2 + 20 + 12 + 4 + 3;               // the last byte of its number
    IngestRows rows;
    rows.events.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
        rows.events[i].seq = static_cast<std::int32_t>(i);
    }
    std::pair<std::vector<std::size_t>, std::vector<char>> events;
    for (CopyRows& copy : copiesOf(rows, 1)) {
        std::string all;
        for (std::string_view piece = copy.next(); !piece.empty(); piece = copy.next()) {
            all += piece;
        }
        events.first.push_back(all.size() / kRow);
        for (std::size_t at = 0; at < all.size(); at += kRow) {
            events.second.push_back(all[at + kSeq]);
        }
    }
    return events;
}

TEST(CopyRowsTest, PartsAFewEventsAndKeepsManyTogether) {
    for (const auto& [count, parts] : {std::pair{1, std::vector<std::size_t>{1}},
                                       {400, {400}},
                                       {1000, {334, 334, 332}},
                                       {2000, {334, 334, 334, 334, 334, 330}},
                                       {2001, {2001}}}) {
        const auto [sizes, numbers] = eventsByCopy(static_cast<std::size_t>(count));
        EXPECT_EQ(sizes, parts);
        ASSERT_EQ(numbers.size(), static_cast<std::size_t>(count));
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            ASSERT_EQ(numbers[i], static_cast<char>(i)) << "event " << i;
        }
    }
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
