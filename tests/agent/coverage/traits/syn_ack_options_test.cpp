#include "agent/coverage/traits/syn_ack_options.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <numeric>
#include <sstream>

namespace apiary::agent::test {
namespace {

using Bytes = std::vector<std::uint8_t>;

/// A TCP header with these options, as this kernel writes a SYN-ACK.
Bytes header(const Bytes& options) {
    Bytes bytes(20);
    bytes[12] = static_cast<std::uint8_t>((20 + options.size()) / 4 << 4U);
    bytes.insert(bytes.end(), options.begin(), options.end());
    return bytes;
}

Bytes join(std::initializer_list<Bytes> parts) {
    Bytes all;
    for (const Bytes& part : parts) {
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

const Bytes kMss{2, 4, 0x05, 0xb4};
const Bytes kNops{1, 1};
const Bytes kSack{4, 2};
const Bytes kStamps{8, 10, 11, 12, 13, 14, 21, 22, 23, 24};
const Bytes kScale{1, 3, 3, 8};

/// "@th,192,16" as a place in the header.
std::pair<std::size_t, std::size_t> place(const std::string& word) {
    std::size_t bits = 0;
    std::size_t length = 0;
    char comma = 0;
    std::istringstream(word.substr(4)) >> bits >> comma >> length;
    return {bits / 8, length / 8};
}

/// What nft would make of the header: the match of a rule, word by word, then its changes.
bool apply(const std::string& rule, Bytes& bytes) {
    std::istringstream in(rule);
    const std::vector<std::string> words{std::istream_iterator<std::string>(in), {}};
    if (words.at(0) != "tcp" || words.at(1) != "doff" || std::stoul(words.at(2)) != bytes[12] >> 4U) {
        return false;
    }
    for (std::size_t i = 3; i < words.size(); i += words[i + 1] == "set" ? 3 : 2) {
        const auto [at, length] = place(words[i]);
        const bool sets = words[i + 1] == "set";
        const std::string& value = words[i + (sets ? 2 : 1)];
        Bytes content(length);
        if (value.starts_with('@')) {
            const auto [from, size] = place(value);
            EXPECT_EQ(size, length);
            std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(from), length, content.begin());
        } else {
            const auto number = std::stoul(value, nullptr, 16);
            for (std::size_t each = 0; each < length; ++each) {
                content[each] = static_cast<std::uint8_t>(number >> 8 * (length - 1 - each));
            }
        }
        EXPECT_LE(at + length, bytes.size());
        if (!sets && !std::equal(content.begin(), content.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at))) {
            return false;
        }
        std::ranges::copy(content, bytes.begin() + static_cast<std::ptrdiff_t>(at));
    }
    return true;
}

/// The options after all rules of traits that list these; says too if the checksum would be another.
Bytes after(const std::vector<TcpOption>& order, const Bytes& options) {
    PacketTraits traits;
    traits.options = order;
    traits.windowScale = 8;
    Bytes bytes = header(options);
    const auto sum = [&] {
        unsigned total = 0;
        for (std::size_t i = 0; i < bytes.size(); i += 2) {
            total += static_cast<unsigned>(bytes[i] << 8U | bytes[i + 1]);
        }
        return total % 0xffff;
    };
    const unsigned before = sum();
    int applied = 0;
    for (const std::string& rule : optionOrderRules(traits)) {
        applied += apply(rule, bytes) ? 1 : 0;
    }
    EXPECT_LE(applied, 1) << "a packet is changed once";
    EXPECT_EQ(sum(), before) << "the checksum stays right";
    return {bytes.begin() + 20, bytes.end()};
}

constexpr auto kM = TcpOption::Mss;
constexpr auto kW = TcpOption::WindowScale;
constexpr auto kS = TcpOption::SackPermitted;
constexpr auto kT = TcpOption::Timestamps;

TEST(SynAckOptionsTest, HaveTheKernelsOrderWithoutARule) {
    PacketTraits traits;
    traits.options = {kM, kS, kT, kW};
    EXPECT_TRUE(optionOrderRules(traits).empty());
    traits.options = {kM};
    EXPECT_TRUE(optionOrderRules(traits).empty());
}

TEST(SynAckOptionsTest, ComeInTheOrderOfWindows) {
    const std::vector order{kM, kW, kS, kT};
    EXPECT_EQ(after(order, join({kMss, kSack, kStamps, kScale})), join({kMss, kScale, kSack, kStamps}));
    EXPECT_EQ(after(order, join({kMss, kNops, kSack, kScale})), join({kMss, kScale, kNops, kSack}));
    EXPECT_EQ(after(order, join({kMss, kNops, kStamps, kScale})), join({kMss, kScale, kNops, kStamps}));
    EXPECT_EQ(after(order, join({kMss, kSack, kStamps})), join({kMss, kSack, kStamps})) << "nothing to change";
}

TEST(SynAckOptionsTest, ComeInAnyOrder) {
    const Bytes whole = join({kMss, kSack, kStamps, kScale});
    EXPECT_EQ(after({kM, kT, kS, kW}, whole), join({kMss, kStamps, kSack, kScale}));
    EXPECT_EQ(after({kM, kT, kW, kS}, whole), join({kMss, kStamps, kScale, kSack}));
    EXPECT_EQ(after({kM, kS, kW, kT}, whole), join({kMss, kSack, kScale, kStamps}));
    EXPECT_EQ(after({kM, kW, kT, kS}, whole), join({kMss, kScale, kStamps, kSack}));
}

TEST(SynAckOptionsTest, StayIfTheKernelAnnouncesAnotherScale) {
    const Bytes other = join({kMss, kNops, kSack, {1, 3, 3, 7}});
    EXPECT_EQ(after({kM, kW, kS}, other), other);
}

TEST(SynAckOptionsTest, LookAtNothingThatIsNotAgreedOn) {
    PacketTraits traits;
    traits.options = {kM, kW, kS};
    traits.windowScale = 8;
    EXPECT_EQ(
        optionOrderRules(traits),
        std::vector<std::string>{"tcp doff 8 @th,192,16 0x0101 @th,208,16 0x0402 @th,224,16 0x0103 @th,240,16 0x0308 "
                                 "@th,192,16 set 0x0103 @th,208,16 set 0x0308 @th,224,16 set 0x0101 @th,240,16 set "
                                 "0x0402"});
}

}  // namespace
}  // namespace apiary::agent::test
