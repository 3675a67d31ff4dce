#include "agent/protocols/irc_session.hpp"

#include <algorithm>

namespace apiary::agent {

/// As COMMANDS lists them, those for operators included.
std::span<const IrcSession::Verb> IrcSession::verbs() {
    using S = IrcSession;
    static constexpr bool kEarly = true;
    static constexpr bool kOper = true;
    static constexpr Verb kVerbs[] = {
        {"ADMIN", "core_info", 0, 0, 2, false, true, false, &S::adminCommand},
        {"AWAY", "core_user", 0, 1, 1, false, false, false, &S::away},
        {"CAP", "m_cap", 1, 0, 1, kEarly, true, false, &S::cap},
        {"CAPAB", "core_stub", 0, 0, 1, kEarly, true, false, &S::capab},
        {"COMMANDS", "core_info", 0, 0, 3, false, true, false, &S::commandsCommand},
        {"CONNECT", "core_stub", 1, 0, 1, false, true, kOper, &S::link},
        {"DIE", "core_oper", 1, 1, 1, false, true, kOper, &S::power},
        {"ELINE", "core_xline", 1, 3, 1, false, true, kOper, &S::eline},
        {"GLINE", "core_xline", 1, 3, 1, false, true, kOper, &S::gline},
        {"INFO", "core_info", 0, 0, 4, false, true, false, &S::info},
        {"INVITE", "core_channel", 0, 0, 4, false, true, false, &S::invite},
        {"ISON", "core_user", 1, 0, 1, false, false, false, &S::ison},
        {"JOIN", "core_channel", 1, 2, 2, false, true, false, &S::join},
        {"KICK", "core_channel", 2, 3, 1, false, true, false, &S::kick},
        {"KILL", "core_oper", 2, 2, 1, false, true, kOper, &S::kill},
        {"KLINE", "core_xline", 1, 3, 1, false, true, kOper, &S::kline},
        {"LINKS", "core_stub", 0, 0, 1, false, true, false, &S::links},
        {"LIST", "core_list", 0, 0, 5, false, false, false, &S::list},
        {"LOADMODULE", "core_loadmodule", 1, 1, 1, false, true, kOper, &S::loadModule},
        {"LUSERS", "core_lusers", 0, 0, 1, false, true, false, &S::lusers},
        {"MODE", "core_mode", 1, 0, 1, false, true, false, &S::mode},
        {"MODULES", "core_info", 0, 0, 4, false, true, false, &S::modulesCommand},
        {"MOTD", "core_info", 0, 0, 1, false, true, false, &S::motd},
        {"NAMES", "core_channel", 0, 0, 1, false, true, false, &S::names},
        {"NICK", "core_user", 1, 0, 0, kEarly, true, false, &S::nick},
        {"NOTICE", "core_message", 2, 2, 1, false, true, false, &S::noticeCommand},
        {"OPER", "core_oper", 2, 2, 1, false, true, false, &S::oper},
        {"PART", "core_user", 1, 2, 5, false, true, false, &S::part},
        {"PASS", "core_user", 1, 1, 0, kEarly, true, false, &S::pass},
        {"PING", "core_user", 1, 0, 1, false, true, false, &S::ping},
        {"PONG", "core_user", 1, 0, 0, false, true, false, &S::pong},
        {"PRIVMSG", "core_message", 2, 2, 1, false, true, false, &S::privmsg},
        {"QLINE", "core_xline", 1, 3, 1, false, true, kOper, &S::qline},
        {"QUIT", "core_user", 0, 1, 1, kEarly, true, false, &S::quitCommand},
        {"REHASH", "core_oper", 0, 0, 2, false, true, kOper, &S::rehash},
        {"RELOADMODULE", "core_reloadmodule", 1, 0, 1, false, true, kOper, &S::reloadModule},
        {"RESTART", "core_oper", 1, 1, 1, false, true, kOper, &S::power},
        {"SERVLIST", "core_info", 0, 0, 1, false, false, false, &S::servlist},
        {"SQUERY", "core_message", 2, 2, 1, false, true, false, &S::squery},
        {"SQUIT", "core_stub", 1, 2, 1, false, true, kOper, &S::link},
        {"STATS", "core_stats", 1, 2, 1, false, false, false, &S::stats},
        {"SUMMON", "core_stub", 1, 0, 1, false, true, false, &S::summon},
        {"TIME", "core_info", 0, 0, 1, false, true, false, &S::time},
        {"TOPIC", "core_channel", 1, 2, 2, false, true, false, &S::topic},
        {"UNLOADMODULE", "core_loadmodule", 1, 0, 1, false, true, kOper, &S::unloadModule},
        {"USER", "core_user", 4, 4, 0, kEarly, false, false, &S::user},
        {"USERHOST", "core_user", 1, 0, 1, false, false, false, &S::userhost},
        {"USERS", "core_stub", 0, 0, 1, false, true, false, &S::users},
        {"VERSION", "core_info", 0, 0, 1, false, true, false, &S::version},
        {"WALLOPS", "core_wallops", 1, 1, 1, false, true, kOper, &S::wallops},
        {"WHO", "core_who", 1, 3, 1, false, false, false, &S::who},
        {"WHOIS", "core_whois", 1, 0, 2, false, true, false, &S::whois},
        {"WHOWAS", "core_whowas", 1, 0, 2, false, true, false, &S::whowas},
        {"ZLINE", "core_xline", 1, 3, 1, false, true, kOper, &S::zline},
    };
    return kVerbs;
}

namespace {

/// What follows the verb, as one text.
std::string argumentOf(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) {
        const bool trailing =
            &word == &words.back() && (word.empty() || word[0] == ':' || word.find(' ') != std::string::npos);
        text += std::string(text.empty() ? "" : " ") + (trailing ? ":" : "") + word;
    }
    return text;
}

/// IDENTIFY, LOGIN or REGISTER, said to services: an account, if it is named, and a password.
void witnessServices(const std::vector<std::string>& words, const std::string& nick, Turn& turn) {
    if (words.size() < 2) {
        return;
    }
    const std::string verb = ircFold(words[0]);
    static constexpr std::string_view kLogins[] = {"identify", "id",      "login",   "auth",
                                                   "ghost",    "recover", "release", "regain"};
    if (std::ranges::find(kLogins, verb) != std::end(kLogins)) {
        const bool named = words.size() > 2;
        turn.observe(Credential{named ? words[1] : nick, words[named ? 2 : 1], false});
    } else if (verb == "register") {
        turn.observe(Credential{nick, words[1], false});
    }
}

bool isServices(std::string_view name) {
    const std::string folded = ircFold(name.substr(0, name.find('@')));
    return folded == "nickserv" || folded == "ns" || folded == "authserv" || folded == "userserv" || folded == "q" ||
           folded == "chanserv" || folded == "cs" || folded == "x";
}

/// Whether a message goes to services, among others perhaps.
bool reachesServices(std::string_view targets) {
    return std::ranges::any_of(ircWords(targets, ','), isServices);
}

/// What a message says; words that came without a colon are one text, as bots mean it.
std::string saidIn(const std::vector<std::string>& words) {
    std::string text = words[1];
    for (std::size_t i = 2; i < words.size(); ++i) {
        text += ' ' + words[i];
    }
    return text;
}

}  // namespace

/// What was asked for, whether or not the server does it.
void IrcSession::witness(const IrcLine& line, Turn& turn) const {
    const auto& words = line.parameters;
    turn.observe(Command{line.command, argumentOf(words)});
    const std::string nick = named_ ? self_->nick : "";
    if (isServices(line.command)) {
        witnessServices(words.size() == 1 ? ircWords(words[0], ' ') : words, nick, turn);
    } else if (line.command == "IDENTIFY") {
        Words said = words;
        said.insert(said.begin(), "identify");
        witnessServices(said, nick, turn);
    }
    if ((line.command != "PRIVMSG" && line.command != "NOTICE" && line.command != "SQUERY") || words.size() < 2) {
        return;
    }
    const std::string said = saidIn(words);
    std::string_view text = said;
    if (reachesServices(words[0])) {
        witnessServices(ircWords(text, ' '), nick, turn);
    }
    if (text.size() > 1 && text[0] == '\x01') {
        text.remove_prefix(1);
        text = text.substr(0, text.find('\x01'));
        turn.observe(Command{"CTCP", std::string(text)});
    }
}

}  // namespace apiary::agent
