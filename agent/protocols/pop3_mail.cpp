#include "agent/protocols/pop3_session.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace apiary::agent {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

/// The digits at the front, which are taken off; nothing if they do not fit, and then nothing is taken.
std::optional<std::uint64_t> takeNumber(std::string_view& text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

bool digitLeads(std::string_view text) {
    return !text.empty() && text.front() >= '0' && text.front() <= '9';
}

void skipBlanks(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
}

void error(std::string_view what, std::string_view rest, Turn& turn) {
    turn.send("-ERR " + std::string(what) + std::string(rest) + "\r\n");
}

/// The lines of a message as RFC 1939 sends them, a dot in front of each that begins with one, and the last dot.
std::string stuffed(std::string_view text) {
    std::string lines;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
        lines += text.front() == '.' ? "." : "";
        lines += text.substr(0, end);
        text.remove_prefix(end);
    }
    return lines + ".\r\n";
}

/// The header, the empty line, and `lines` lines of the body.
std::string_view topOf(std::string_view text, std::uint64_t lines) {
    std::size_t end = std::min(text.find("\r\n\r\n"), text.size() - 4) + 4;
    for (; lines > 0 && end < text.size(); --lines) {
        end = std::min(text.find('\n', end), text.size() - 1) + 1;
    }
    return text.substr(0, end);
}

}  // namespace

bool Pop3Session::mailCommand(const std::string& verb, std::string_view argument, Turn& turn) {
    using P = Pop3Session;
    struct Verb {
        std::string_view name;
        bool (P::*handler)(std::string_view, Turn&);  // null: it does nothing
    };
    static constexpr Verb kVerbs[] = {
        {"CAPA", &P::mailCapa}, {"DELE", &P::dele}, {"LIST", &P::list}, {"NOOP", nullptr}, {"QUIT", &P::mailQuit},
        {"RETR", &P::retr},     {"RSET", &P::rset}, {"STAT", &P::stat}, {"TOP", &P::top},  {"UIDL", &P::uidl},
    };
    const auto known = std::ranges::find(kVerbs, verb, &Verb::name);
    if (known == std::end(kVerbs)) {
        verb.empty() ? error("Unknown command.", "", turn) : error("Unknown command: ", verb, turn);
        return false;
    }
    if (known->handler == nullptr) {
        turn.send("+OK\r\n");
        return true;
    }
    return (this->*known->handler)(argument, turn);
}

bool Pop3Session::mailCapa(std::string_view, Turn& turn) {
    turn.send("+OK\r\nCAPA\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nPIPELINING\r\nAUTH-RESP-CODE\r\n.\r\n");
    return true;
}

bool Pop3Session::stat(std::string_view, Turn& turn) {
    std::size_t count = 0;
    std::size_t bytes = 0;
    for (std::size_t number = 0; number < held_.size(); ++number) {
        count += held_[number].marked ? 0 : 1;
        bytes += held_[number].marked ? 0 : at(number).text.size();
    }
    turn.send("+OK " + std::to_string(count) + ' ' + std::to_string(bytes) + "\r\n");
    return true;
}

/// One line for each message that is not marked: its number, and what `item` says of it.
template <typename Item>
void Pop3Session::listing(Item&& item, Turn& turn) const {
    for (std::size_t number = 0; number < held_.size(); ++number) {
        if (!held_[number].marked) {
            turn.send(std::to_string(number + 1) + ' ' + item(number) + "\r\n");
        }
    }
    turn.send(".\r\n");
}

bool Pop3Session::list(std::string_view argument, Turn& turn) {
    const auto size = [&](std::size_t number) { return std::to_string(at(number).text.size()); };
    if (argument.empty()) {
        const auto count = std::ranges::count(held_, false, &Held::marked);
        turn.send("+OK " + std::to_string(count) + " messages:\r\n");
        listing(size, turn);
        return true;
    }
    std::size_t number = 0;
    if (!message(argument, '\0', number, turn)) {
        return false;
    }
    turn.send("+OK " + std::to_string(number + 1) + ' ' + size(number) + "\r\n");
    return true;
}

bool Pop3Session::uidl(std::string_view argument, Turn& turn) {
    const auto name = [&](std::size_t number) { return pop3Uidl(*mailbox_, held_[number].index); };
    if (argument.empty()) {
        turn.send("+OK\r\n");
        listing(name, turn);
        return true;
    }
    std::size_t number = 0;
    if (!message(argument, '\0', number, turn)) {
        return false;
    }
    turn.send("+OK " + std::to_string(number + 1) + ' ' + name(number) + "\r\n");
    return true;
}

bool Pop3Session::retr(std::string_view argument, Turn& turn) {
    std::size_t number = 0;
    if (!message(argument, '\0', number, turn)) {
        return false;
    }
    const std::string& text = at(number).text;
    turn.send("+OK " + std::to_string(text.size()) + " octets\r\n");
    turn.send(stuffed(text));
    return true;
}

bool Pop3Session::top(std::string_view argument, Turn& turn) {
    std::size_t number = 0;
    if (!message(argument, ' ', number, turn)) {
        return false;
    }
    if (!digitLeads(argument)) {
        error("Invalid size: ", argument, turn);
        return false;
    }
    const auto lines = takeNumber(argument);
    if (!lines) {
        error("Size too large: ", argument, turn);
        return false;
    }
    if (!argument.empty()) {
        error("Noise after size: ", argument, turn);
        return false;
    }
    const std::string& text = at(number).text;
    turn.send(*lines == kMost ? "+OK " + std::to_string(text.size()) + " octets\r\n" : "+OK\r\n");
    turn.send(stuffed(topOf(text, *lines)));
    return true;
}

bool Pop3Session::dele(std::string_view argument, Turn& turn) {
    std::size_t number = 0;
    if (!message(argument, '\0', number, turn)) {
        return false;
    }
    held_[number].marked = deleted_ = true;
    turn.send("+OK Marked to be deleted.\r\n");
    return true;
}

bool Pop3Session::rset(std::string_view, Turn& turn) {
    deleted_ = false;
    for (Held& held : held_) {
        held.marked = false;
    }
    turn.send("+OK\r\n");
    return true;
}

bool Pop3Session::mailQuit(std::string_view, Turn& turn) {
    for (const Held& held : held_) {
        if (held.marked) {
            memory_.remove(user_, held.index);
        }
    }
    if (deleted_) {
        turn.remember(memory_.text());
    }
    turn.send(deleted_ ? "+OK Logging out, messages deleted.\r\n" : "+OK Logging out.\r\n");
    turn.close();
    return true;
}

/// Takes the number of a message from the front of `argument`, with `behind` behind it (NUL for nothing), and answers
/// where it is none of a message that is there.
bool Pop3Session::message(std::string_view& argument, char behind, std::size_t& number, Turn& turn) const {
    if (!digitLeads(argument)) {
        error("Invalid message number: ", argument, turn);
        return false;
    }
    const auto value = takeNumber(argument);
    if (!value || *value > std::numeric_limits<std::uint32_t>::max()) {
        error("Message number too large: ", argument, turn);
        return false;
    }
    if ((argument.empty() ? '\0' : argument.front()) != behind) {
        error("Noise after message number: ", argument, turn);
        return false;
    }
    if (*value == 0 || *value > held_.size()) {
        error("There's no message ", std::to_string(*value) + ".", turn);
        return false;
    }
    number = static_cast<std::size_t>(*value) - 1;
    if (held_[number].marked) {
        error("Message is deleted.", "", turn);
        return false;
    }
    skipBlanks(argument);
    return true;
}

}  // namespace apiary::agent
