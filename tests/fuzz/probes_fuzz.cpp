/// The fuzz target for what apiary-probes captures and what it tells the agent. The input is frames, each with two
/// bytes of length before it (big endian, cut at the end), as they come from the wire; and it is a message to the
/// agent, and a block of the kernel's ring. Whatever it is, nothing outside is read, every packet is counted as one
/// thing, rows are bounded, and what is sent comes back as it was. Built with -fsanitize=fuzzer, or with
/// FUZZ_STANDALONE as a plain program that plays files and seeded mutations of good frames:
///
///     probes_replay ROUNDS [FILE ...]
///     probes_replay --corpus FOLDER       writes good inputs to begin with instead

#include "agent/probes/probe_message.hpp"
#include "agent/probes/probe_watch.hpp"
#include "agent/probes/ring_block.hpp"
#include "tests/agent/probes/frames.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using namespace apiary::agent;

namespace {

constexpr std::size_t kRows = 32;
constexpr std::size_t kWaiting = 8;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

void watch(std::span<const std::uint8_t> input) {
    ProbeWatch watch(test::watchedHosts(), {.rows = kRows, .waiting = kWaiting});
    std::uint64_t frames = 0;
    while (input.size() >= 2) {
        const std::size_t length = std::min<std::size_t>(input[0] * 256U + input[1], input.size() - 2);
        watch.take(input.subspan(2, length), 1'000'000 * frames);
        input = input.subspan(2 + length);
        ++frames;
    }
    require(watch.waiting() <= kWaiting);
    watch.settle(UINT64_MAX);
    require(watch.waiting() == 0);
    const WatchFigures figures = watch.figures();
    require(figures.seen == frames);
    require(figures.seen == figures.probes + figures.connections + figures.answers + figures.foreign);
    const std::vector<ProbeRow> rows = watch.collect();
    require(rows.size() <= kRows);
    std::uint64_t packets = figures.beyond;
    for (const ProbeRow& row : rows) {
        packets += row.packets;
        require(row.firstUs <= row.lastUs && row.addresses >= 1 && reasonOf(row).size() < 200);
    }
    require(packets == figures.probes);
    std::vector<ProbeRow> back;
    for (const std::string& message : rowMessages(rows)) {
        const auto read = readProbeMessage(message);
        require(read && std::holds_alternative<std::vector<ProbeRow>>(*read));
        const auto& some = std::get<std::vector<ProbeRow>>(*read);
        back.insert(back.end(), some.begin(), some.end());
    }
    require(back == rows);
}

void readMessage(std::string_view input) {
    const auto message = readProbeMessage(input);
    if (!message) {
        return;
    }
    if (const auto* rows = std::get_if<std::vector<ProbeRow>>(&*message)) {
        for (const ProbeRow& row : *rows) {
            require(!kindName(row.kind).empty() && row.packets > 0 && !reasonOf(row).empty());
        }
    } else {
        require(figuresMessage(std::get<CaptureFigures>(*message)) == input);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span<const std::uint8_t> input(data, size);
    watch(input);
    readMessage({reinterpret_cast<const char*>(data), size});
    std::uint64_t sum = 0;
    walkBlock(input, [&](std::span<const std::uint8_t> frame, std::uint64_t, FrameFor) {
        for (const std::uint8_t byte : frame) {
            sum += byte;
        }
    });
    require(sum != UINT64_MAX);
    return 0;
}

#ifdef FUZZ_STANDALONE
#include "tests/fuzz/mutation.hpp"

#include <fstream>
#include <iterator>
#include <random>

namespace {

using test::attacker;
using test::Frame;
using test::host;

/// Good inputs: frames of every kind, and messages.
std::vector<std::string> goodInputs() {
    const Frame syn = test::tcp({.source = attacker(1, 4000), .target = host(3, 4, 21), .options = {2, 4, 5, 0xb4}});
    const Frame ack = test::tcp({.source = attacker(1, 4000), .target = host(3, 4, 21), .flags = kAck});
    const Frame rst = test::tcp({.source = attacker(1, 4000), .target = host(3, 4, 21), .flags = kRst});
    const Frame closed = test::tcp({.source = attacker(1, 4000),
                                    .target = host(3, 4, 23),
                                    .options = {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7}});
    apiary::Endpoint six = attacker(9, 53);
    six.address = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    apiary::Endpoint host6 = six;
    host6.address[0] = 0xfd;
    host6.address[1] = 0;
    host6.address[2] = 0;
    host6.address[3] = 9;
    const std::vector<std::vector<Frame>> inputs{
        {syn, ack, syn, rst},
        {closed, test::tagged(closed), test::udp(attacker(1, 5), host(9, 9, 161))},
        {test::icmp(attacker(1, 0), host(3, 4, 0), 8), test::icmp(six, host6, 128), test::udp(six, host6)}};
    std::vector<std::string> texts;
    for (const auto& frames : inputs) {
        std::string text;
        for (const Frame& frame : frames) {
            text += static_cast<char>(frame.size() / 256);
            text += static_cast<char>(frame.size() % 256);
            text.append(frame.begin(), frame.end());
        }
        texts.push_back(text);
    }
    ProbeRow row{.tool = "masscan", .source = attacker(1, 2), .target = host(1, 2, 3), .packets = 4, .lastUs = 5};
    texts.push_back(rowMessages(std::vector{row, row}).front());
    texts.push_back(figuresMessage({.seen = 1}));
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
    std::mt19937 random(1);
    for (int rounds = argc > 1 ? std::atoi(argv[1]) : 1000; rounds > 0; --rounds) {
        play(apiary::test::mutated(good[static_cast<std::size_t>(rounds) % good.size()], random));
    }
}
#endif
