#include "agent/protocols/irc_memory.hpp"

#include "agent/protocols/irc_text.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::string_view kKinds = "GKEZQ";

/// What follows the first `count` words.
std::string behind(const std::string& line, std::size_t count) {
    std::size_t at = 0;
    while (count-- > 0) {
        at = line.find(' ', at) + 1;
    }
    return line.substr(at);
}

}  // namespace

void IrcMemory::left(Former former) {
    formers_.push_back(std::move(former));
    if (formers_.size() > kMostFormers) {
        formers_.erase(formers_.begin());
    }
}

bool IrcMemory::has(char kind, std::string_view mask) const {
    return std::ranges::any_of(bans_, [&](const Ban& ban) { return ban.kind == kind && ircEqual(ban.mask, mask); });
}

bool IrcMemory::add(Ban ban) {
    if (has(ban.kind, ban.mask) || bans_.size() == kMostBans) {
        return false;
    }
    bans_.push_back(std::move(ban));
    return true;
}

bool IrcMemory::remove(char kind, std::string_view mask) {
    return std::erase_if(bans_, [&](const Ban& ban) { return ban.kind == kind && ircEqual(ban.mask, mask); }) != 0;
}

void IrcMemory::expire(std::int64_t now) {
    std::erase_if(bans_, [&](const Ban& ban) { return ban.expires != 0 && ban.expires <= now; });
}

std::string IrcMemory::text() const {
    std::string text;
    const auto add = [&](const std::string& line) { text += text.size() + line.size() <= kMostBytes ? line : ""; };
    for (const Former& former : formers_) {
        add("w " + former.nick + ' ' + former.ident + ' ' + std::to_string(former.signon) + ' ' + former.realName +
            '\n');
    }
    for (const Ban& ban : bans_) {
        add(std::string(1, ban.kind) + ' ' + ban.mask + ' ' + std::to_string(ban.expires) + ' ' + ban.reason + '\n');
    }
    return text;
}

void IrcMemory::recall(std::string_view text) {
    for (const std::string& line : ircWords(text, '\n')) {
        const auto words = ircWords(line, ' ', true);
        if (words.size() < 4 || words[0].size() != 1) {
            continue;
        }
        if (words[0] == "w" && words.size() > 4 && ircIsNick(words[1]) && ircIsIdent(words[2])) {
            left({words[1], words[2], behind(line, 4), static_cast<std::int64_t>(ircNumber(words[3]))});
        } else if (kKinds.find(words[0][0]) != std::string_view::npos) {
            add({words[0][0], words[1], behind(line, 3), static_cast<std::int64_t>(ircNumber(words[2]))});
        }
    }
}

}  // namespace apiary::agent
