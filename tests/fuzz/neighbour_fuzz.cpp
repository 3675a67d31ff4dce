/// The fuzz target for what apiary-coverage hears on a link where it claims addresses. The input is frames, each with
/// two bytes of length before it (big endian, cut at the end); a length of 0 lets time pass. Whatever it is, nothing
/// outside is read, no address is had twice, or outside of the ranges, or after its owner was heard; what is thought of
/// is bounded; and what is sent is understood as what it was meant to be. Built with -fsanitize=fuzzer, or with
/// FUZZ_STANDALONE as a plain program that plays files and seeded mutations of good frames:
///
///     neighbour_replay ROUNDS [FILE ...]
///     neighbour_replay --corpus FOLDER       writes good inputs to begin with instead

#include "agent/coverage/lan/address_claims.hpp"
#include "common/net/address.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using namespace apiary::agent;

namespace {

using namespace std::chrono_literals;
using Address = AddressRange::Address;
using Kind = NeighbourMessage::Kind;

constexpr std::size_t kMost6 = 4;
constexpr Mac kOurs{2, 0, 0, 0, 0, 1};

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

class Link final : public ClaimActions {
public:
    bool probe(const Address& address) override {
        const auto message = parseNeighbour(probeFrame(kOurs, address));
        require(message && message->kind == Kind::Asks && message->unspecified() && message->target == address);
        return true;
    }
    bool announce(const Address& address) override {
        const auto message = parseNeighbour(announcementFrame(kOurs, address));
        require(had.contains(address) && message && message->sender == address && message->from == kOurs);
        return true;
    }
    void answer(const Address& address, const NeighbourMessage& asker) override {
        const auto message = parseNeighbour(answerFrame(kOurs, address, asker));
        require(had.contains(address) && message && message->kind == Kind::Tells && message->sender == address);
    }
    bool take(const Address& address) override {
        require(had.insert(address).second);
        return true;
    }
    void giveUp(const Address& address, const Mac* /*owner*/) override { require(had.erase(address) == 1); }

