#include "agent/protocols/irc_world.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

unsigned rankOfMode(char mode) {
    return mode == 'o' ? kIrcOperator : kIrcVoice;
}

}  // namespace

unsigned IrcMember::rank() const {
    return status.empty() ? 0 : rankOfMode(status[0]);
}

std::string IrcMember::prefixes() const {
    std::string prefixes;
    for (const char mode : status) {
        prefixes += mode == 'o' ? '@' : '+';
    }
    return prefixes;
}

bool IrcMember::set(char mode, bool adding) {
    const auto at = status.find(mode);
    if ((at != std::string::npos) == adding) {
        return false;
    }
    if (!adding) {
        status.erase(at, 1);
    } else {
        status.insert(mode == 'o' ? 0 : status.size(), 1, mode);
    }
    return true;
}

IrcMember* IrcChannel::member(const IrcUser* user) {
    const auto found = std::ranges::find(members, user, &IrcMember::user);
    return found == members.end() ? nullptr : &*found;
}

bool IrcChannel::has(const IrcUser* user) const {
    return std::ranges::find(members, user, &IrcMember::user) != members.end();
}

unsigned IrcChannel::rankOf(const IrcUser* user) const {
    const auto found = std::ranges::find(members, user, &IrcMember::user);
    return found == members.end() ? 0 : found->rank();
}

/// A mask is nick!ident@host; what begins with a letter and a colon is for modules that are not loaded.
bool IrcChannel::bars(const IrcUser& user, std::string_view address) const {
    return std::ranges::any_of(bans, [&](const IrcBan& ban) {
        const std::string_view mask = ban.mask;
        const auto at = mask.find('@');
        if (mask.size() <= 2 || mask[1] == ':' || at == std::string_view::npos) {
            return false;
        }
        return ircMatches(user.nick + '!' + user.ident, mask.substr(0, at)) &&
               (ircMatches(user.host, mask.substr(at + 1)) || ircMatches(address, mask.substr(at + 1)));
    });
}

/// Each user enters the table under its id first: the order in which the table is listed depends on it.
IrcUser& IrcWorld::add(IrcUser user, const std::string& id) {
    auto& known = *users_.emplace(id, std::make_unique<IrcUser>(std::move(user))).first->second;
    if (known.nick != id) {
        const std::string nick = std::exchange(known.nick, id);
        rename(known, nick);
    }
    return known;
}

void IrcWorld::rename(IrcUser& user, const std::string& nick) {
    const auto old = users_.find(user.nick);
    auto owned = std::move(old->second);
    users_.erase(old);
    user.nick = nick;
    users_.emplace(nick, std::move(owned));
}

void IrcWorld::remove(IrcUser& user) {
    while (!user.channels.empty()) {
        leave(user, *user.channels.front());
    }
    users_.erase(user.nick);
}

IrcUser* IrcWorld::user(const std::string& nick) const {
    const auto found = users_.find(nick);
    return found == users_.end() ? nullptr : found->second.get();
}

IrcChannel* IrcWorld::channel(const std::string& name) const {
    const auto found = channels_.find(name);
    return found == channels_.end() ? nullptr : found->second.get();
}

IrcChannel& IrcWorld::join(IrcUser& user, const std::string& name, std::int64_t now) {
    auto& place = channels_[name];
    const bool made = place == nullptr;
    if (made) {
        place = std::make_unique<IrcChannel>(IrcChannel{.name = name, .created = now, .modes = {'n', 't'}});
    }
    place->invited.erase(&user);
    place->members.push_back({&user, made ? "o" : ""});
    user.channels.insert(user.channels.begin(), place.get());
    return *place;
}

void IrcWorld::leave(IrcUser& user, IrcChannel& channel) {
    std::erase(user.channels, &channel);
    std::erase_if(channel.members, [&](const IrcMember& member) { return member.user == &user; });
    if (channel.members.empty()) {
        channels_.erase(channels_.find(channel.name));
    }
}

bool IrcWorld::share(const IrcUser& one, const IrcUser& other) {
    return std::ranges::any_of(one.channels, [&](const IrcChannel* channel) { return channel->has(&other); });
}

}  // namespace apiary::agent
