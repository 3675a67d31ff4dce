#include "agent/protocols/irc_decoys.hpp"

#include "agent/protocol/seeded.hpp"

#include <algorithm>
#include <array>

namespace apiary::agent {
namespace {

constexpr std::uint64_t kPurpose = 0x19c;
constexpr std::int64_t kDay = 86400;

/// Nick, ident, real name.
constexpr std::array<std::array<const char*, 3>, 16> kPeople{{
    {"anders", "anders", "Anders"},
    {"bex", "bex", "Bex"},
    {"cornelis", "cor", "Cornelis V."},
    {"dagny", "dagny", "Dagny"},
    {"emil_", "emil", "Emil"},
    {"frieda", "frieda", "Frieda Keller"},
    {"gwen", "gwen", "gwen"},
    {"halvor", "halvor", "Halvor"},
    {"iris", "iris", "Iris M."},
    {"joost", "joost", "joost"},
    {"karin", "karin", "Karin"},
    {"lennart", "lenn", "Lennart"},
    {"margit", "margit", "Margit Lund"},
    {"tomas", "tomas", "Tomas"},
    {"jule", "jule", "Jule"},
    {"rikard", "rik", "Rikard Holm"},
}};
constexpr std::array<const char*, 3> kLast{"pelle", "pelle", "Pelle"};
constexpr const char* kAway[] = {"back on monday", "lunch", "on the road", "asleep"};
constexpr const char* kRules[] = {"no bots", "be kind, no bots", "no ads", "read the motd"};
constexpr const char* kHelp[] = {"Ask, then wait. Somebody will answer", "Questions about the network",
                                 "Describe your problem first", "Support is volunteer work"};

}  // namespace

std::int64_t ircLatest(std::int64_t now, std::int64_t phase, std::int64_t period) {
    const std::int64_t since = (now - phase) % period;
    return now - (since < 0 ? since + period : since);
}

IrcDecoys IrcDecoys::of(std::uint64_t sensorSeed, const std::string& domain, const std::string& network) {
    Seeded chance(sensorSeed, kPurpose);
    const std::size_t first = chance.below(kPeople.size());
    const std::string away = kAway[(chance.below(4) + 3) % 4];
    const std::string rules = kRules[(chance.below(4) + 2) % 4];
    const std::string help = kHelp[chance.below(4)];
    IrcDecoys decoys;
    decoys.channels = {{"#lobby", "Welcome to " + network + " | rules: " + rules, false},
                       {"#ops", "", true},
                       {"#support", help, false}};
    const std::vector<std::string> places[] = {
        {"#lobby", "#ops"}, {"#lobby", "#support"}, {"#lobby", "#support"}, {"#lobby", "#support", "#ops"}, {"#lobby"}};
    const char* modes[] = {"o", "", "i", "", "i"};
    std::vector<std::size_t> desks;
    for (std::size_t number = 0; number < 5; ++number) {
        std::size_t desk = 10 + chance.below(80);
        while (std::ranges::find(desks, desk) != desks.end()) {
            ++desk;
        }
        desks.push_back(desk);
        const auto& [nick, ident, real] = number == 4 ? kLast : kPeople[(first + number) % kPeople.size()];
        decoys.people.push_back({nick, ident, "ws" + std::to_string(desk) + '.' + domain, real, modes[number],
                                 number == 3 ? away : "", static_cast<std::int64_t>(chance.below(30 * kDay)),
                                 static_cast<std::int64_t>(9 * kDay + chance.below(20 * kDay)), places[number]});
    }
    return decoys;
}

IrcWorld IrcDecoys::world(std::int64_t now, const std::string& sid, std::int64_t age) const {
    IrcWorld world;
    for (std::size_t number = 0; number < people.size(); ++number) {
        const Person& person = people[number];
        const std::int64_t signon = age != 0 ? now - age : ircLatest(now, person.phase, person.period);
        IrcUser& user =
            world.add({.nick = person.nick,
                       .ident = person.ident,
                       .host = person.host,
                       .realName = person.realName,
                       .away = person.away,
                       .modes = {person.modes.begin(), person.modes.end()},
                       .signon = signon,
                       .spoke = std::max(signon, ircLatest(now, person.phase, 4217 + 97 * std::int64_t(number))),
                       .registered = true},
                      sid + "AAAAA" + static_cast<char>('A' + number));
        for (const std::string& name : person.channels) {
            IrcChannel& channel = world.join(user, name, signon);
            channel.created = std::min(channel.created, signon);
        }
    }
    for (const Channel& decoy : channels) {
        IrcChannel& channel = *world.channel(decoy.name);
        channel.topic = decoy.topic;
        if (!decoy.topic.empty()) {
            channel.topicBy = channel.members.front().user->mask();
            channel.topicAt = std::min(channel.created + 60, now);
        }
        if (decoy.secret) {
            channel.modes.insert('s');
        }
    }
    return world;
}

}  // namespace apiary::agent
