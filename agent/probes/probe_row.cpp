#include "agent/probes/probe_row.hpp"

#include <array>
#include <charconv>

namespace apiary::agent {
namespace {

void add(std::string& text, std::string_view key, std::string_view value) {
    text += text.empty() ? "" : " ";
    text.append(key).append("=").append(value);
}

void add(std::string& text, std::string_view key, std::uint64_t value) {
    add(text, key, std::to_string(value));
}

/// As tcpdump has them; "-" for none.
std::string flagsText(std::uint8_t flags) {
    constexpr std::string_view kLetters = "FSRPAUEC";
    std::string text;
    for (std::size_t i = 0; i < kLetters.size(); ++i) {
        if ((flags >> i & 1U) != 0) {
            text += kLetters[i];
        }
    }
    return text.empty() ? "-" : text;
}

std::string hex(std::uint32_t value) {
    std::array<char, 8> digits{};
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16);
    return {digits.data(), end};
}

}  // namespace

std::string_view kindName(ProbeKind kind) {
    constexpr std::array<std::string_view, 4> kNames{"syn", "closed", "udp", "icmp"};
    return kNames.at(static_cast<std::size_t>(kind));
}

std::string reasonOf(const ProbeRow& row) {
    std::string text;
    if (!row.tool.empty()) {
        add(text, "tool", row.tool);
    }
    if (row.addresses != 1) {
        add(text, "addresses", row.addresses);
    }
    if (row.anyPort) {
        add(text, "ports", "many");
    }
    if (row.merged > 0) {
        add(text, "merged", row.merged);
    }
    add(text, "ttl", row.ttl);
    if (row.kind == ProbeKind::Syn || row.kind == ProbeKind::Closed) {
        add(text, "flags", flagsText(row.flags));
        add(text, "window", row.window);
        if (row.mss != 0) {
            add(text, "mss", row.mss);
        }
        if (row.optionsHash != 0) {
            add(text, "options", hex(row.optionsHash));
        }
    } else if (row.kind == ProbeKind::Icmp) {
        add(text, "type", row.icmpType);
    }
    return text;
}

}  // namespace apiary::agent
