#pragma once

#include "agent/protocol/accounts.hpp"
#include "agent/protocol/seeded.hpp"
#include "agent/protocols/irc_decoys.hpp"
#include "agent/protocols/irc_memory.hpp"
#include "agent/protocols/irc_text.hpp"
#include "agent/protocols/irc_world.hpp"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// What all IRC sessions of a service share.
struct IrcService final : Prepared {
    std::string host;
    std::string network;
    std::string description;
    std::vector<std::string> admin;  // name, nick, address
    std::vector<std::string> motd;   // lines
    Accounts accounts;               // of operators
    IrcDecoys decoys;
    std::string sid;              // begins the ids of users
    std::int64_t bootPhase = 0;   // seconds
    std::int64_t bootPeriod = 0;  // between two starts of the server
    std::int64_t pingEvery = 0;   // seconds
    std::int64_t registerWithin = 0;
    std::int64_t threshold = 0;       // seconds of penalty from which on a client must wait
    std::int64_t uptime = 0;          // seconds that the server and its people are always up; 0: as seeded
    bool lookup = true;               // says that it looks for the peer's name
    std::vector<std::string> tokens;  // of the numeric 005

    static Result<std::shared_ptr<const Prepared>> prepare(const Settings& settings, std::uint64_t sensorSeed);

    /// When the server started, as seen at `now`; seconds since 1970.
    std::int64_t started(std::int64_t now) const {
        return uptime != 0 ? now - uptime : ircLatest(now, bootPhase, bootPeriod);
    }
};

/// IRC (RFC 1459 and 2812, IRCv3 capabilities) as Debian's InspIRCd 3.15 speaks it. See irc.cpp for its configuration.
///
/// Each session has a network of its own: decoys and the peer. The server works once a second: it lets registered
/// clients in, forgives flood penalties, and looks for those who are silent; the alarm stands for that second.
class IrcSession final : public Session {
public:
    IrcSession(const IrcService& service, const Environment& environment);

    void onOpen(Turn& turn) override;
    void onBytes(std::string_view bytes, Turn& turn) override;
    void onResume(Turn& turn) override { work(turn); }
    void onAlarm(Turn& turn) override;
    void onIdle(Turn& turn) override;
    void onPeerClosed(Turn& turn) override;
    void onCut(Turn& turn) override;

private:
    using Words = std::vector<std::string>;
    using Handler = void (IrcSession::*)(Words& words, Turn& turn);

    /// A command of the server, or of a module that is loaded.
    struct Verb {
        std::string_view name;
        std::string_view module;
        std::size_t least;   // parameters
        std::size_t most;    // 0: any number; more are joined
        unsigned penalty;    // seconds
        bool early = false;  // before the registration too
        bool empty = true;   // an empty last parameter counts
        bool oper = false;   // for operators
        Handler handler = nullptr;
    };
    static std::span<const Verb> verbs();

    // irc.cpp: lines, time, the end
    void work(Turn& turn);
    void line(std::string_view raw, Turn& turn);
    void dispatch(IrcLine& line, Turn& turn);
    bool intercepted(const IrcLine& line, Turn& turn);
    void unknown(const IrcLine& line, Turn& turn);
    void witness(const IrcLine& line, Turn& turn) const;
    void forgive(Turn& turn);
    void inspect(std::int64_t second, Turn& turn);
    void arm(Turn& turn);
    std::int64_t due() const;
    void quit(const std::string& reason, Turn& turn);
    void finishLookup(Turn& turn);
    void hearOut(Turn& turn);
    void enterWorld();
    void leaveWorld(Turn& turn);
    bool deaf() const { return lookupDue_ != 0 || now_ < listenFrom_; }
    bool ready() const { return named_ && introduced_ && !held_ && cookie_.empty() && lookupDue_ == 0; }
    std::int64_t second() const { return now_ / 1000; }
    bool slowed() const { return penalty_ >= 1000 * service_.threshold; }
    void punish(std::int64_t milliseconds) { penalty_ += milliseconds; }

