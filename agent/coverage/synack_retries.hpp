#pragma once

#include "common/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace apiary::agent {

/// How often the kernel repeats the answer to a SYN that nobody goes on with. Under a forged source each repetition
/// hits somebody who asked for nothing, so it is lowered while hosts are steered. The number before is remembered in
/// the name of an empty chain of our table: it comes and goes with it in one transaction, and outlives a `kill -9`.
class SynAckRetries {
public:
    static constexpr unsigned kOurs = 1;

    /// `file` is the setting of this network namespace.
    explicit SynAckRetries(std::string file = "/proc/sys/net/ipv4/tcp_synack_retries") : file_(std::move(file)) {}

    /// Nothing if the kernel does not say.
    std::optional<unsigned> now() const;

    /// What was there before us, by the text of our table.
    static std::optional<unsigned> remembered(std::string_view table);
    static std::string chainFor(unsigned before);

    /// Lowers it, unless it is as low already. An Error says how to do it by hand.
    Status lower() const;

    /// Sets it to what was before, unless somebody else has set it meanwhile. An Error says how to do it by hand.
    Status restore(unsigned before) const;

private:
    Status set(unsigned value) const;

    std::string file_;
};

}  // namespace apiary::agent
