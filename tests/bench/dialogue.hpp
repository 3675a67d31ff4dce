#pragma once

/// A fixed conversation of client and server, played as often and as fast as it goes: against a server of Apiary's, and
/// against a raw epoll server that says the same bytes without understanding any, which is what the machine can do.

#include "tests/bench/load.hpp"
#include "tests/bench/sockets.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace apiary::bench {

/// What the server says at a time, packet by packet: a login program that writes its echo and its prompt one after the
/// other costs more than the bytes together would, for whoever says them.
struct Words {
    std::vector<std::string> packets;
    std::size_t size() const;
};

/// What the server says first (may be nothing), then what the client sends and how the server answers, in turn.
struct Dialogue {
    struct Exchange {
        std::string send;
        Words answer;
    };
    Words greeting;
    std::vector<Exchange> exchanges;
};

/// Holds the conversation once with the server on 127.0.0.1:`port` and takes down what it answers, in the packets in
/// which it comes, an answer being over when nothing came for 300 ms. Throws std::runtime_error if there is no answer
/// within 10 s.
Dialogue learn(std::uint16_t port, const std::vector<std::string>& sends, bool greets = true);

/// Forks a server on 127.0.0.1 that accepts, says its part of the dialogue by counting bytes, and closes when the peer
/// ends. `threads` of them share the port.
struct RawServer {
    Child child;
    std::uint16_t port;
};
RawServer startRawServer(const Dialogue& dialogue, std::size_t threads);

struct LoadResult {
    std::size_t completed = 0;  // got all answers, and saw the server's end
    std::size_t failed = 0;
    double seconds = 0;
    double rate() const { return static_cast<double>(completed) / seconds; }
};

/// Holds the conversation `total` times with `port` of the targets, at most `atOnce` together, from addresses all over
/// 127.0.0.0/8: an answer is there when as many bytes came as it has. After the last one the client ends its side and
/// waits for the server to end. Gives up after `patience` seconds.
LoadResult converse(const Dialogue& dialogue, std::uint16_t port, std::size_t total, std::size_t atOnce,
                    double patience, const Targets& targets = {});

}  // namespace apiary::bench