    // irc_answer.cpp: what is said to the peer, and who it is
    void say(const std::string& line, Turn& turn) const;
    void say(const std::string& source, std::string_view command, std::initializer_list<std::string> words,
             Turn& turn) const;
    void numeric(unsigned number, const Words& words, Turn& turn) const;
    void notice(const std::string& text, Turn& turn) const;
    void builder(unsigned number, const Words& fixed, const Words& entries, std::size_t extra, bool sendEmpty,
                 Turn& turn) const;
    void noSuchNick(const std::string& nick, Turn& turn) const;
    void noSuchChannel(const std::string& channel, Turn& turn) const;
    void notOnChannel(const IrcChannel& channel, std::string_view text, Turn& turn) const;
    void rankNeeded(const IrcChannel& channel, unsigned rank, const std::string& what, Turn& turn) const;
    bool each(Words& words, std::size_t at, Handler handler, bool limited, Turn& turn);
    IrcUser* known(const std::string& nick) const;
    bool isOper() const { return self_->is('o'); }
    bool forUs(const Words& words) const { return words.empty() || ircEqual(words[0], service_.host); }

    // irc_register.cpp
    void cap(Words& words, Turn& turn);
    bool request(const std::string& list);
    void capabilities(const std::string& subcommand, bool all, bool minus, Turn& turn) const;
    void pass(Words& words, Turn& turn);
    void nick(Words& words, Turn& turn);
    bool heldByBan(Turn& turn) const;
    bool changeNick(const std::string& nick, Turn& turn);
    void user(Words& words, Turn& turn);
    void askCookie(Turn& turn);
    void welcome(Turn& turn);
    void ping(Words& words, Turn& turn);
    void pong(Words& words, Turn& turn);
    void quitCommand(Words& words, Turn& turn);
    void capab(Words& words, Turn& turn);

    // irc_channel.cpp
    void join(Words& words, Turn& turn);
    void enter(const std::string& name, const std::string& key, Turn& turn);
    bool admitted(IrcChannel& channel, const std::string& key, Turn& turn) const;
    void part(Words& words, Turn& turn);
    void names(Words& words, Turn& turn);
    void sendNames(const IrcChannel& channel, bool invisible, Turn& turn) const;
    void topic(Words& words, Turn& turn);
    void showTopic(const IrcChannel& channel, Turn& turn) const;
    void kick(Words& words, Turn& turn);
    void invite(Words& words, Turn& turn);
    void list(Words& words, Turn& turn);

    // irc_mode.cpp
    struct Change {
        char mode;
        bool adding;
        std::string parameter;
    };
    void mode(Words& words, Turn& turn);
    void showModes(const IrcChannel& channel, Turn& turn) const;
    void showModes(const IrcUser& target, Turn& turn) const;
    std::vector<Change> readChanges(const Words& words, bool ofChannel, Turn& turn) const;
    bool validParameter(const IrcChannel* channel, const Change& change, Turn& turn) const;
    bool apply(IrcChannel& channel, Change& change, Turn& turn);
    bool applyStatus(IrcChannel& channel, Change& change, Turn& turn);
    bool applyKey(IrcChannel& channel, Change& change, Turn& turn);
    bool applyLimit(IrcChannel& channel, Change& change, Turn& turn);
    bool applyBan(IrcChannel& channel, Change& change, Turn& turn);
    bool applyOwn(Change& change, Turn& turn);
    void showBans(const IrcChannel& channel, Turn& turn) const;
    void announce(const std::string& target, const std::vector<Change>& changes, Turn& turn) const;

    // irc_message.cpp
    void privmsg(Words& words, Turn& turn);
    void noticeCommand(Words& words, Turn& turn);
    void message(Words& words, bool notice, Turn& turn);
    void toChannel(Words& words, const std::string& target, bool notice, Turn& turn);
    void toUser(Words& words, bool notice, Turn& turn);
    void squery(Words& words, Turn& turn);
    void away(Words& words, Turn& turn);
    void ison(Words& words, Turn& turn);
    void userhost(Words& words, Turn& turn);

