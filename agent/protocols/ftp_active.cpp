#include "agent/protocols/ftp_session.hpp"

#include <algorithm>
#include <vector>

namespace apiary::agent {
namespace {

constexpr int kFirstFreePort = 1024;  // those below are the system's: nobody is sent there

using Bytes = std::vector<std::uint8_t>;

/// Takes the text before `sep` off the front, and `sep` itself.
std::string_view part(std::string_view& rest, char sep) {
    const std::string_view text = rest.substr(0, rest.find(sep));
    rest.remove_prefix(std::min(text.size() + 1, rest.size()));
    return text;
}

/// `count` numbers between separators, each as atoi reads it.
std::optional<Bytes> numbers(std::string_view rest, char sep, std::size_t count) {
    Bytes bytes;
    while (bytes.size() < count) {
        const int number = ftpNumber(part(rest, sep));
        if (rest.empty() != (bytes.size() + 1 == count) || number < 0 || number > 255) {
            return std::nullopt;
        }
        bytes.push_back(static_cast<std::uint8_t>(number));
    }
    return bytes;
}

/// Appends what groups between colons stand for: hexadecimal numbers, or four numbers with dots.
bool appendGroups(std::string_view text, Bytes& bytes) {
    while (!text.empty()) {
        const std::string_view group = part(text, ':');
        if (group.find('.') != std::string_view::npos) {
            const auto dotted = numbers(group, '.', 4);
            if (!dotted) {
                return false;
            }
            bytes.insert(bytes.end(), dotted->begin(), dotted->end());
            continue;
        }
        unsigned value = 0;
        for (const char c : ftpUpper(group)) {
            const auto digit = std::string_view("0123456789ABCDEF").find(c);
            value = value << 4U | static_cast<unsigned>(digit);
            if (digit == std::string_view::npos || value > 0xffff) {
                return false;
            }
        }
        if (group.empty()) {
            return false;
        }
        bytes.push_back(static_cast<std::uint8_t>(value >> 8U));
        bytes.push_back(static_cast<std::uint8_t>(value & 0xffU));
    }
    return true;
}

/// The real server fills what is missing with zeroes, wherever the address is too short.
std::optional<Bytes> ipv6(std::string_view text) {
    const auto gap = std::min(text.find("::"), text.size());
    Bytes bytes;
    Bytes behind;
    if (!appendGroups(text.substr(0, gap), bytes) ||
        !appendGroups(text.substr(std::min(gap + 2, text.size())), behind) || bytes.size() + behind.size() > 16) {
        return std::nullopt;
    }
    bytes.resize(16 - behind.size());
    bytes.insert(bytes.end(), behind.begin(), behind.end());
    return bytes;
}

std::optional<Bytes> mapped(std::optional<Bytes> v4) {
    if (v4) {
        v4->insert(v4->begin(), {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff});
    }
    return v4;
}

}  // namespace

/// A decoy connects to nobody: a transfer finds the port that the peer named closed, as behind most firewalls.
bool FtpSession::mayBeCalled(std::span<const std::uint8_t> address, int port) {
    if (!std::ranges::equal(address, peer_.address) || port < kFirstFreePort) {
        return false;
    }
    channel_ = Channel::Failed;
    return true;
}

void FtpSession::port(const std::string& argument, Turn& turn) {
    if (extendedOnly_) {
        reply(550, "Permission denied.", turn);
        return;
    }
    dropChannel(turn);
    const auto all = numbers(argument, ',', 6);
    const bool fits = all && mayBeCalled(*mapped(Bytes(all->begin(), all->begin() + 4)), (*all)[4] << 8 | (*all)[5]);
    fits ? reply(200, "PORT command successful. Consider using PASV.", turn)
         : reply(500, "Illegal PORT command.", turn);
}

void FtpSession::eprt(const std::string& argument, Turn& turn) {
    dropChannel(turn);
    std::string_view rest = argument;
    const bool framed = part(rest, '|').empty();
    const int protocol = ftpNumber(part(rest, '|'));
    const std::string_view address = part(rest, '|');
    const std::string_view port = part(rest, '|');
    const int number = ftpNumber(port);
    if (framed && (protocol < 1 || protocol > 2)) {
        reply(500, "Bad EPRT protocol.", turn);
        return;
    }
    const auto bytes = protocol == 1 ? mapped(numbers(address, '.', 4)) : ipv6(address.substr(0, address.find('%')));
    if (!framed || !bytes || port.empty() || !rest.empty() || number < 0 || number > 65535) {
        reply(500, "Bad EPRT command.", turn);
    } else if (mayBeCalled(*bytes, number)) {
        reply(200, "EPRT command successful. Consider using EPSV.", turn);
    } else {
        reply(500, "Illegal EPRT command.", turn);
    }
}

}  // namespace apiary::agent
