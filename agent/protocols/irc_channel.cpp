#include "agent/protocols/irc_session.hpp"

#include <algorithm>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostChannels = 20;
constexpr std::size_t kLongestChannel = 64;
constexpr std::size_t kLongestTopic = 307;
constexpr std::size_t kLongestKick = 255;

/// What LIST is to show; what is 0 or empty does not matter.
struct Wanted {
    std::uint64_t moreThan = 0;  // users
    std::uint64_t lessThan = 0;
    std::int64_t createdAfter = 0;
    std::int64_t createdBefore = 0;
    std::int64_t topicAfter = 0;
    std::int64_t topicBefore = 0;
    std::string mask = {};
    std::string notMask = {};

    bool admits(const IrcChannel& channel) const {
        const std::uint64_t users = channel.members.size();
        const auto fits = [&](const std::string& wanted) {
            return ircMatches(channel.name, wanted) || ircMatches(channel.topic, wanted);
        };
        return !((moreThan != 0 && users <= moreThan) || (lessThan != 0 && users >= lessThan) ||
                 (createdAfter != 0 && channel.created <= createdAfter) ||
                 (createdBefore != 0 && channel.created >= createdBefore) ||
                 (topicAfter != 0 && channel.topicAt <= topicAfter) ||
                 (topicBefore != 0 && (channel.topicAt == 0 || channel.topicAt >= topicBefore)) ||
                 (!mask.empty() && !fits(mask)) || (!notMask.empty() && fits(notMask)));
    }
};

Wanted readWanted(const std::string& text, std::int64_t now) {
    Wanted wanted;
    for (const std::string& word : ircWords(text, ',')) {
        const auto ago = [&] {
            const std::uint64_t minutes = ircNumber(std::string_view(word).substr(2));
            return minutes == 0 ? 0 : now - static_cast<std::int64_t>(minutes % 0x1000000000) * 60;
        };
        const std::string head = ircFold(std::string_view(word).substr(0, 2));
        if (word[0] == '<' || word[0] == '>') {
            (word[0] == '<' ? wanted.lessThan : wanted.moreThan) = ircNumber(std::string_view(word).substr(1));
        } else if (head == "c<" || head == "c>") {
            (head == "c<" ? wanted.createdAfter : wanted.createdBefore) = ago();
        } else if (head == "t<" || head == "t>") {
            (head == "t<" ? wanted.topicAfter : wanted.topicBefore) = ago();
        } else if (word[0] == '!') {
            wanted.notMask = word.size() > 2 ? word.substr(1) : wanted.notMask;
        } else {
            wanted.mask = word;
        }
    }
    return wanted;
}

std::string modesOf(const IrcChannel& channel, bool inside) {
    std::string text(channel.modes.begin(), channel.modes.end());
    if (channel.is('k')) {
        text += ' ' + (inside ? channel.key : "<key>");
    }
    if (channel.is('l')) {
        text += ' ' + std::to_string(channel.limit);
    }
    return text;
}

}  // namespace

void IrcSession::join(Words& words, Turn& turn) {
    if (words[0].find(',') == std::string::npos) {
        enter(words[0], words.size() > 1 ? words[1] : "", turn);
        return;
    }
    if (words.size() == 1) {
        each(words, 0, &IrcSession::join, false, turn);
        return;
    }
    const Words keys = ircWords(words[1], ',', true);
    std::size_t number = 0;
    for (const std::string& name : ircWords(words[0], ',')) {
        enter(name, number < keys.size() ? keys[number] : "", turn);
        ++number;
    }
}

