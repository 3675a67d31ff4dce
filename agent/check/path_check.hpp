#pragma once

#include "common/result.hpp"
#include "common/rpc/credentials.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace apiary::agent {

/// What checkPath() walks. The functions are the world's: tests give others.
struct PathSettings {
    std::string address;  // of the collector, host:port
    TlsIdentity identity;

    /// What the running agent's control socket answers to `uplink`; an Error if none runs.
    std::function<Result<std::string>()> askAgent;

    std::function<std::chrono::system_clock::time_point()> clock = std::chrono::system_clock::now;
    std::chrono::milliseconds patience{5000};  // with each thing that is waited for
};

/// Walks from here to the collector: name (resolves), route (leads there), port (takes a connection), tls (shakes
/// hands), certificate (theirs of our CA and for that host, ours valid, a sensor's, and taken by them), clock (within 2
/// s of theirs), sequence (the running agent's records arrive). Reads only: nothing of it disturbs a running agent, its
/// stream or its spool.
///
/// Hands `say` a line for each step, `ok NAME DETAIL` or `FAILED NAME WHAT TO DO`, printable ASCII, and stops at the
/// first that fails. Returns the number of that step, 1 to 7, or 0. Blocks.
int checkPath(const PathSettings& settings, const std::function<void(std::string_view line)>& say);

}  // namespace apiary::agent
