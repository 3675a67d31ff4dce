#include "tests/fuzz/session_input.hpp"

#include "common/text/escape.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace apiary::agent::test {
namespace {

void append(std::string& input, FuzzEvent event) {
    input += static_cast<char>(event);
}

void append(std::string& input, std::string_view bytes, bool onChannel) {
    const std::size_t most = (onChannel ? kFirstEvent - kOnChannel : kOnChannel) - 1U;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(most, bytes.size()))) {
        const std::string_view piece = bytes.substr(0, most);
        input += static_cast<char>(piece.size() + (onChannel ? kOnChannel : 0U));
        input += piece;
    }
}

}  // namespace

std::string fuzzInput(const std::vector<Step>& steps) {
    std::string input(1, '\0');
    for (const auto& [kind, value] : steps) {
        if (kind != '@') {
            append(input, value, kind == 'c');
        } else if (value.starts_with("recalled ")) {
            const std::string recalled = unescape(std::string_view(value).substr(9)).value_or("");
            input[0] = static_cast<char>(input[0] | kRecalls);
            input += static_cast<char>(recalled.size() / 16);  // to the last whole 16 bytes
            input += recalled.substr(0, recalled.size() / 16 * 16);
        } else if (value == "offerstls") {
            input[0] |= kOffersTls;
        } else if (value.starts_with("tlsfail ")) {
            append(input, unescape(std::string_view(value).substr(8)).value_or(""), false);
            append(input, FuzzEvent::TlsFailed);
        } else if (value.starts_with("nottls ")) {
            append(input, FuzzEvent::NotTls);
            append(input, unescape(std::string_view(value).substr(7)).value_or(""), false);
        } else if (value == "tls") {
            append(input, FuzzEvent::Tls);
        } else if (value == "open") {
            append(input, FuzzEvent::ChannelOpen);
        } else if (value == "closed") {
            append(input, FuzzEvent::ChannelClosed);
        } else if (value == "broken") {
            append(input, FuzzEvent::ChannelBroken);
        } else if (value == "again") {
            append(input, FuzzEvent::ChannelAgain);
        } else if (value == "anew") {
            append(input, FuzzEvent::ChannelAnew);
        } else if (value == "untls") {
            append(input, FuzzEvent::ChannelUntls);
        } else if (value == "alarm") {
            append(input, FuzzEvent::Alarm);
        } else if (value == "idle") {
            append(input, FuzzEvent::Idle);
        } else if (value == "eof") {
            append(input, FuzzEvent::PeerClosed);
        } else if (value == "cut") {
            append(input, FuzzEvent::Cut);
        } else if (value == "noports") {
            append(input, FuzzEvent::NoPorts);
        }
    }
    return input;
}

}  // namespace apiary::agent::test