void IrcSession::enter(const std::string& name, const std::string& key, Turn& turn) {
    if (!ircIsChannel(name)) {
        numeric(476, {name, "Invalid channel name"}, turn);
        return;
    }
    if (self_->channels.size() >= kMostChannels) {
        numeric(405, {name, "You are on too many channels"}, turn);
        return;
    }
    IrcChannel* there = world_.channel(name);
    if (there != nullptr && (there->has(self_) || !admitted(*there, key, turn))) {
        return;
    }
    const IrcChannel& channel = world_.join(*self_, name.substr(0, kLongestChannel), second());
    if (caps_.contains("extended-join")) {
        say(self_->mask(), "JOIN", {channel.name, "*", self_->realName}, turn);
    } else {
        say(self_->mask(), "JOIN", {channel.name}, turn);
    }
    if (caps_.contains("away-notify") && !self_->away.empty()) {
        say(self_->mask(), "AWAY", {self_->away}, turn);
    }
    if (!channel.topic.empty()) {
        showTopic(channel, turn);
    }
    sendNames(channel, true, turn);
}

bool IrcSession::admitted(IrcChannel& channel, const std::string& key, Turn& turn) const {
    if (channel.invited.contains(self_)) {
        return true;
    }
    if (channel.is('k') && channel.key != key) {
        numeric(475, {channel.name, "Cannot join channel (incorrect channel key)"}, turn);
    } else if (channel.is('i')) {
        numeric(473, {channel.name, "Cannot join channel (invite only)"}, turn);
    } else if (channel.is('l') && channel.members.size() >= channel.limit) {
        numeric(471, {channel.name, "Cannot join channel (channel is full)"}, turn);
    } else if (channel.bars(*self_, address_)) {
        numeric(474, {channel.name, "Cannot join channel (you're banned)"}, turn);
    } else {
        return true;
    }
    return false;
}

void IrcSession::part(Words& words, Turn& turn) {
    if (each(words, 0, &IrcSession::part, true, turn)) {
        return;
    }
    IrcChannel* channel = world_.channel(words[0]);
    if (channel == nullptr) {
        noSuchChannel(words[0], turn);
        return;
    }
    if (!channel->has(self_)) {
        notOnChannel(*channel, "You're not on that channel", turn);
        return;
    }
    if (words.size() > 1 && !words[1].empty()) {
        say(self_->mask(), "PART", {channel->name, words[1]}, turn);
    } else {
        say(self_->mask(), "PART", {channel->name}, turn);
    }
    world_.leave(*self_, *channel);
}

void IrcSession::names(Words& words, Turn& turn) {
    if (words.empty()) {
        numeric(366, {"*", "End of /NAMES list."}, turn);
        return;
    }
    if (each(words, 0, &IrcSession::names, true, turn)) {
        return;
    }
    const IrcChannel* channel = world_.channel(words[0]);
    if (channel != nullptr && (channel->has(self_) || !channel->is('s'))) {
        sendNames(*channel, channel->has(self_), turn);
        return;
    }
    numeric(366, {words[0], "End of /NAMES list."}, turn);
}

void IrcSession::sendNames(const IrcChannel& channel, bool invisible, Turn& turn) const {
    Words entries;
    for (const IrcMember& member : channel.members) {
        if (invisible || !member.user->is('i')) {
            entries.push_back((caps_.contains("multi-prefix") ? member.prefixes() : member.prefix()) +
                              (caps_.contains("userhost-in-names") ? member.user->mask() : member.user->nick));
        }
    }
    const std::string kind = channel.is('s') ? "@" : channel.is('p') ? "*" : "=";
    builder(353, {kind, channel.name}, entries, channel.name.size() + 3 + self_->nick.size(), false, turn);
    numeric(366, {channel.name, "End of /NAMES list."}, turn);
}

