#include "agent/protocols/irc_session.hpp"

#include <algorithm>

namespace apiary::agent {
namespace {

constexpr std::size_t kLongestKey = 32;
constexpr std::size_t kLongestParameter = 250;
constexpr std::size_t kMostChanges = 20;
constexpr std::size_t kMostBans = 100;
constexpr std::size_t kLongestChange = 450;
constexpr std::uint64_t kMostLimit = 0x7fffffffffffffff;

/// A mode of channels or users.
struct Mode {
    char letter;
    std::string_view name;
    std::string_view syntax;  // of its parameter; empty: none
    bool whenRemoved;         // a parameter is needed then too
};
constexpr Mode kChannelModes[] = {
    {'b', "ban", "<mask>", true},     {'i', "inviteonly", "", false}, {'k', "key", "<key>", true},
    {'l', "limit", "<limit>", false}, {'m', "moderated", "", false},  {'n', "noextmsg", "", false},
    {'o', "op", "<nick>", true},      {'p', "private", "", false},    {'s', "secret", "", false},
    {'t', "topiclock", "", false},    {'v', "voice", "<nick>", true}};
constexpr Mode kUserModes[] = {{'i', "invisible", "", false},
                               {'o', "oper", "", false},
                               {'s', "snomask", "(+|-)<snomasks>|*", false},
                               {'w', "wallops", "", false}};

const Mode* modeOf(char letter, bool ofChannel) {
    const std::span<const Mode> modes = ofChannel ? std::span<const Mode>(kChannelModes) : kUserModes;
    const auto found = std::ranges::find(modes, letter, &Mode::letter);
    return found == modes.end() ? nullptr : &*found;
}

bool needsParameter(const Mode& mode, bool adding) {
    return !mode.syntax.empty() && (adding || mode.whenRemoved);
}

/// A ban of a nick, a host or a part of a mask becomes a whole mask.
std::string wholeMask(const std::string& mask) {
    if (mask.size() >= 2 && mask[1] == ':') {
        return mask;
    }
    const bool bang = mask.find('!') != std::string::npos;
    const bool at = mask.find('@') != std::string::npos;
    if (!bang && !at) {
        const bool host = mask.find('.') != std::string::npos || mask.find("::") != std::string::npos || mask[0] == ':';
        return host ? "*!*@" + mask : mask + "!*@*";
    }
    return !bang ? "*!" + mask : !at ? mask + "@*" : mask;
}

}  // namespace

void IrcSession::mode(Words& words, Turn& turn) {
    const std::string& target = words[0];
    IrcChannel* channel = world_.channel(target);
    IrcUser* user = channel == nullptr ? world_.user(target) : nullptr;
    if (user == nullptr && (channel == nullptr || (channel->hidden() && !channel->has(self_)))) {
        target.starts_with('#') ? noSuchChannel(target, turn) : noSuchNick(target, turn);
        return;
    }
    if (words.size() == 1) {
        channel != nullptr ? showModes(*channel, turn) : showModes(*user, turn);
        return;
    }
    std::vector<Change> done;
    auto changes = readChanges(words, channel != nullptr, turn);
    if (user != nullptr && user != self_) {
        numeric(502, {"Can't change mode for other users"}, turn);
        return;
    }
    for (Change& change : changes) {
        if (validParameter(channel, change, turn) &&
            (channel != nullptr ? apply(*channel, change, turn) : applyOwn(change, turn))) {
            done.push_back(change);
        }
        if (done.size() == kMostChanges) {
            break;
        }
    }
    announce(channel != nullptr ? channel->name : self_->nick, done, turn);
    if (done.empty() && channel != nullptr && words.size() == 2) {
        const std::string wanted = words[1].substr(0, words[1].find_first_not_of("+b"));
        if (wanted.find('b') != std::string::npos) {
            showBans(*channel, turn);
        }
    }
}

void IrcSession::showModes(const IrcChannel& channel, Turn& turn) const {
    Words words{channel.name, '+' + std::string(channel.modes.begin(), channel.modes.end())};
    if (channel.is('k')) {
        words.push_back(channel.has(self_) ? channel.key : "<key>");
    }
    if (channel.is('l')) {
        words.push_back(std::to_string(channel.limit));
    }
    numeric(324, words, turn);
    numeric(329, {channel.name, std::to_string(channel.created)}, turn);
}

void IrcSession::showModes(const IrcUser& target, Turn& turn) const {
    if (&target != self_) {
        numeric(502, {"Can't view modes for other users"}, turn);
        return;
    }
    numeric(221, {target.modeLetters()}, turn);
    if (isOper()) {
        numeric(8, {'+' + std::string(snomasks_.begin(), snomasks_.end()), "Server notice mask"}, turn);
    }
}

std::vector<IrcSession::Change> IrcSession::readChanges(const Words& words, bool ofChannel, Turn& turn) const {
    std::vector<Change> changes;
    bool adding = true;
    std::size_t next = 2;
    for (const char letter : words[1]) {
        if (letter == '+' || letter == '-') {
            adding = letter == '+';
            continue;
        }
        const Mode* mode = modeOf(letter, ofChannel);
        if (mode == nullptr) {
            numeric(ofChannel ? 472 : 501,
                    {std::string(1, letter),
                     std::string("is not a recognised ") + (ofChannel ? "channel" : "user") + " mode."},
                    turn);
            continue;
        }
        const bool takes = needsParameter(*mode, adding) && next < words.size();
        changes.push_back({letter, adding, takes ? words[next] : ""});
        next += takes ? 1 : 0;
    }
    return changes;
}

bool IrcSession::validParameter(const IrcChannel* channel, const Change& change, Turn& turn) const {
    const Mode& mode = *modeOf(change.mode, channel != nullptr);
    const std::string& parameter = change.parameter;
    if (!needsParameter(mode, change.adding)) {
        return true;
    }
    std::string message;
    const std::string name(mode.name);
    if (parameter.empty() && change.mode == 'b') {
        return false;
    }
    if (parameter.empty()) {
        message = "You must specify a parameter for the " + name + " mode. Syntax: " + std::string(mode.syntax) + '.';
    } else if (parameter[0] == ':' || parameter.find(' ') != std::string::npos) {
        message = "Invalid " + name + " mode parameter. Syntax: " + std::string(mode.syntax) + '.';
    } else {
        return true;
    }
    numeric(696, {channel != nullptr ? channel->name : self_->nick, std::string(1, change.mode), "*", message}, turn);
    return false;
}

bool IrcSession::apply(IrcChannel& channel, Change& change, Turn& turn) {
    if (change.adding) {
        change.parameter = change.parameter.substr(0, kLongestParameter);
    }
    const bool resigns = change.mode == 'o' && !change.adding && change.parameter == self_->nick;
    const unsigned needed = change.mode == 'o' ? kIrcOperator : kIrcHalfOperator;
    if (!resigns && channel.rankOf(self_) < needed) {
        rankNeeded(channel, needed,
                   std::string(change.adding ? "set" : "unset") + " channel mode " + change.mode + " (" +
                       std::string(modeOf(change.mode, true)->name) + ')',
                   turn);
        return false;
    }
    switch (change.mode) {
        case 'b':
            return applyBan(channel, change, turn);
        case 'k':
            return applyKey(channel, change, turn);
        case 'l':
            return applyLimit(channel, change, turn);
        case 'o':
        case 'v':
            return applyStatus(channel, change, turn);
        default:
            break;
    }
    return change.adding ? channel.modes.insert(change.mode).second : channel.modes.erase(change.mode) != 0;
}

bool IrcSession::applyStatus(IrcChannel& channel, Change& change, Turn& turn) {
    IrcUser* user = world_.user(change.parameter);
    if (user == nullptr) {
        noSuchNick(change.parameter, turn);
        return false;
    }
    change.parameter = user->nick;
    IrcMember* member = channel.member(user);
    return member != nullptr && member->set(change.mode, change.adding);
}

bool IrcSession::applyKey(IrcChannel& channel, Change& change, Turn& turn) {
    if (channel.is('k') == change.adding) {
        return false;
    }
    if (!change.adding && change.parameter != channel.key) {
        numeric(467, {channel.name, "Channel key already set"}, turn);
        return false;
    }
    if (!change.adding) {
        channel.modes.erase('k');
        return true;
    }
    std::erase(change.parameter, ',');
    change.parameter = change.parameter.substr(0, kLongestKey);
    if (change.parameter.empty()) {
        return false;
    }
    channel.key = change.parameter;
    channel.modes.insert('k');
    return true;
}

bool IrcSession::applyLimit(IrcChannel& channel, Change& change, Turn& turn) {
    if (!change.adding) {
        return channel.modes.erase('l') != 0;
    }
    if (channel.is('l') && std::to_string(channel.limit) == change.parameter) {
        return false;
    }
    const std::uint64_t limit = ircNumber(change.parameter);
    if (limit > kMostLimit) {
        numeric(696, {channel.name, "l", change.parameter, "Invalid limit mode parameter. Syntax: <limit>."}, turn);
        return false;
    }
    channel.limit = limit;
    channel.modes.insert('l');
    change.parameter = std::to_string(limit);
    return true;
}

bool IrcSession::applyBan(IrcChannel& channel, Change& change, Turn& turn) {
    change.parameter = change.adding ? wholeMask(change.parameter) : change.parameter;
    const std::string& mask = change.parameter;
    const auto found = std::ranges::find(channel.bans, mask, &IrcBan::mask);
    if (!change.adding && found != channel.bans.end()) {
        *found = channel.bans.back();
        channel.bans.pop_back();
        return true;
    }
    if (!change.adding) {
        numeric(698, {channel.name, mask, "b", "Channel ban list does not contain " + mask}, turn);
    } else if (found != channel.bans.end()) {
        numeric(697, {channel.name, mask, "b", "Channel ban list already contains " + mask}, turn);
    } else if (channel.bans.size() >= kMostBans) {
        numeric(478, {channel.name, mask, "b", "Channel ban list is full"}, turn);
    } else {
        channel.bans.push_back({mask, self_->nick, second()});
        return true;
    }
    return false;
}

/// Operators may not set modes for operators either: their types do not name any.
bool IrcSession::applyOwn(Change& change, Turn& turn) {
    const bool forOpers = change.mode == 'o' || change.mode == 's';
    if (forOpers && change.adding && (!isOper() || change.mode == 's')) {
        const std::string who = isOper() ? "Oper type NetAdmin does not have access to" : "Only operators may";
        numeric(481, {"Permission Denied - " + who + " set user mode " + change.mode}, turn);
        return false;
    }
    if (change.mode == 'o' && change.adding) {
        return false;
    }
    return change.adding ? self_->modes.insert(change.mode).second : self_->modes.erase(change.mode) != 0;
}

void IrcSession::showBans(const IrcChannel& channel, Turn& turn) const {
    for (const IrcBan& ban : channel.bans) {
        numeric(367, {channel.name, ban.mask, ban.setter, std::to_string(ban.at)}, turn);
    }
    numeric(368, {channel.name, "End of channel ban list"}, turn);
}

/// As many lines as it takes.
void IrcSession::announce(const std::string& target, const std::vector<Change>& changes, Turn& turn) const {
    std::string letters;
    std::string parameters;
    char sign = 0;
    const auto flush = [&] {
        const auto last = parameters.rfind(' ');
        const std::string head = ':' + self_->mask() + " MODE " + target + ' ';
        if (parameters.empty()) {
            say(head + ':' + letters, turn);
        } else {
            say(head + letters + parameters.substr(0, last + 1) + ':' + parameters.substr(last + 1), turn);
        }
        letters.clear();
        parameters.clear();
        sign = 0;
    };
    for (const Change& change : changes) {
        const char wanted = change.adding ? '+' : '-';
        const std::size_t more = change.parameter.empty() ? 0 : change.parameter.size() + 1;
        if (letters.size() + (sign != wanted ? 1 : 0) + 1 + parameters.size() + more > kLongestChange) {
            flush();
        }
        letters += sign != wanted ? std::string(1, wanted) : "";
        letters += change.mode;
        sign = wanted;
        parameters += more == 0 ? "" : ' ' + change.parameter;
    }
    if (!letters.empty()) {
        flush();
    }
}

}  // namespace apiary::agent
