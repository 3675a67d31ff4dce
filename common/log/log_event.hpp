#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiary::log {

/// One message of a program's own log.
struct Event {
    std::chrono::system_clock::time_point at;
    std::string_view level;    // "warning"
    std::string_view program;  // "apiary-agent"
    std::string_view text;
    std::vector<std::pair<std::string_view, std::string>> fields = {};  // facts apart from the text, keys are ours
};

/// The text and the fields as `TEXT key=value`, printable ASCII: what else is in them is written as \xHH. A backslash
/// stays as it is, since what a peer sent comes escaped.
std::string plainText(const Event& event);

/// One JSON object (RFC 8259) without an end of line, printable ASCII: time (RFC 3339, UTC, milliseconds), level,
/// program, message, and the fields, if there are any, as an object. A byte beyond ASCII is the character of that
/// number
/// (\u00HH), so that nothing is lost of what is no UTF-8.
std::string jsonLine(const Event& event);

}  // namespace apiary::log