void IrcSession::topic(Words& words, Turn& turn) {
    IrcChannel* channel = world_.channel(words[0]);
    if (channel == nullptr || (words.size() == 1 && channel->is('s') && !channel->has(self_))) {
        noSuchChannel(channel == nullptr ? words[0] : channel->name, turn);
    } else if (words.size() == 1 && channel->topic.empty()) {
        numeric(331, {channel->name, "No topic is set."}, turn);
    } else if (words.size() == 1) {
        showTopic(*channel, turn);
    } else if (!channel->has(self_)) {
        notOnChannel(*channel, "You're not on that channel!", turn);
    } else if (channel->is('t') && channel->rankOf(self_) < kIrcHalfOperator) {
        rankNeeded(*channel, kIrcHalfOperator, "change the topic", turn);
    } else if (const std::string text = words[1].substr(0, kLongestTopic); channel->topic != text) {
        channel->topic = text;
        channel->topicBy = self_->mask();
        channel->topicAt = second();
        say(self_->mask(), "TOPIC", {channel->name, text}, turn);
    }
}

void IrcSession::showTopic(const IrcChannel& channel, Turn& turn) const {
    numeric(332, {channel.name, channel.topic}, turn);
    numeric(333, {channel.name, channel.topicBy, std::to_string(channel.topicAt)}, turn);
}

void IrcSession::kick(Words& words, Turn& turn) {
    if (each(words, 1, &IrcSession::kick, true, turn)) {
        return;
    }
    IrcChannel* channel = world_.channel(words[0]);
    IrcUser* victim = known(words[1]);
    if (channel == nullptr) {
        noSuchChannel(words[0], turn);
    } else if (victim == nullptr) {
        noSuchNick(words[1], turn);
    } else if (!channel->has(self_)) {
        numeric(442, {words[0], "You're not on that channel!"}, turn);
    } else if (!channel->has(victim)) {
        numeric(441, {victim->nick, channel->name, "They are not on that channel"}, turn);
    } else if (const unsigned needed =
                   std::max(kIrcHalfOperator, channel->rankOf(victim) == kIrcOperator ? kIrcOperator : 0);
               channel->rankOf(self_) < needed) {
        rankNeeded(*channel, needed, "kick a more privileged user", turn);
    } else {
        const std::string reason = words.size() > 2 ? words[2] : self_->nick;
        say(self_->mask(), "KICK", {channel->name, victim->nick, reason.substr(0, kLongestKick)}, turn);
        world_.leave(*victim, *channel);
    }
}

void IrcSession::invite(Words& words, Turn& turn) {
    if (words.size() < 2) {
        numeric(337, {"End of INVITE list"}, turn);
        return;
    }
    if (words.size() > 2 && !ircDuration(words[2])) {
        notice("*** Invalid duration for invite", turn);
        return;
    }
    IrcChannel* channel = world_.channel(words[1]);
    IrcUser* guest = known(words[0]);
    if (channel == nullptr) {
        noSuchChannel(words[1], turn);
    } else if (guest == nullptr) {
        noSuchNick(words[0], turn);
    } else if (!channel->has(self_)) {
        notOnChannel(*channel, "You're not on that channel!", turn);
    } else if (channel->has(guest)) {
        numeric(443, {guest->nick, channel->name, "is already on channel"}, turn);
    } else if (channel->rankOf(self_) < kIrcHalfOperator) {
        rankNeeded(*channel, kIrcHalfOperator, "send an invite", turn);
    } else {
        numeric(341, {guest->nick, channel->name}, turn);
        if (!guest->away.empty()) {
            numeric(301, {guest->nick, guest->away}, turn);
        }
    }
}

void IrcSession::list(Words& words, Turn& turn) {
    const Wanted wanted = readWanted(words.empty() ? "" : words[0], second());
    numeric(321, {"Channel", "Users Name"}, turn);
    for (const auto& [name, channel] : world_.channels()) {
        const bool inside = channel->has(self_);
        const std::string users = std::to_string(channel->members.size());
        if (!wanted.admits(*channel) || (!inside && channel->is('s'))) {
            continue;
        }
        if (!inside && channel->is('p')) {
            numeric(322, {"*", users, ""}, turn);
        } else {
            numeric(322, {channel->name, users, "[+" + modesOf(*channel, inside) + "] " + channel->topic}, turn);
        }
    }
    numeric(323, {"End of channel list."}, turn);
}

}  // namespace apiary::agent
