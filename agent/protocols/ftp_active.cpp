#include "agent/protocols/ftp_session.hpp"
#include "common/net/address.hpp"

#include <algorithm>

namespace apiary::agent {
namespace {

std::string ipText(std::string_view address) {
    return std::string(address.substr(0, address.find('%')));
}

/// Groups between colons, of up to four hexadecimal digits or four numbers with dots: how many bytes they make.
std::optional<std::size_t> groupBytes(std::string_view text) {
    std::size_t bytes = 0;
    while (!text.empty()) {
        const std::string_view group = text.substr(0, text.find(':'));
        text.remove_prefix(std::min(group.size() + 1, text.size()));
        const bool dotted = group.find('.') != std::string_view::npos;
        const bool hex = !group.empty() && group.size() <= 4 &&
                         group.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
        if (dotted ? !parseAddress(std::string(group)) : !hex) {
            return std::nullopt;
        }
        bytes += dotted ? 4 : 2;
    }
    return bytes;
}

/// The real server fills what is missing with zeroes, wherever the address is too short.
bool looksLikeIpv6(std::string_view text) {
    const auto gap = std::min(text.find("::"), text.size());
    const auto before = groupBytes(text.substr(0, gap));
    const auto behind = groupBytes(text.substr(std::min(gap + 2, text.size())));
    return before && behind && *before + *behind <= 16;
}

}  // namespace

/// A decoy connects to nobody: every address is answered as one that is not the peer's.
void FtpSession::port(const std::string&, Turn& turn) {
    if (extendedOnly_) {
        reply(550, "Permission denied.", turn);
        return;
    }
    dropChannel(turn);
    reply(500, "Illegal PORT command.", turn);
}

void FtpSession::eprt(const std::string& argument, Turn& turn) {
    dropChannel(turn);
    std::string_view rest = argument;
    const auto part = [&] {
        const std::string_view text = rest.substr(0, rest.find('|'));
        rest.remove_prefix(std::min(text.size() + 1, rest.size()));
        return text;
    };
    const bool framed = part().empty();
    const int protocol = ftpNumber(part());
    const std::string address = ipText(part());
    const std::string_view port = part();
    const auto parsed = parseAddress(address);
    const bool familyFits = protocol == 1 ? parsed && parsed->v4() : looksLikeIpv6(address);
    const int number = ftpNumber(port);
    if (framed && (protocol < 1 || protocol > 2)) {
        reply(500, "Bad EPRT protocol.", turn);
    } else if (!framed || !familyFits || port.empty() || !rest.empty() || number < 0 || number > 65535) {
        reply(500, "Bad EPRT command.", turn);
    } else {
        reply(500, "Illegal EPRT command.", turn);
    }
}

}  // namespace apiary::agent
