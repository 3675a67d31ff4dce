#include "agent/protocols/smtp_hops.hpp"

#include "agent/protocols/smtp_words.hpp"

#include <algorithm>

namespace apiary::agent {
namespace {

constexpr unsigned kHopcountLimit = 50;
constexpr std::string_view kBlank = " \t";

/// The name of the field that begins so, or nothing if none does; blanks may stand before the colon.
std::string_view fieldName(std::string_view line) {
    const auto end = std::ranges::find_if(line, [](char c) { return c <= ' ' || c > '~' || c == ':'; });
    const std::string_view name = line.substr(0, static_cast<std::size_t>(end - line.begin()));
    const auto colon = line.find_first_not_of(kBlank, name.size());
    return colon != std::string_view::npos && line[colon] == ':' ? name : std::string_view();
}

bool fromMailbox(std::string_view line) {
    return line.substr(std::min(line.find_first_not_of('>'), line.size())).starts_with("From ");
}

}  // namespace

void SmtpHops::take(std::string_view record, bool begins) {
    if (!header_ || !begins || (first_ && fromMailbox(record))) {
        return;
    }
    const bool goesOn = !record.empty() && kBlank.find(record.front()) != std::string_view::npos;
    if (goesOn && !first_) {
        return;
    }
    first_ = false;
    const std::string_view name = fieldName(record);
    header_ = !name.empty();
    received_ += smtpSame(name, "RECEIVED") ? 1 : 0;
}

bool SmtpHops::tooMany() const {
    return received_ >= kHopcountLimit;
}

}  // namespace apiary::agent
