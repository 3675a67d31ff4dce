#include "agent/protocols/irc_session.hpp"

#include <algorithm>

namespace apiary::agent {
namespace {

constexpr std::size_t kLongestAway = 200;
constexpr std::size_t kMostHosts = 5;

bool isCtcp(const std::string& text) {
    return text.size() >= 2 && text[0] == '\x01' && text[1] != '\x01' && text[1] != ' ';
}

}  // namespace

void IrcSession::privmsg(Words& words, Turn& turn) {
    if (!each(words, 0, &IrcSession::privmsg, true, turn)) {
        message(words, false, turn);
    }
}

void IrcSession::noticeCommand(Words& words, Turn& turn) {
    if (!each(words, 0, &IrcSession::noticeCommand, true, turn)) {
        message(words, true, turn);
    }
}

void IrcSession::message(Words& words, bool notice, Turn& turn) {
    if (words[1].empty()) {
        numeric(412, {"No text to send"}, turn);
        return;
    }
    if (words[0].starts_with('$')) {
        numeric(481, {"Permission Denied - You do not have the required operator privileges"}, turn);
        return;
    }
    const auto begin = words[0].find_first_not_of("@+");
    if (begin == std::string::npos) {
        numeric(411, {"No recipient given"}, turn);
    } else if (words[0][begin] == '#') {
        toChannel(words, words[0].substr(begin), notice, turn);
    } else {
        toUser(words, notice, turn);
    }
}

/// Nobody but the peer could read it, and the peer does not get its own.
void IrcSession::toChannel(Words& words, const std::string& target, bool notice, Turn& turn) {
    const IrcChannel* channel = world_.channel(target);
    if (channel == nullptr) {
        noSuchChannel(words[0], turn);
        return;
    }
    const auto refuse = [&](std::string_view what, std::string_view mode) {
        numeric(404,
                {channel->name, "You cannot send " + std::string(what) + " to this channel whilst the " +
                                    std::string(mode) + " mode is set."},
                turn);
    };
    if (channel->is('n') && !channel->has(self_)) {
        refuse("external messages", "+n (noextmsg)");
    } else if (channel->is('m') && channel->rankOf(self_) < kIrcVoice) {
        refuse("messages", "+m (moderated)");
    } else if (channel->rankOf(self_) < kIrcVoice && channel->bars(*self_, address_)) {
        numeric(404, {channel->name, "You cannot send messages to this channel whilst banned."}, turn);
    } else if (!notice || !isCtcp(words[1])) {
        self_->spoke = second();
    }
}

void IrcSession::toUser(Words& words, bool notice, Turn& turn) {
    const auto at = words[0].find('@');
    const IrcUser* user = known(words[0].substr(0, at));
    if (user == nullptr ||
        (at != std::string::npos && !ircEqual(std::string_view(words[0]).substr(at + 1), service_.host))) {
        noSuchNick(words[0], turn);
        return;
    }
    if (!user->away.empty() && !notice) {
        numeric(301, {user->nick, user->away}, turn);
    }
    if (user == self_) {
        say(self_->mask(), notice ? "NOTICE" : "PRIVMSG", {self_->nick, words[1]}, turn);
    }
    if (!notice || !isCtcp(words[1])) {
        self_->spoke = second();
    }
}

void IrcSession::squery(Words& words, Turn& turn) {
    if (words[1].empty()) {
        numeric(412, {"No text to send"}, turn);
    } else {
        numeric(408, {words[0], "No such service"}, turn);
    }
}

void IrcSession::away(Words& words, Turn& turn) {
    self_->away = words.empty() ? "" : words[0].substr(0, kLongestAway);
    if (self_->away.empty()) {
        numeric(305, {"You are no longer marked as being away"}, turn);
    } else {
        numeric(306, {"You have been marked as being away"}, turn);
    }
}

void IrcSession::ison(Words& words, Turn& turn) {
    Words asked(words.begin(), words.end() - 1);
    for (std::string& nick : ircWords(words.back(), ' ')) {
        asked.push_back(std::move(nick));
    }
    Words there;
    for (const std::string& nick : asked) {
        if (const IrcUser* user = known(nick)) {
            there.push_back(user->nick);
        }
    }
    builder(303, {}, there, self_->nick.size(), true, turn);
}

void IrcSession::userhost(Words& words, Turn& turn) {
    std::string text;
    for (std::size_t number = 0; number < std::min(words.size(), kMostHosts); ++number) {
        if (const IrcUser* user = known(words[number])) {
            text += user->nick + (user->is('o') ? "*=" : "=") + (user->away.empty() ? '+' : '-') + user->ident + '@' +
                    user->host + ' ';
        }
    }
    numeric(302, {text}, turn);
}

}  // namespace apiary::agent
