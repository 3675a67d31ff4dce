/// The fuzz target for files of packet traits. The input is the file, and what `ip` prints. Whatever it is, it is read
/// to its end, every error names the file, and what is made of a good one is one table with nothing in it that nft
/// would take for something else. Built with -fsanitize=fuzzer, or with FUZZ_STANDALONE as a plain program that plays
/// files and seeded mutations of a good one:
///
///     traits_replay ROUNDS [FILE ...]
///     traits_replay --corpus FOLDER       writes a good file to begin with instead

#include "agent/coverage/traits/packet_traits.hpp"
#include "agent/coverage/traits/reply_routes.hpp"
#include "agent/coverage/traits/trait_rules.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace apiary::agent;

namespace {

constexpr const char* kName = "own.toml";

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

bool isPlain(char letter) {
    return (letter >= ' ' && letter <= '~') || letter == '\n';
}

HostPlan oneHost() {
    HostPlan plan;
    plan.personas.resize(1);
    plan.ranges = {{*parseRange("10.9.1.0/24"), 0, 1}, {*parseRange("fd00:9::/64"), 0, 2}};
    return plan;
}

void readRouting(std::string_view text) {
    for (const bool v4 : {true, false}) {
        for (const std::string& route : replyRoutes(text, 9708, v4)) {
            require(route.find('\n') == std::string::npos &&
                    route.find(" table 9708 protocol 97") != std::string::npos);
        }
    }
    for (const std::string& rule : ourReplyRules(text)) {
        require(rule.starts_with("from ") && rule.ends_with(" protocol 97") && rule.find('\n') == std::string::npos);
    }
    const ReplyTablesUse use = useOfReplyTables(text);
    for (const auto* tables : {&use.ours, &use.theirs}) {
        require(std::ranges::all_of(
            *tables, [](unsigned table) { return table >= kFirstReplyTable && table <= kLastReplyTable; }));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    readRouting(text);
    const TraitsReading reading = parseTraits(text, kName);
    for (const std::string& error : reading.errors) {
        require(error.starts_with(kName) && error.find('\n') == std::string::npos);
    }
    if (!reading.errors.empty()) {
        return 0;
    }
    require(reading.traits.ttl >= 1 && reading.traits.ttl <= 255 && reading.traits.hops < reading.traits.ttl);
    require(!reading.traits.options.empty() && reading.traits.windowScale <= 14);
    const HostPlan plan = oneHost();
    const std::string rules = traitRules(plan, {reading.traits}, 1);
    require(std::ranges::count(rules, '{') == std::ranges::count(rules, '}'));
    require(std::ranges::all_of(rules, isPlain) && rules.size() < std::size_t{1} << 20U);
    require(replyRules(plan, {reading.traits}, true).size() <= 1);
    return 0;
}

#ifdef FUZZ_STANDALONE
#include "tests/fuzz/mutation.hpp"

#include <fstream>
#include <iostream>
#include <iterator>
#include <random>

namespace {

constexpr std::string_view kGood = R"(title = "Everything"
[ip]
ttl = 128
hops = 2
id = "counter"
fragmentable = true
[tcp]
options = ["mss", "window-scale", "sack", "timestamps"]
mss = 1400
window = 8192
window_scale = 8
clock = "uptime"
ecn = false
[segments]
null = "reset"
syn_fin = "handshake"
xmas = "silent"
[reset]
acknowledges = "random"
window = 0
[icmp]
echo_code = "zero"
errors_dscp = 0
)";

constexpr std::string_view kRouting =
    "default via 10.81.0.1 dev wan table 9708 proto 97 metric 100 window 16776960 \nunreachable 10.56.0.0/16 \n"
    "fe80::/64 dev wan proto kernel metric 256 pref medium\n10.57.0.0/16 \n\tnexthop via 10.81.0.1 dev a weight 1 \n"
    "9708:\tfrom 10.9.1.0/24 lookup 9708 proto 97\n";

void play(const std::string& text) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 3 && std::string_view(argv[1]) == "--corpus") {
        std::ofstream(std::string(argv[2]) + "/good.toml") << kGood;
        std::ofstream(std::string(argv[2]) + "/routing.txt") << kRouting;
        return 0;
    }
    if (const auto errors = parseTraits(kGood, kName).errors; !errors.empty()) {
        std::cerr << "the good file is not good: " << errors.front() << '\n';
        return 1;
    }
    for (int i = 2; i < argc; ++i) {
        std::ifstream in(argv[i], std::ios::binary);
        play(std::string(std::istreambuf_iterator<char>(in), {}));
    }
    std::mt19937 random(1);
    for (int rounds = argc > 1 ? std::atoi(argv[1]) : 1000; rounds > 0; --rounds) {
        play(apiary::test::mutated(std::string(rounds % 2 == 0 ? kGood : kRouting), random));
    }
}
#endif