    // irc_who.cpp
    struct WhoQuery;
    void who(Words& words, Turn& turn);
    bool matchesWho(const WhoQuery& query, const IrcUser& user) const;
    Words whoLine(const WhoQuery& query, const IrcUser& user, const IrcChannel* channel) const;
    void whois(Words& words, Turn& turn);
    void whoisOf(const IrcUser& user, Turn& turn);
    void whowas(Words& words, Turn& turn);

    // irc_info.cpp
    void lusers(Words& words, Turn& turn);
    void motd(Words& words, Turn& turn);
    void version(Words& words, Turn& turn);
    void time(Words& words, Turn& turn);
    void adminCommand(Words& words, Turn& turn);
    void info(Words& words, Turn& turn);
    void links(Words& words, Turn& turn);
    void modulesCommand(Words& words, Turn& turn);
    void commandsCommand(Words& words, Turn& turn);
    void servlist(Words& words, Turn& turn);
    void stats(Words& words, Turn& turn);
    void summon(Words& words, Turn& turn);
    void users(Words& words, Turn& turn);
    void isupport(Turn& turn) const;

    // irc_oper.cpp
    void oper(Words& words, Turn& turn);
    void wallops(Words& words, Turn& turn);
    void kill(Words& words, Turn& turn);
    void banish(IrcUser& victim, const std::string& reason, Turn& turn);
    void xline(char kind, Handler again, Words& words, Turn& turn);
    bool acceptable(char kind, const std::string& mask, const std::string& duration, Turn& turn) const;
    bool covers(char kind, std::string_view mask, const IrcUser& user) const;
    void enforce(char kind, const std::string& mask, const std::string& reason, Turn& turn);
    bool banned(Turn& turn);
    void gline(Words& words, Turn& turn) { xline('G', &IrcSession::gline, words, turn); }
    void kline(Words& words, Turn& turn) { xline('K', &IrcSession::kline, words, turn); }
    void eline(Words& words, Turn& turn) { xline('E', &IrcSession::eline, words, turn); }
    void zline(Words& words, Turn& turn) { xline('Z', &IrcSession::zline, words, turn); }
    void qline(Words& words, Turn& turn) { xline('Q', &IrcSession::qline, words, turn); }
    void rehash(Words& words, Turn& turn);
    void power(Words& words, Turn& turn);
    void link(Words& words, Turn& turn);
    void loadModule(Words& words, Turn& turn);
    void unloadModule(Words& words, Turn& turn);
    void reloadModule(Words& words, Turn& turn);

    const IrcService& service_;
    Seeded chance_;
    std::string address_;      // of the peer; its host too, since nothing is looked up
    IrcWorld world_;           // made at the first line
    IrcUser* self_ = nullptr;  // in it
    std::string id_;           // the nick of who has none
    std::string buffer_;       // what is not interpreted yet
    std::int64_t now_ = 0;     // milliseconds since 1970; never before an alarm that rang
    std::int64_t ticked_ = 0;  // the second up to which penalties are forgiven
    std::int64_t armed_ = 0;   // when the alarm rings, in milliseconds since 1970; 0: never
    std::int64_t listenFrom_ =
        0;  // in milliseconds since 1970: what comes before waits, so that the notices stand first
    std::int64_t lookupDue_ = 0;  // likewise: when the lookup of the peer's name is over; 0: it is
    std::int64_t pingDue_ = 0;    // the second in which the peer is asked whether it is there
    std::int64_t opened_ = 0;     // the second in which the peer came
    std::int64_t penalty_ = 0;    // milliseconds
    std::string cookie_;          // that the peer has to give back; empty: none
    bool named_ = false;          // NICK was accepted
    bool introduced_ = false;     // USER was
    bool registered_ = false;
    bool held_ = false;        // by CAP, until CAP END
    bool version302_ = false;  // of CAP
    bool answered_ = true;     // the last PING
    bool over_ = false;
    std::set<std::string> caps_;
    std::set<char> snomasks_;
    IrcMemory memory_;
};

/// True of the file of a module that the server has, such as "m_cap.so".
bool ircModuleLoaded(std::string_view file);

}  // namespace apiary::agent