    std::set<Address> had;
};

/// The frame with the checksum of ICMPv6 (RFC 4443, 2.3) that its length asks for, so that more than one in 65,536 gets
/// past it.
Frame mended(std::span<const std::uint8_t> input) {
    Frame frame(input.begin(), input.end());
    constexpr std::size_t kMessage = 14 + 40;
    if (frame.size() < kMessage + 4 || frame[12] != 0x86 || frame[13] != 0xdd) {
        return frame;
    }
    const std::size_t length = std::min<std::size_t>(frame[18] * 256U + frame[19], frame.size() - kMessage);
    if (length < 4) {
        return frame;
    }
    frame[kMessage + 2] = frame[kMessage + 3] = 0;
    std::uint32_t sum = static_cast<std::uint32_t>(length) + 58;
    for (std::size_t i = 22; i < kMessage + length; ++i) {
        sum += i % 2 == 0 ? frame[i] * 256U : frame[i];
    }
    while (sum > 0xffff) {
        sum = (sum & 0xffffU) + (sum >> 16U);
    }
    frame[kMessage + 2] = static_cast<std::uint8_t>(~sum >> 8U);
    frame[kMessage + 3] = static_cast<std::uint8_t>(~sum);
    return frame;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::vector<AddressRange> ranges{*parseRange("10.10.0.76-10.10.0.79"), *parseRange("fd00:10::/64")};
    Link link;
    AddressClaims claims({.framesPerSecond = 100, .most6 = kMost6}, 1);
    AddressClaims::Time now{};
    claims.follow(ranges, now, link);
    for (std::span<const std::uint8_t> input(data, size); input.size() >= 2;) {
        const std::size_t length = std::min<std::size_t>(input[0] * 256U + input[1], input.size() - 2);
        const auto message = parseNeighbour(mended(input.subspan(2, length)));
        input = input.subspan(2 + length);
        if (message) {
            claims.hear(*message, now, link);
            require(message->unspecified() || !link.had.contains(message->sender));
            require(message->kind != Kind::Leases || !link.had.contains(message->target));
        }
        now += length == 0 ? 3s : 50ms;
        claims.work(now, link);
        for (const Address& address : link.had) {
            require(ranges[0].holds(address) || ranges[1].holds(address));
        }
        const auto counts = claims.counts();
        require(counts.claimed == link.had.size() && counts.claimed + counts.asked + counts.others <= 4 + kMost6);
    }
    claims.follow({}, now, link);
    require(link.had.empty() && !claims.due());
    return 0;
}

#ifdef FUZZ_STANDALONE
#include "tests/fuzz/mutation.hpp"

#include <fstream>
#include <iterator>
#include <random>

namespace {

/// Good inputs: of each family somebody asks, an owner comes and speaks, another probes; and a lease.
std::vector<std::string> goodInputs() {
    constexpr Mac kTheirs{0x52, 0x54, 0, 0x12, 0x34, 0x56};
    const Frame nothing;
    std::vector<std::string> texts;
    for (const auto& [first, second, asker] :
         {std::array{"10.10.0.77", "10.10.0.78", "10.10.0.1"}, std::array{"fd00:10::77", "fd00:10::78", "fe80::1"}}) {
        const Address decoy = apiary::parseAddress(first)->address;
        const Address other = apiary::parseAddress(second)->address;
        const Address from = apiary::parseAddress(asker)->address;
        Frame asks = probeFrame(kTheirs, decoy);
        const bool v4 = AddressRange{decoy, decoy}.v4();
        if (v4) {
            std::copy_n(from.begin() + 12, 4, asks.begin() + 28);
        } else {
            std::ranges::copy(from, asks.begin() + 22);
            asks = mended(asks);
        }
        require(parseNeighbour(asks)->sender == from && parseNeighbour(asks)->target == decoy);
        std::string text;
        for (const Frame& frame :
             {asks, nothing, nothing, asks, nothing, nothing, probeFrame(kTheirs, decoy), asks,
              announcementFrame(kTheirs, other), answerFrame(kTheirs, other, {Kind::Asks, kOurs, decoy, other})}) {
            text += static_cast<char>(frame.size() / 256);
            text += static_cast<char>(frame.size() % 256);
            text.append(frame.begin(), frame.end());
        }
        texts.push_back(text);
    }
    Frame lease(14 + 28 + 240 + 10);
    const std::vector<std::pair<std::size_t, int>> set{
        {12, 8},  {14, 0x45}, {23, 17},   {37, 67},  {42, 1},   {43, 1},   {44, 6},
        {70, 2},  {278, 99},  {279, 130}, {280, 83}, {281, 99}, {282, 53}, {283, 1},
        {284, 3}, {285, 50},  {286, 4},   {287, 10}, {288, 10}, {290, 77}, {291, 255}};
    for (const auto& [where, value] : set) {
        lease[where] = static_cast<std::uint8_t>(value);
    }
    std::string text{static_cast<char>(lease.size() / 256), static_cast<char>(lease.size() % 256)};
    text.append(lease.begin(), lease.end());
    require(parseNeighbour(lease) && parseNeighbour(lease)->kind == Kind::Leases);
    texts.push_back(std::string(12, '\0') + text);
    return texts;
}

void play(const std::string& text) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> good = goodInputs();
    if (argc == 3 && std::string_view(argv[1]) == "--corpus") {
        for (std::size_t i = 0; i < good.size(); ++i) {
            std::ofstream(std::string(argv[2]) + "/good" + std::to_string(i), std::ios::binary) << good[i];
        }
        return 0;
    }
    for (int i = 2; i < argc; ++i) {
        std::ifstream in(argv[i], std::ios::binary);
        play(std::string(std::istreambuf_iterator<char>(in), {}));
    }
    for (const std::string& text : good) {
        play(text);
    }
    std::mt19937 random(1);
    for (int rounds = argc > 1 ? std::atoi(argv[1]) : 1000; rounds > 0; --rounds) {
        play(apiary::test::mutated(good[static_cast<std::size_t>(rounds) % good.size()], random));
    }
}
#endif
