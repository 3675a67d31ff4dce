#include "agent/protocols/irc_session.hpp"

#include <algorithm>
#include <cstdio>

namespace apiary::agent {
namespace {

constexpr std::uint64_t kLongestBan = 100ULL * 366 * 86400;  // seconds

std::string moduleFile(const std::string& name) {
    const bool whole = name.starts_with("core_") || name.starts_with("m_");
    return (whole ? "" : "m_") + name + (name.ends_with(".so") ? "" : ".so");
}

}  // namespace

void IrcSession::oper(Words& words, Turn& turn) {
    const bool accepted = service_.accounts.admits(words[0], words[1]);
    turn.observe(Credential{words[0], words[1], accepted});
    if (!accepted) {
        numeric(491, {"Invalid oper credentials"}, turn);
        punish(10000);
        return;
    }
    self_->modes.insert('o');
    say(service_.host, "MODE", {self_->nick, "+o"}, turn);
    numeric(381, {"You are now a NetAdmin"}, turn);
}

void IrcSession::wallops(Words& words, Turn& turn) {
    if (words[0].empty()) {
        numeric(412, {"No text to send"}, turn);
    } else if (self_->is('w')) {
        say(self_->mask(), "WALLOPS", {words[0]}, turn);
    }
}

void IrcSession::kill(Words& words, Turn& turn) {
    if (each(words, 0, &IrcSession::kill, true, turn)) {
        return;
    }
    IrcUser* victim = world_.user(words[0]);
    if (victim == nullptr) {
        noSuchNick(words[0], turn);
        return;
    }
    const std::string reason = "Killed (" + self_->nick + " (" + words[1] + "))";
    if (victim == self_) {
        say(self_->mask(), "KILL", {self_->nick, reason}, turn);
        quit(reason, turn);
        return;
    }
    banish(*victim, reason, turn);
}

void IrcSession::banish(IrcUser& victim, const std::string& reason, Turn& turn) {
    if (IrcWorld::share(*self_, victim)) {
        say(victim.mask(), "QUIT", {reason}, turn);
    }
    world_.remove(victim);
}

/// Bans of users by nick (Q), address (Z) or mask. What matches nearly everybody is refused.
void IrcSession::xline(char kind, Handler again, Words& words, Turn& turn) {
    if (each(words, 0, again, true, turn)) {
        return;
    }
    memory_.expire(second());
    const std::string name = std::string(1, kind) + "-line";
    if (words.size() < 3) {
        if (!memory_.remove(kind, words[0])) {
            notice("*** " + name + ' ' + words[0] + " not found on the list.", turn);
        }
        return;
    }
    std::string mask = words[0];
    if (const IrcUser* user = known(mask); user != nullptr && kind != 'Q') {
        const std::string address = user == self_ ? address_ : user->host;
        mask = kind == 'Z' ? address : "*@" + address;
    }
    if (!acceptable(kind, mask, words[1], turn)) {
        return;
    }
    const auto seconds = static_cast<std::int64_t>(ircDuration(words[1]).value_or(0) % kLongestBan);
    if (!memory_.add({kind, mask, words[2], seconds == 0 ? 0 : second() + seconds})) {
        notice(std::string(kind == 'G' ? "** " : "*** ") + name + " for " + mask + " already exists.", turn);
        return;
    }
    enforce(kind, mask, words[2], turn);
}

bool IrcSession::acceptable(char kind, const std::string& mask, const std::string& duration, Turn& turn) const {
    const std::string name = std::string(1, kind) + "-line";
    const bool byMask = kind != 'Q' && kind != 'Z';
    if (byMask && mask.find('@') == std::string::npos) {
        notice("*** Target not found.", turn);
        return false;
    }
    if (kind == 'Z' && mask.find('!') != std::string::npos) {
        notice("*** You cannot include a nickname in a Z-line, a Z-line must ban only an IP mask.", turn);
        return false;
    }
    const auto hit =
        std::ranges::count_if(world_.users(), [&](const auto& user) { return covers(kind, mask, *user.second); });
    const double percent = 100.0 * static_cast<double>(hit) / static_cast<double>(world_.users().size());
    if (percent > 95.5) {
        char share[32];
        (void)std::snprintf(share, sizeof share, "%.2f", percent);
        notice(std::string("*** Unable to add ") + (kind == 'E' ? "an " : "a ") + name + " on " + mask +
                   " which covers " + share + "% of the network which is more than the maximum of 95.50%!",
               turn);
        return false;
    }
    if (byMask && mask.find('!') != std::string::npos) {
        notice("*** " + name + " cannot operate on nick!user@host masks.", turn);
    } else if (kind == 'Q' && mask.find_first_of("@!.") != std::string::npos) {
        notice("*** A Q-line only bans a nick pattern, not a nick!user@host pattern.", turn);
    } else if (!ircDuration(duration)) {
        notice("*** Invalid duration for " + name + '.', turn);
    } else {
        return true;
    }
    return false;
}

bool IrcSession::covers(char kind, std::string_view mask, const IrcUser& user) const {
    if (kind == 'Q') {
        return ircMatches(user.nick, mask);
    }
    const std::string address = &user == self_ ? address_ : "";
    if (kind == 'Z') {
        return ircMatches(address, mask.substr(mask.find('@') + 1), false);
    }
    return ircMatches(user.ident + '@' + user.host, mask, false) || ircMatches(user.ident + '@' + address, mask, false);
}

/// Whom a ban hits is gone; the peer last.
void IrcSession::enforce(char kind, const std::string& mask, const std::string& reason, Turn& turn) {
    if (kind == 'E') {
        return;
    }
    if (kind == 'Q') {
        if (covers(kind, mask, *self_)) {
            numeric(43, {id_, "Your nickname has been Q-lined."}, turn);
            changeNick(id_, turn);
        }
        return;
    }
    std::vector<IrcUser*> hit;
    for (const auto& [nick, user] : world_.users()) {
        if (covers(kind, mask, *user) && user.get() != self_) {
            hit.push_back(user.get());
        }
    }
    const std::string text = std::string(1, kind) + "-lined: " + reason;
    for (IrcUser* user : hit) {
        banish(*user, text, turn);
    }
    if (covers(kind, mask, *self_)) {
        numeric(465, {"You're banned!"}, turn);
        quit(text, turn);
    }
}

/// Whether one that the source made as an operator hits itself. It is told, and its session ends.
bool IrcSession::banned(Turn& turn) {
    memory_.expire(second());
    if (memory_.bans().empty()) {
        return false;
    }
    enterWorld();
    const auto hits = [&](const IrcMemory::Ban& ban) { return ban.kind != 'Q' && covers(ban.kind, ban.mask, *self_); };
    const auto& bans = memory_.bans();
    const auto ban = std::ranges::find_if(bans, [&](const auto& one) { return one.kind != 'E' && hits(one); });
    if (ban == bans.end() || std::ranges::any_of(bans, [&](const auto& one) { return one.kind == 'E' && hits(one); })) {
        return false;
    }
    numeric(465, {"You're banned!"}, turn);
    quit(std::string(1, ban->kind) + "-lined: " + ban->reason, turn);
    return true;
}

void IrcSession::rehash(Words& words, Turn& turn) {
    const std::string mask = words.empty() ? "" : words[0];
    const bool named = mask.find_first_of("*.") != std::string::npos;
    if (mask.empty() || (named && ircMatches(service_.host, mask))) {
        numeric(382, {"inspircd.conf", "Rehashing " + service_.host}, turn);
        notice("*** Successfully rehashed server.", turn);
    }
}

/// DIE and RESTART, without their password: silence.
void IrcSession::power(Words&, Turn&) {}

/// CONNECT and SQUIT.
void IrcSession::link(Words&, Turn& turn) {
    notice("Look into loading a linking module (like m_spanningtree) if you want this to do anything useful.", turn);
}

void IrcSession::loadModule(Words& words, Turn& turn) {
    const std::string file = moduleFile(words[0]);
    if (words[0].find_first_of("\\/") != std::string::npos) {
        numeric(974, {words[0], "You can't load modules with a path: " + words[0]}, turn);
    } else if (ircModuleLoaded(file)) {
        numeric(974, {words[0], "Module " + file + " is already loaded, cannot load a module twice!"}, turn);
    } else {
        numeric(974, {words[0], "Module file could not be found: " + file}, turn);
    }
}

void IrcSession::unloadModule(Words& words, Turn& turn) {
    const bool core = ircMatches(words[0], "core_*.so", false);
    numeric(972, {words[0], core ? "You cannot unload core commands!" : "No such module"}, turn);
}

void IrcSession::reloadModule(Words& words, Turn& turn) {
    const std::string file = moduleFile(words[0]);
    if (file == "core_reloadmodule.so") {
        numeric(972, {words[0], "You cannot reload core_reloadmodule (unload and load it)"}, turn);
    } else if (ircModuleLoaded(file)) {
        numeric(975, {words[0], "The " + words[0] + " module was reloaded."}, turn);
    } else {
        numeric(972, {words[0], "Could not find a loaded module by that name"}, turn);
    }
}

}  // namespace apiary::agent
