/// One fuzz target for every protocol. Input: module index, then chunks of <length><bytes>; lengths from 0x80 up are
/// for the channel, from 0xfa up events instead. What it requires is what Conversation and Turn promise. Built with
/// -fsanitize=fuzzer, or with FUZZ_STANDALONE as a plain program.

#include "agent/protocol/conversation.hpp"
#include "agent/protocols/registry.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>

using namespace apiary::agent;

namespace {

constexpr std::size_t kSlack = 16;  // actions, and KiB, that one message may add to a turn nearly full

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using Awaits = Conversation::Awaits;
    if (size == 0) {
        return 0;
    }
    const Module& module = *modules()[data[0] % modules().size()];
    const Limits limits{.received = 4096, .sent = 65536, .evidence = 100, .payload = 1024};
    Conversation conversation(module, *prepare(module), {}, limits);
    const WallTime now{};
    std::size_t received = 0;
    std::size_t answered = 0;
    std::size_t observed = 0;
    bool closed = false;
    ChannelId channel = kControl;
    const auto check = [&](const Conversation::Actions& actions) {
        require(actions.size() < Turn::kFullActions + kSlack);
        std::size_t bytes = 0;
        for (const Action& action : actions) {
            require(!closed);
            closed = std::holds_alternative<Close>(action);
            if (const auto* send = std::get_if<Send>(&action)) {
                bytes += send->bytes.size();
            } else if (const auto* onChannel = std::get_if<SendOn>(&action)) {
                require(onChannel->channel == channel);
                bytes += onChannel->bytes.size();
            } else if (const auto* shared = std::get_if<SendShared>(&action)) {
                bytes += shared->length;
            } else if (const auto* open = std::get_if<OpenPassive>(&action)) {
                channel = open->channel;
            } else if (const auto* remember = std::get_if<Remember>(&action)) {
                require(remember->bytes.size() <= Conversation::kRemembered);
            } else if (const auto* evidence = std::get_if<Evidence>(&action)) {
                observed += std::holds_alternative<PayloadPiece>(*evidence) ? 0 : 1;
            }
        }
        answered += bytes;
        require(bytes < Turn::kFullBytes + 1024 * kSlack);
        require(answered <= limits.sent && observed <= limits.evidence);
        require(module.transport == Transport::Stream || answered <= received);  // nobody is to be reflected at
    };
    check(conversation.open(now));
    for (std::size_t at = 1; at < size;) {
        const std::size_t length = data[at++];
        const std::size_t n = std::min(length & 0x7fU, size - at);
        const std::string bytes(data + at, data + at + n);
        switch (length) {
            case 0xff:
                check(conversation.peerClosed(now));
                break;
            case 0xfe:
                check(conversation.idle(now));
                break;
            case 0xfd:
                check(conversation.alarm(now));
                break;
            case 0xfc:
                require(conversation.takeEarlyBytes().smuggled.size() <= received);
                check(conversation.tls({}, now));
                break;
            case 0xfb:
                check(conversation.channelOpen(channel, now));
                break;
            case 0xfa:
                check(conversation.channelClosed(channel, now));
                break;
            default:
                at += n;
                received += n;
                check(length < 0x80 ? conversation.bytes(bytes, now) : conversation.channelBytes(channel, bytes, now));
        }
        for (int turns = 0; conversation.awaits() == Awaits::Passive || conversation.awaits() == Awaits::Resume;) {
            require(++turns < 1000);
            check(conversation.awaits() == Awaits::Resume ? conversation.resume(now)
                                                          : conversation.passive(apiary::Endpoint{}, now));
        }
    }
    return 0;
}

#ifdef FUZZ_STANDALONE
int main(int argc, char** argv) {
    std::mt19937 random(argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 1U);
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 1000;
    constexpr char kAlphabet[] =
        "USER anonymous\r\nPASS\r\nPASV\r\nLIST\r\nSTOR AUTH TLS\r\nNICK JOIN :#\xfb\xfa\xfc\0";
    for (int i = 0; i < rounds; ++i) {
        std::string input(random() % 400, '\0');
        for (char& c : input) {
            c = random() % 4 == 0 ? static_cast<char>(random()) : kAlphabet[random() % sizeof kAlphabet];
        }
        LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
    }
}
#endif
