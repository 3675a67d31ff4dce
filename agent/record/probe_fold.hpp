#pragma once

#include "agent/protocol/recorder.hpp"
#include "agent/spool/spool.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace apiary::agent {

/// Contact that was seen beside all services, already added up.
struct SeenProbe {
    Endpoint source;
    Endpoint target;
    std::string kind;    // syn, closed, udp, icmp
    std::string reason;  // its particulars, see reasonOf() of agent/probes
    WallTime first;
    WallTime last;
    std::uint64_t packets = 1;
};

/// Folds refusals that differ in their time and the source's port only into one probe, so that a flood costs a row
/// now and then, not one each. Probes that were seen go with them. What goes beyond `most` different ones becomes a gap
/// that counts them.
class ProbeFold {
public:
    explicit ProbeFold(std::size_t most = 20'000) : most_(most) {}

    void add(const Refusal& refusal);
    void add(const SeenProbe& probe);

    /// So many contacts are known of by their number only.
    void lose(std::uint64_t contacts, WallTime from, WallTime to);

    /// All of another one.
    void add(ProbeFold other);

    /// When the oldest of them was added; only if there is one.
    bool empty() const { return probes_.empty() && beyond_ == 0; }
    std::chrono::steady_clock::time_point since() const { return since_; }

    /// Their records, for that lane; after take() the fold is empty again.
    std::vector<NewRecord> records(std::uint32_t lane) const;
    std::vector<NewRecord> take(std::uint32_t lane);

private:
    struct Key {
        std::array<std::uint8_t, 16> source;
        Endpoint target;
        std::string service;
        std::string reason;
        std::string kind;
        friend auto operator<=>(const Key&, const Key&) = default;
    };
    struct Probe {
        Endpoint source;  // with the port of the first
        WallTime first;
        WallTime last;
        std::uint64_t packets;
    };

    void add(Key key, const Endpoint& source, WallTime first, WallTime last, std::uint64_t packets);

    std::size_t most_;
    std::map<Key, Probe> probes_;
    std::uint64_t beyond_ = 0;
    WallTime beyondFirst_;
    WallTime beyondLast_;
    std::chrono::steady_clock::time_point since_;
};

}  // namespace apiary::agent
