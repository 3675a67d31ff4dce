#include "agent/protocols/irc_session.hpp"

#include <algorithm>
#include <cstdio>

namespace apiary::agent {
namespace {

constexpr std::size_t kTokensInALine = 13;  // of the numeric 005; the first line has one less

/// The credits of InspIRCd 3.15, as INFO gives them.
constexpr const char* kCredits[] = {
    "                   -/\\- \002InspIRCd\002 -\\/-",
    "                 November 2002 - Present",
    " ",
    "\002Core Developers\002:",
    "    Matt Schatz,            genius3000, <genius3000@g3k.solutions>",
    "    Sadie Powell,           SadieCat,   <sadie@witchery.services>",
    " ",
    "\002Former Developers\002:",
    "    Attila Molnar,          Attila,     <attilamolnar@hush.com>",
    "    Daniel De Graaf,        danieldg,   <danieldg@inspircd.org>",
    "    Dennis Friis,           peavey,     <peavey@inspircd.org>",
    "    John Brooks,            Special,    <special@inspircd.org>",
    "    Matt Smith,             dz,         <dz@inspircd.org>",
    "    Oliver Lupton,          Om,         <om@inspircd.org>",
    "    Thomas Stagner,         aquanight,  <aquanight@inspircd.org>",
    "    Uli Schlachter,         psychon,    <psychon@inspircd.org>",
    " ",
    "\002Founding Developers\002:",
    "    Craig Edwards,          Brain,      <brain@inspircd.org>",
    "    Craig McLure,           Craig,      <craig@inspircd.org>",
    "    Robin Burchell,         w00t,       <w00t@inspircd.org>",
    " ",
    "\002Active Contributors\002:",
    "   Adam            progval         Robby",
    " ",
    "\002Former Contributors\002:",
    "   Adremelech      Ankit           AnMaster        Bricker",
    "   BuildSmart      Burlex          CC              ChrisTX",
    "   Dan             djGrrr          dmb             eggy",
    "   fraggeln        GreenReaper     HiroP           jackmcbarn",
    "   jamie           Jason           jilles          John2",
    "   kaniini         LeaChim         linuxdaemon     MacGyver",
    "   majic           Namegduf        owine           Phoenix",
    "   pippijn         praetorian      Quension        satmd",
    "   Shawn           Sheogorath      Shutter         skenmy",
    "   Skip            Stskeeps        Taros           ThaPrince",
    "   Thunderhacker   typobox43       Zaba",
    " ",
    "\002Thanks To\002:",
    "   Asmo            Brik            dan-            Duck",
    "   jwheare         prawnsalad",
    " ",
    " Best experienced with \002an IRC client\002",
};

/// Module, what it says of itself.
constexpr const char* kModules[][2] = {
    {"core_channel", "Provides the INVITE, JOIN, KICK, NAMES, and TOPIC commands"},
    {"core_dns", "Provides support for DNS lookups"},
    {"core_hostname_lookup", "Provides support for DNS lookups on connecting clients"},
    {"core_info", "Provides the ADMIN, COMMANDS, INFO, MODULES, MOTD, TIME, SERVLIST, and VERSION commands"},
    {"core_list", "Provides the LIST command"},
    {"core_loadmodule", "Provides the LOADMODULE and UNLOADMODULE commands"},
    {"core_lusers", "Provides the LUSERS command"},
    {"core_message", "Provides the NOTICE, PRIVMSG, and SQUERY commands"},
    {"core_mode", "Provides the MODE command"},
    {"core_oper", "Provides the DIE, KILL, OPER, REHASH, and RESTART commands"},
    {"core_reloadmodule", "Provides the RELOADMODULE command"},
    {"core_serialize_rfc", "RFC client protocol serializer and unserializer"},
    {"core_stats", "Provides the STATS command"},
    {"core_stub", "Provides stubs for unimplemented commands"},
    {"core_user", "Provides the AWAY, ISON, NICK, PART, PASS, PING, PONG, QUIT, USERHOST, and USER commands"},
    {"core_wallops", "Provides the WALLOPS command"},
    {"core_who", "Provides the WHO command"},
    {"core_whois", "Provides the WHOIS command"},
    {"core_whowas", "Provides the WHOWAS command"},
    {"core_xline", "Provides the ELINE, GLINE, KLINE, QLINE, and ZLINE commands"},
    {"m_cap", "Provides support for the IRCv3 Client Capability Negotiation extension."},
    {"m_conn_waitpong", "Requires all clients to respond to a PING request before they can fully connect."},
    {"m_ircv3", "Provides the IRCv3 account-notify, away-notify, and extended-join client capabilities."},
    {"m_namesx", "Provides the IRCv3 multi-prefix client capability."},
    {"m_uhnames", "Provides the IRCv3 userhost-in-names client capability."},
};

}  // namespace

bool ircModuleLoaded(std::string_view file) {
    return std::ranges::any_of(kModules, [&](const auto& module) { return std::string(module[0]) + ".so" == file; });
}

/// Who is not registered yet does not count as a user.
void IrcSession::lusers(Words&, Turn& turn) {
    const auto count = [&](auto&& wanted) { return std::ranges::count_if(world_.users(), wanted); };
    const auto users = count([](const auto& user) { return user.second->registered; });
    const auto invisible = count([](const auto& user) { return user.second->registered && user.second->is('i'); });
    const auto opers = count([](const auto& user) { return user.second->is('o'); });
    const auto unknown = static_cast<std::ptrdiff_t>(world_.users().size()) - users;
    const std::string all = std::to_string(users);
    const std::string most = std::to_string(service_.decoys.people.size() + 1);
    numeric(251,
            {"There are " + std::to_string(users - invisible) + " users and " + std::to_string(invisible) +
             " invisible on 1 servers"},
            turn);
    if (opers != 0) {
        numeric(252, {std::to_string(opers), "operator(s) online"}, turn);
    }
    if (unknown != 0) {
        numeric(253, {std::to_string(unknown), "unknown connections"}, turn);
    }
    numeric(254, {std::to_string(world_.channels().size()), "channels formed"}, turn);
    numeric(255, {"I have " + all + " clients and 0 servers"}, turn);
    numeric(265, {"Current local users: " + all + "  Max: " + most}, turn);
    numeric(266, {"Current global users: " + all + "  Max: " + most}, turn);
}

void IrcSession::motd(Words& words, Turn& turn) {
    if (!forUs(words)) {
        punish(isOper() ? 0 : 2000);
        return;
    }
    numeric(375, {service_.host + " message of the day"}, turn);
    for (const std::string& line : service_.motd) {
        numeric(372, {line.empty() ? " " : line}, turn);
    }
    numeric(376, {"End of message of the day."}, turn);
}

void IrcSession::version(Words&, Turn& turn) {
    if (isOper()) {
        numeric(351, {"InspIRCd-3.15.0-debian.", service_.host, '[' + service_.sid + "] "}, turn);
    } else {
        numeric(351, {"InspIRCd-3.", service_.host, ""}, turn);
    }
    isupport(turn);
}

void IrcSession::isupport(Turn& turn) const {
    Words line;
    for (std::size_t number = 1; number <= service_.tokens.size(); ++number) {
        line.push_back(service_.tokens[number - 1]);
        if (number % kTokensInALine == kTokensInALine - 1 || number == service_.tokens.size()) {
            line.emplace_back("are supported by this server");
            numeric(5, line, turn);
            line.clear();
        }
    }
}

void IrcSession::time(Words& words, Turn& turn) {
    if (forUs(words)) {
        numeric(391, {service_.host, ircDate(second())}, turn);
    }
}

void IrcSession::adminCommand(Words& words, Turn& turn) {
    if (forUs(words)) {
        numeric(256, {service_.host, "Administrative info"}, turn);
        if (!service_.admin[0].empty()) {
            numeric(257, {"Name: " + service_.admin[0]}, turn);
        }
        numeric(258, {"Nickname: " + service_.admin[1]}, turn);
        numeric(259, {"Email: " + service_.admin[2]}, turn);
    }
}

void IrcSession::info(Words& words, Turn& turn) {
    if (forUs(words)) {
        for (const char* line : kCredits) {
            numeric(371, {line}, turn);
        }
        numeric(374, {"End of /INFO list"}, turn);
    }
}

void IrcSession::links(Words&, Turn& turn) {
    numeric(364, {service_.host, service_.host, "0 " + service_.description}, turn);
    numeric(365, {"*", "End of /LINKS list."}, turn);
}

void IrcSession::modulesCommand(Words& words, Turn& turn) {
    if (!forUs(words)) {
        if (!isOper()) {
            notice("*** You cannot check what modules other servers have loaded.", turn);
        }
        return;
    }
    for (const auto& [name, meaning] : kModules) {
        numeric(702, {std::string(name) + ".so", "*", "*", meaning}, turn);
    }
    numeric(703, {"End of MODULES list"}, turn);
}

void IrcSession::commandsCommand(Words&, Turn& turn) {
    for (const Verb& verb : verbs()) {
        if (!verb.oper || isOper()) {
            numeric(700,
                    {std::string(verb.name) + ' ' + std::string(verb.module) + ".so " + std::to_string(verb.least) +
                     ' ' + std::to_string(verb.penalty)},
                    turn);
        }
    }
    numeric(701, {"End of COMMANDS list"}, turn);
}

void IrcSession::servlist(Words& words, Turn& turn) {
    numeric(235, {words.empty() ? "*" : words[0], words.size() > 1 ? words[1] : "*", "End of service listing"}, turn);
}

/// What is not for everybody takes a privilege that no type of operators has.
void IrcSession::stats(Words& words, Turn& turn) {
    if (words.size() > 1 && !ircEqual(words[1], service_.host)) {
        punish(isOper() ? 0 : 2000);
        return;
    }
    const std::string letter = words[0].substr(0, 1);
    if (letter == "u") {
        const std::int64_t up = second() - service_.started(second());
        char text[64];
        (void)std::snprintf(text, sizeof text, "Server up %d days, %02d:%02d:%02d", int(up / 86400),
                            int(up / 3600 % 24), int(up / 60 % 60), int(up % 60));
        numeric(242, {text}, turn);
    } else if (letter == "P") {
        std::size_t opers = 0;
        const auto tell = [&](const IrcUser& user) {
            if (user.is('o')) {
                ++opers;
                numeric(249,
                        {user.nick + " (" + user.ident + '@' + user.host +
                         ") Idle: " + ircDurationText(second() - user.spoke)},
                        turn);
            }
        };
        for (const auto& [nick, user] : world_.users()) {
            if (user.get() != self_) {
                tell(*user);
            }
        }
        tell(*self_);
        numeric(249, {std::to_string(opers) + " OPER(s)"}, turn);
    } else {
        numeric(481, {"Permission Denied - STATS " + letter + " requires the servers/auspex priv."}, turn);
        return;
    }
    numeric(219, {letter, "End of /STATS report"}, turn);
}

void IrcSession::summon(Words&, Turn& turn) {
    numeric(445, {"SUMMON has been disabled"}, turn);
}

void IrcSession::users(Words&, Turn& turn) {
    numeric(446, {"USERS has been disabled"}, turn);
}

}  // namespace apiary::agent
