#include "agent/protocols/irc_session.hpp"

#include <algorithm>

namespace apiary::agent {
namespace {

constexpr std::int64_t kFormersKept = 3 * 86400;
constexpr std::string_view kFields = "tcuihsnfdlaor";  // of WHOX, in the order of the answer

}  // namespace

/// What WHO was asked. Without fields the answer is that of RFC 1459.
struct IrcSession::WhoQuery {
    std::string mask;
    std::set<char> flags = {};
    std::set<char> fields = {};
    std::string type = {};
    bool extended = false;

    explicit WhoQuery(const Words& words) : mask(words.size() > 2 ? words[2] : words[0]) {
        mask = mask == "0" ? "*" : mask;
        const std::string options = words.size() > 1 ? words[1] : "";
        for (std::size_t at = 0; at < options.size(); ++at) {
            if (options[at] == '%') {
                extended = true;
            } else if (extended && options[at] == ',') {
                type = options.substr(at + 1);
                break;
            } else {
                (extended ? fields : flags).insert(options[at]);
            }
        }
    }

    bool has(char flag) const { return flags.contains(flag); }
    bool fuzzy() const { return !flags.empty() || mask.find_first_of("*?.") != std::string::npos; }
};

void IrcSession::who(Words& words, Turn& turn) {
    const WhoQuery query(words);
    std::vector<Words> lines;
    if (const IrcChannel* channel = world_.channel(query.mask)) {
        const bool inside = channel->has(self_);
        for (const IrcMember& member : channel->members) {
            const bool visible = inside || (!channel->hidden() && !member.user->is('i'));
            if (visible && !query.has('f') && (!query.has('o') || member.user->is('o'))) {
                lines.push_back(whoLine(query, *member.user, channel));
            }
        }
    } else {
        std::vector<const IrcUser*> found;
        for (const auto& [nick, user] : world_.users()) {
            const bool visible = user.get() == self_ || !user->is('i') || IrcWorld::share(*self_, *user);
            if (user->registered && (visible || !query.fuzzy()) && matchesWho(query, *user)) {
                found.push_back(user.get());
            }
        }
        if (query.has('o')) {  // operators are listed as they became ones, the peer last
            std::erase_if(found, [](const IrcUser* user) { return !user->is('o'); });
            std::stable_partition(found.begin(), found.end(), [&](const IrcUser* user) { return user != self_; });
        }
        for (const IrcUser* user : found) {
            lines.push_back(whoLine(query, *user, nullptr));
        }
    }
    for (const Words& line : lines) {
        numeric(query.extended ? 354 : 352, line, turn);
    }
    numeric(315, {query.mask.empty() ? "*" : query.mask, "End of /WHO list."}, turn);
    punish(static_cast<std::int64_t>(lines.size()) * 5);
}

bool IrcSession::matchesWho(const WhoQuery& query, const IrcUser& user) const {
    const bool own = &user == self_;
    const auto fits = [&](const std::string& text, bool rfc = false) { return ircMatches(text, query.mask, rfc); };
    if (query.has('f')) {
        return false;
    }
    if (query.has('A')) {
        return !user.away.empty() && fits(user.away);
    }
    if (query.has('a')) {
        return false;
    }
    if (query.has('h')) {
        return fits(user.host);
    }
    if (query.has('i')) {
        return own && fits(address_);
    }
    if (query.has('m')) {
        bool set = true;
        for (const char mode : own ? query.mask : "") {
            if (mode == '+' || mode == '-') {
                set = mode == '+';
            } else if (user.is(mode) != set) {
                return false;
            }
        }
        return own;
    }
    if (query.has('n')) {
        return fits(user.nick, true);
    }
    if (query.has('p')) {
        return false;
    }
    if (query.has('r')) {
        return fits(user.realName);
    }
    if (query.has('s')) {
        return fits(service_.host);
    }
    if (query.has('t')) {
        const auto now = static_cast<std::uint64_t>(second());
        return user.signon >= static_cast<std::int64_t>(now - std::min(ircDuration(query.mask).value_or(0), now));
    }
    if (query.has('u')) {
        return fits(user.ident);
    }
    return fits(user.host) || fits(service_.host) || fits(user.realName) || fits(user.nick, true);
}

IrcSession::Words IrcSession::whoLine(const WhoQuery& query, const IrcUser& user, const IrcChannel* channel) const {
    if (channel == nullptr) {
        const auto seen = std::ranges::find_if(
            user.channels, [&](const IrcChannel* one) { return &user == self_ || !one->hidden() || one->has(self_); });
        channel = seen == user.channels.end() ? nullptr : *seen;
    }
    IrcMember member{nullptr, ""};
    if (channel != nullptr) {
        member = *std::ranges::find(channel->members, &user, &IrcMember::user);
    }
    const std::string place = channel == nullptr ? "*" : channel->name;
    std::string flags = user.away.empty() ? "H" : "G";
    flags += user.is('o') ? "*" : "";
    flags += member.prefix();
    flags += caps_.contains("multi-prefix") && member.status.size() > 1 ? member.prefixes().substr(1) : "";
    if (!query.extended) {
        return {place, user.ident, user.host, service_.host, user.nick, flags, "0 " + user.realName};
    }
    Words words;
    for (const char field : kFields) {
        if (!query.fields.contains(field)) {
            continue;
        }
        switch (field) {
            case 't':
                words.push_back(query.type.empty() || query.type.size() > 3 ? "0" : query.type);
                break;
            case 'c':
                words.push_back(place);
                break;
            case 'u':
                words.push_back(user.ident);
                break;
            case 'i':
                words.push_back(&user == self_ ? address_ : "255.255.255.255");
                break;
            case 'h':
                words.push_back(user.host);
                break;
            case 's':
                words.push_back(service_.host);
                break;
            case 'n':
                words.push_back(user.nick);
                break;
            case 'f':
                words.push_back(flags);
                break;
            case 'l':
                words.push_back(std::to_string(second() - user.spoke));
                break;
            case 'o':
                words.push_back(member.status.empty() ? "n/a" : member.status[0] == 'o' ? "0" : "1");
                break;
            case 'r':
                words.push_back(user.realName);
                break;
            default:
                words.push_back("0");
                break;  // how far away; the account
        }
    }
    return words;
}

void IrcSession::whois(Words& words, Turn& turn) {
    if (each(words, 0, &IrcSession::whois, true, turn)) {
        return;
    }
    const std::string& nick = words[words.size() > 1 ? 1 : 0];
    if (nick.empty()) {
        numeric(431, {"No nickname given"}, turn);
    } else if (const IrcUser* user = known(nick)) {
        whoisOf(*user, turn);
    } else {
        noSuchNick(nick, turn);
        numeric(318, {nick, "End of /WHOIS list."}, turn);
    }
}

void IrcSession::whoisOf(const IrcUser& user, Turn& turn) {
    const bool own = &user == self_;
    const auto line = [&](unsigned number, Words words) {
        words.insert(words.begin(), user.nick);
        numeric(number, words, turn);
    };
    line(311, {user.ident, user.host, "*", user.realName});
    if (own) {
        line(378, {"is connecting from " + user.ident + '@' + user.host + ' ' + address_});
    }
    Words places;
    for (const IrcChannel* channel : user.channels) {
        if (own || !channel->hidden() || channel->has(self_)) {
            const auto member = std::ranges::find(channel->members, &user, &IrcMember::user);
            places.push_back((caps_.contains("multi-prefix") ? member->prefixes() : member->prefix()) + channel->name);
        }
    }
    builder(319, {user.nick}, places, self_->nick.size() + user.nick.size() + 1, false, turn);
    line(312, {service_.host, service_.description});
    if (!user.away.empty()) {
        line(301, {user.away});
    }
    if (user.is('o')) {
        line(313, {"is a NetAdmin on " + service_.network});
    }
    if (own) {
        line(379, {"is using modes " + user.modeLetters()});
    }
    line(317, {std::to_string(second() - user.spoke), std::to_string(user.signon), "seconds idle, signon time"});
    line(318, {"End of /WHOIS list."});
}

void IrcSession::whowas(Words& words, Turn& turn) {
    if (words[0].empty()) {
        numeric(431, {"No nickname given"}, turn);
        return;
    }
    std::uint64_t left = words.size() > 1 ? ircNumber(words[1]) : 0;
    const auto& formers = memory_.formers();
    left = left == 0 ? formers.size() : left;
    bool found = false;
    for (auto former = formers.rbegin(); former != formers.rend(); ++former) {
        if (!ircEqual(former->nick, words[0]) || former->signon < second() - kFormersKept) {
            continue;
        }
        found = true;
        if (left-- == 0) {
            break;
        }
        numeric(314, {words[0], former->ident, address_, "*", former->realName}, turn);
        numeric(312, {words[0], service_.host, ircDate(former->signon)}, turn);
    }
    if (!found) {
        numeric(406, {words[0], "There was no such nickname"}, turn);
    }
    numeric(369, {words[0], "End of WHOWAS"}, turn);
}

}  // namespace apiary::agent
