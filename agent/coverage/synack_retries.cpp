#include "agent/coverage/synack_retries.hpp"

#include <cerrno>
#include <charconv>
#include <fstream>
#include <system_error>

namespace apiary::agent {

static constexpr std::string_view kChain = "synack_retries_before_";

std::optional<unsigned> SynAckRetries::now() const {
    std::ifstream in(file_);
    unsigned value = 0;
    return in >> value ? std::optional(value) : std::nullopt;
}

std::optional<unsigned> SynAckRetries::remembered(std::string_view table) {
    const auto at = table.find(kChain);
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view digits = table.substr(at + kChain.size());
    unsigned value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc{} ? std::optional(value) : std::nullopt;
}

std::string SynAckRetries::chainFor(unsigned before) {
    return std::string(kChain) + std::to_string(before);
}

Status SynAckRetries::lower() const {
    const auto before = now();
    return !before || *before <= kOurs ? Status(Done{}) : set(kOurs);
}

Status SynAckRetries::restore(unsigned before) const {
    return before <= kOurs || now() != kOurs ? Status(Done{}) : set(before);
}

Status SynAckRetries::set(unsigned value) const {
    errno = 0;
    std::ofstream out(file_);
    out << value << '\n' << std::flush;
    if (!out) {
        return Error{"cannot set how often a SYN is answered: " + std::generic_category().message(errno) +
                     "; do it by hand: sysctl -w net.ipv4.tcp_synack_retries=" + std::to_string(value)};
    }
    return Done{};
}

}  // namespace apiary::agent
