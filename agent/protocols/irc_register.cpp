#include "agent/protocols/irc_session.hpp"

#include <algorithm>

namespace apiary::agent {
namespace {

constexpr std::size_t kLongestIdent = 10;
constexpr std::size_t kLongestRealName = 128;
constexpr std::size_t kCookie = 10;
constexpr std::string_view kServices[] = {"ChanServ", "NickServ", "OperServ", "MemoServ"};

/// In the order of CAP LS.
constexpr std::string_view kCapabilities[] = {
    "account-notify", "away-notify",      "extended-join", "inspircd.org/poison", "inspircd.org/standard-replies",
    "multi-prefix",   "userhost-in-names"};

}  // namespace

void IrcSession::cap(Words& words, Turn& turn) {
    held_ = held_ || !registered_;
    const std::string& subcommand = words[0];
    if (ircEqual(subcommand, "REQ")) {
        if (words.size() > 1) {
            const bool granted = request(words[1]);
            say(service_.host, "CAP", {named_ ? self_->nick : "*", granted ? "ACK" : "NAK", words[1]}, turn);
        }
    } else if (ircEqual(subcommand, "END")) {
        held_ = false;
    } else if (ircEqual(subcommand, "LS") || ircEqual(subcommand, "LIST")) {
        const bool all = subcommand.size() == 2;
        version302_ =
            version302_ || (all && words.size() > 1 && static_cast<std::uint32_t>(ircNumber(words[1])) >= 302);
        capabilities(subcommand, all, false, turn);
    } else if (ircEqual(subcommand, "CLEAR") && !version302_) {
        capabilities("ACK", false, true, turn);
        caps_.clear();
    } else {
        numeric(410, {subcommand.empty() ? "*" : subcommand, "Invalid CAP subcommand"}, turn);
    }
}

/// All of the list is granted, or nothing.
bool IrcSession::request(const std::string& list) {
    auto wanted = caps_;
    for (std::string name : ircWords(list, ' ')) {
        const bool remove = name[0] == '-';
        name.erase(0, remove ? 1 : 0);
        const auto known = std::ranges::find_if(kCapabilities, [&](auto one) { return ircEqual(one, name); });
        if (known == std::end(kCapabilities) || (*known == "inspircd.org/poison" && !remove)) {
            return false;
        }
        if (remove) {
            wanted.erase(std::string(*known));
        } else {
            wanted.insert(std::string(*known));
        }
    }
    caps_ = wanted;
    return true;
}

void IrcSession::capabilities(const std::string& subcommand, bool all, bool minus, Turn& turn) const {
    std::string list;
    for (const std::string_view name : kCapabilities) {
        if (all || caps_.contains(std::string(name))) {
            list += std::string(minus ? "-" : "") + std::string(name) + ' ';
        }
    }
    say(service_.host, "CAP", {named_ ? self_->nick : "*", subcommand, list}, turn);
}

void IrcSession::pass(Words& words, Turn& turn) {
    if (registered_) {
        punish(1000);
        numeric(462, {"You may not reregister"}, turn);
        return;
    }
    turn.observe(Credential{named_ ? self_->nick : "", words[0], false});
}

void IrcSession::nick(Words& words, Turn& turn) {
    std::string nick = words[0];
    punish(registered_ ? 4000 : 0);
    if (nick.empty()) {
        numeric(431, {"No nickname given"}, turn);
        return;
    }
    if (nick == "0") {
        nick = id_;
    } else if (!ircIsNick(nick)) {
        numeric(432, {nick, "Erroneous Nickname"}, turn);
        return;
    }
    if (std::ranges::any_of(kServices, [&](auto name) { return ircEqual(name, nick); })) {
        numeric(432, {nick, "Invalid nickname: Reserved For Services"}, turn);
        return;
    }
    memory_.expire(second());
    for (const auto& ban : memory_.bans()) {
        if (ban.kind == 'Q' && ircMatches(nick, ban.mask)) {
            numeric(432, {nick, "Invalid nickname: " + ban.reason}, turn);
            return;
        }
    }
    if (registered_ && heldByBan(turn)) {
        return;
    }
    if (changeNick(nick, turn) && !(named_ && introduced_)) {
        named_ = true;
        askCookie(turn);
    }
}

/// Who is banned where it is, and has no voice there, keeps its nick (restrictbannedusers), lest it slip the ban.
bool IrcSession::heldByBan(Turn& turn) const {
    const auto bans = [&](const IrcChannel* channel) {
        return channel->rankOf(self_) < kIrcVoice && channel->bars(*self_, address_);
    };
    const auto found = std::ranges::find_if(self_->channels, bans);
    if (found == self_->channels.end()) {
        return false;
    }
    numeric(447, {"Cannot change nickname while on " + (*found)->name + " (you're banned)"}, turn);
    return true;
}

bool IrcSession::changeNick(const std::string& nick, Turn& turn) {
    const IrcUser* holder = world_.user(nick);
    if (holder == self_ && self_->nick == nick) {
        return true;
    }
    if (holder != nullptr && holder != self_) {
        numeric(433, {nick, "Nickname is already in use."}, turn);
        return false;
    }
    if (registered_) {
        say(self_->mask(), "NICK", {nick}, turn);
    }
    world_.rename(*self_, nick);
    return true;
}

void IrcSession::user(Words& words, Turn& turn) {
    if (introduced_) {
        punish(1000);
        numeric(462, {"You may not reregister"}, turn);
    } else if (!ircIsIdent(words[0])) {
        numeric(468, {"USER", "Your username is not valid"}, turn);
    } else {
        self_->ident = words[0].substr(0, kLongestIdent);
        self_->realName = words[3].substr(0, kLongestRealName);
        introduced_ = true;
        askCookie(turn);
    }
}

void IrcSession::askCookie(Turn& turn) {
    if (!named_ || !introduced_) {
        return;
    }
    cookie_.clear();
    while (cookie_.size() < kCookie) {
        cookie_ += static_cast<char>('?' + chance_.below(64));
    }
    say("PING :" + cookie_, turn);
}

void IrcSession::welcome(Turn& turn) {
    if (banned(turn)) {
        return;
    }
    answered_ = true;
    self_->spoke = second();
    pingDue_ = second() + service_.pingEvery;
    numeric(1, {"Welcome to the " + service_.network + " IRC Network " + self_->mask()}, turn);
    numeric(2, {"Your host is " + service_.host + ", running version InspIRCd-3"}, turn);
    numeric(3, {"This server was created " + ircCreated(service_.started(second()))}, turn);
    numeric(4, {service_.host, "InspIRCd-3", "iosw", "biklmnopstv", "bklov"}, turn);
    isupport(turn);
    Words none;
    lusers(none, turn);
    motd(none, turn);
    registered_ = self_->registered = true;
    penalty_ = 0;
}

void IrcSession::ping(Words& words, Turn& turn) {
    if (words[words.size() > 1 ? 1 : 0].empty()) {
        numeric(409, {"No origin specified"}, turn);
        return;
    }
    say(service_.host, "PONG", {words.size() > 1 ? words[1] : service_.host, words[0]}, turn);
}

void IrcSession::pong(Words& words, Turn& turn) {
    if (words[words.size() > 1 ? 1 : 0].empty()) {
        numeric(409, {"No origin specified"}, turn);
        return;
    }
    punish(answered_ ? 1000 : 0);
    answered_ = true;
}

void IrcSession::quitCommand(Words& words, Turn& turn) {
    quit(words.empty() ? "Client exited" : "Quit: " + words[0], turn);
}

void IrcSession::capab(Words&, Turn& turn) {
    if (!named_ && !introduced_) {
        quit(
            "You can not connect a server to a client port. Read https://docs.inspircd.org/3/modules/spanningtree for "
            "docs on how "
            "to link a server.",
            turn);
    }
}

}  // namespace apiary::agent
