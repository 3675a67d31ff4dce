#include "agent/protocols/irc_session.hpp"

#include <algorithm>
#include <cstdio>

namespace apiary::agent {
namespace {

constexpr std::size_t kLongestLine = 510;  // its end apart
constexpr std::size_t kMostTargets = 20;

}  // namespace

void IrcSession::say(const std::string& line, Turn& turn) const {
    turn.send(line.substr(0, kLongestLine) + "\r\n");
}

void IrcSession::say(const std::string& source, std::string_view command, std::initializer_list<std::string> words,
                     Turn& turn) const {
    std::string line = ':' + source + ' ' + std::string(command);
    for (const std::string& word : words) {
        line += (&word == words.end() - 1 ? " :" : " ") + word;
    }
    say(line, turn);
}

void IrcSession::numeric(unsigned number, const Words& words, Turn& turn) const {
    char code[8];
    (void)std::snprintf(code, sizeof code, "%03u", number);
    std::string line = ':' + service_.host + ' ' + code + (words.empty() ? " :" : " ") + (named_ ? self_->nick : "*");
    for (const std::string& word : words) {
        line += (&word == &words.back() ? " :" : " ") + word;
    }
    say(line, turn);
}

void IrcSession::notice(const std::string& text, Turn& turn) const {
    say(service_.host, "NOTICE", {named_ ? self_->nick : "*", text}, turn);
}

/// Fills lines with entries; `extra` is what the line needs besides them.
void IrcSession::builder(unsigned number, const Words& fixed, const Words& entries, std::size_t extra, bool sendEmpty,
                         Turn& turn) const {
    const std::size_t most = 512 - service_.host.size() - extra - 10;
    std::string line;
    const auto flush = [&] {
        if (!line.empty() || sendEmpty) {
            Words words = fixed;
            words.push_back(line.substr(0, line.size() - (line.empty() ? 0 : 1)));
            numeric(number, words, turn);
        }
        line.clear();
    };
    for (const std::string& entry : entries) {
        if (line.size() + entry.size() > most) {
            flush();
        }
        line += entry + ' ';
    }
    flush();
}

void IrcSession::noSuchNick(const std::string& nick, Turn& turn) const {
    numeric(401, {nick.empty() ? "*" : nick, "No such nick"}, turn);
}

void IrcSession::noSuchChannel(const std::string& channel, Turn& turn) const {
    numeric(403, {channel.empty() ? "*" : channel, "No such channel"}, turn);
}

void IrcSession::notOnChannel(const IrcChannel& channel, std::string_view text, Turn& turn) const {
    numeric(442, {channel.name, std::string(text)}, turn);
}

/// There are no half-operators: who would need to be one must be an operator.
void IrcSession::rankNeeded(const IrcChannel& channel, unsigned rank, const std::string& what, Turn& turn) const {
    const std::string name = rank <= kIrcVoice ? "voice" : "op";
    numeric(482, {channel.name, "You must be a channel " + name + " or higher to " + what + '.'}, turn);
}

/// Calls the handler for each item of a list, no item twice; false if there is no list.
bool IrcSession::each(Words& words, std::size_t at, Handler handler, bool limited, Turn& turn) {
    if (at >= words.size() || words[at].find(',') == std::string::npos) {
        return false;
    }
    std::set<std::string> seen;
    std::size_t count = 0;
    for (const std::string& item : ircWords(words[at], ',')) {
        if (limited && count++ == kMostTargets) {
            break;
        }
        if (!over_ && seen.insert(ircFold(item)).second) {
            Words one = words;
            one[at] = item;
            (this->*handler)(one, turn);
        }
    }
    return true;
}

IrcUser* IrcSession::known(const std::string& nick) const {
    IrcUser* user = world_.user(nick);
    return user != nullptr && user->registered ? user : nullptr;
}

}  // namespace apiary::agent
