/// IRC after Debian 12's inspircd 3.15.0, configured as its package does, and besides that:
///   names, message of the day, operators by setting; frequencies and the flood threshold too
///   the modules conn_waitpong, cap, ircv3, namesx and uhnames
/// The network has one server, a few decoys, and the peer. Left out on purpose: looking up the peer's name, which is
/// said to have none; other peers; links to other servers; what an operator does to the server itself (DIE, RESTART
/// never have their password).

#include "agent/protocols/irc_session.hpp"
#include "common/net/address.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kLongestQueue = 8192;
constexpr std::size_t kLongestQuit = 256;

std::int64_t millisOf(WallTime time) {
    return std::chrono::duration_cast<Millis>(time.time_since_epoch()).count();
}

/// An address that began with a colon would be taken for the last word of a line.
std::string hostOf(const Endpoint& peer) {
    const std::string address = addressText(peer);
    return (address.starts_with(':') ? "0" : "") + address;
}

/// The id of the `count`-th user: A to Z, then 0 to 9.
std::string idOf(const std::string& sid, std::uint64_t count) {
    std::string id(6, 'A');
    for (std::size_t at = 6; at-- > 0; count /= 36) {
        const auto digit = static_cast<char>(count % 36);
        id[at] = digit < 26 ? static_cast<char>('A' + digit) : static_cast<char>('0' + digit - 26);
    }
    return sid + id;
}

}  // namespace

IrcSession::IrcSession(const IrcService& service, const Environment& environment)
    : service_(service), chance_(environment.seed), address_(hostOf(environment.peer)) {
    memory_.recall(environment.recalled);
}

void IrcSession::onOpen(Turn& turn) {
    now_ = millisOf(turn.now());
    ticked_ = opened_ = second();
    pingDue_ = second() + service_.pingEvery;
    id_ = idOf(service_.sid, static_cast<std::uint64_t>(second() - service_.started(second())));
    if (service_.lookup) {
        notice("*** Looking up your hostname...", turn);
        // Until a resolver nearby has answered.
        lookupDue_ = now_ + 1 + static_cast<std::int64_t>(chance_.below(3));
    }
    if (!banned(turn)) {
        arm(turn);
    }
}

void IrcSession::finishLookup(Turn& turn) {
    lookupDue_ = 0;
    notice("*** Could not resolve your hostname: Domain not found; using your IP address (" + address_ + ") instead.",
           turn);
}

void IrcSession::onBytes(std::string_view bytes, Turn& turn) {
    buffer_ += bytes;
    if (!over_ && buffer_.size() > kLongestQueue) {
        turn.observe(Anomaly{"more than the server lets wait"});
        quit("RecvQ exceeded", turn);
        return;
    }
    work(turn);
}

void IrcSession::onAlarm(Turn& turn) {
    now_ = std::max(now_, armed_);
    armed_ = 0;
    work(turn);
}

void IrcSession::work(Turn& turn) {
    now_ = std::max(now_, millisOf(turn.now()));
    if (lookupDue_ != 0 && now_ >= lookupDue_ && !over_) {
        finishLookup(turn);
        listenFrom_ = buffer_.empty() ? now_ : now_ + 1;  // the real server's next write is another packet
    }
    forgive(turn);
    std::size_t head = 0;
    while (!over_ && !turn.full() && !slowed() && !deaf()) {
        const auto end = buffer_.find('\n', head);
        if (end == std::string::npos) {
            break;
        }
        line(std::string_view(buffer_).substr(head, end - head), turn);
        head = end + 1;
    }
    buffer_.erase(0, head);
    arm(turn);
}

/// What the server does once a second.
void IrcSession::forgive(Turn& turn) {
    const std::int64_t elapsed = second() - ticked_;
    if (elapsed <= 0 || over_) {
        return;
    }
    ticked_ += elapsed;
    penalty_ = std::max<std::int64_t>(0, penalty_ - 1000 * elapsed);
    inspect(ticked_, turn);
}

void IrcSession::inspect(std::int64_t second, Turn& turn) {
    if (ready() && !registered_) {
        welcome(turn);
    } else if (!registered_) {
        if (second > opened_ + service_.registerWithin) {
            quit("Registration timeout", turn);
        }
    } else if (second >= pingDue_) {
        if (!answered_) {
            const std::int64_t silent = second - pingDue_ + service_.pingEvery;
            quit("Ping timeout: " + std::to_string(silent) + (silent == 1 ? " second" : " seconds"), turn);
            return;
        }
        say("PING :" + service_.host, turn);
        answered_ = false;
        pingDue_ = second + service_.pingEvery;
    }
}

/// When there is something to do next, in milliseconds since 1970.
std::int64_t IrcSession::due() const {
    std::int64_t due = registered_ ? pingDue_ : ready() ? second() + 1 : opened_ + service_.registerWithin + 1;
    if (slowed() && buffer_.find('\n') != std::string::npos) {
        due = std::min(due, second() + 1 + (penalty_ - 1000 * service_.threshold) / 1000);
    }
    due = 1000 * std::max(due, second() + 1);
    if (deaf() && lookupDue_ == 0) {
        return std::min(due, listenFrom_);
    }
    return lookupDue_ != 0 ? std::min(due, lookupDue_) : due;
}

/// An alarm that rings too early does no harm, and is cheaper than a new one for each line.
void IrcSession::arm(Turn& turn) {
    const std::int64_t wanted = due();
    if (over_ || (armed_ > now_ && armed_ <= wanted)) {
        return;
    }
    armed_ = wanted;
    turn.setAlarm(Millis(armed_ - now_));
}

void IrcSession::enterWorld() {
    if (self_ == nullptr) {
        world_ = service_.decoys.world(second(), service_.sid, service_.uptime);
        self_ = &world_.add(
            {.nick = id_, .ident = id_, .host = address_, .realName = {}, .signon = opened_, .spoke = opened_}, id_);
    }
}

void IrcSession::line(std::string_view raw, Turn& turn) {
    enterWorld();
    std::string text;
    for (const char c : raw) {
        if (c != '\r') {
            text += c == '\0' ? ' ' : c;
        }
    }
    if (raw.find('\0') != std::string_view::npos) {
        turn.observe(Anomaly{"NUL in a line"});
    }
    if (text.size() > 510 && !text.starts_with('@')) {
        turn.observe(Anomaly{"line too long"});
    }
    bool tagsTooLong = false;
    auto read = ircRead(text, tagsTooLong);
    if (!read) {
        if (tagsTooLong) {
            numeric(417, {"Input line was too long"}, turn);
        }
        punish(2000);
        return;
    }
    witness(*read, turn);
    dispatch(*read, turn);
}

void IrcSession::dispatch(IrcLine& line, Turn& turn) {
    const auto known = std::ranges::find(verbs(), line.command, &Verb::name);
    if (known == verbs().end()) {
        unknown(line, turn);
        return;
    }
    punish(1000 * known->penalty);
    const std::int64_t ifRefused = known->penalty == 0 ? 1000 : 0;
    Words& words = line.parameters;
    while (known->most != 0 && words.size() > known->most) {
        words[known->most - 1] += ' ' + words[known->most];
        words.erase(words.begin() + static_cast<std::ptrdiff_t>(known->most));
    }
    if (intercepted(line, turn)) {
        return;
    }
    pingDue_ = second() + service_.pingEvery;
    if (known->oper && !isOper()) {
        punish(ifRefused);
        numeric(481, {"Permission Denied - You do not have the required operator privileges"}, turn);
        return;
    }
    if (!words.empty() && words.back().empty() && !known->empty) {
        words.pop_back();
    }
    if (words.size() < known->least) {
        punish(ifRefused);
        numeric(461, {line.command, "Not enough parameters."}, turn);
    } else if (!registered_ && !known->early) {
        punish(ifRefused);
        numeric(451, {line.command, "You have not registered."}, turn);
    } else {
        (this->*known->handler)(words, turn);
    }
}

/// The module conn_waitpong looks at each PONG before the server does.
bool IrcSession::intercepted(const IrcLine& line, Turn& turn) {
    if (line.command != "PONG" || cookie_.empty()) {
        return false;
    }
    if (!line.parameters.empty() && line.parameters[0] == cookie_) {
        cookie_.clear();
    } else {
        quit("Incorrect ping reply for registration", turn);
    }
    return true;
}

void IrcSession::unknown(const IrcLine& line, Turn& turn) {
    punish(2000);
    if (line.command == "PROTOCTL" && !line.parameters.empty()) {
        for (const auto& [word, capability] : {std::pair{"NAMESX", "multi-prefix"}, {"UHNAMES", "userhost-in-names"}}) {
            if (ircEqual(line.parameters[0], word)) {
                caps_.insert(capability);
                return;
            }
        }
    }
    if (registered_) {
        numeric(421, {line.command, "Unknown command"}, turn);
    }
}

void IrcSession::quit(const std::string& reason, Turn& turn) {
    const std::string ident = self_ == nullptr ? id_ : self_->ident;
    say("ERROR :Closing link: (" + ident + '@' + address_ + ") [" + reason.substr(0, kLongestQuit) + ']', turn);
    leaveWorld(turn);
    over_ = true;
    turn.close();
}

/// The peer is one of those who were there, as WHOWAS will tell.
void IrcSession::leaveWorld(Turn& turn) {
    if (!registered_ || over_) {
        return;
    }
    memory_.left({self_->nick, self_->ident, self_->realName, self_->signon});
    turn.remember(memory_.text());
}

void IrcSession::onIdle(Turn& turn) {
    quit(registered_ ? "Ping timeout: " + std::to_string(service_.pingEvery) + " seconds" : "Registration timeout",
         turn);
}

/// Without a last word: the connection counts as broken.
/// What waits for the lookup is said all the same.
void IrcSession::hearOut(Turn& turn) {
    if (over_ || !deaf()) {
        return;
    }
    if (lookupDue_ != 0) {
        finishLookup(turn);
    }
    listenFrom_ = 0;
    work(turn);
}

void IrcSession::onPeerClosed(Turn& turn) {
    hearOut(turn);
    leaveWorld(turn);
    over_ = true;
    turn.close();
}

void IrcSession::onCut(Turn& turn) {
    hearOut(turn);
    leaveWorld(turn);
}

namespace {

constexpr std::uint16_t kPorts[] = {6667, 6669};
constexpr Setting kSettings[] = {
    {"host", "seeded", "name of the server, or seeded"},
    {"network", "seeded", "name of the network, or seeded"},
    {"description", "seeded", "what WHOIS and LINKS say of the server, or seeded"},
    {"motd", "seeded", "message of the day, its lines separated by |, or seeded"},
    {"uptime", "seeded", "how long the server and its people are up at each visit, or seeded: some weeks"},
    {"admin_name", "Root Penguin", "whom ADMIN names"},
    {"admin_nick", "Nick", "whom ADMIN names, as a nick"},
    {"admin_email", "seeded", "where ADMIN says to write to, or seeded"},
    Accounts::kAccounts,
    Accounts::kUsers,
    {"lookup", "yes", "yes or no: says that it looks for the peer's name, and found none (nothing is looked up)"},
    {"ping_every", "120s", "how long a registered client may be silent before it is asked (pingfreq)"},
    {"register_within", "60s", "how long a client may take to register (timeout)"},
    {"flood_threshold", "10",
     "seconds of penalty, mostly one a command, from which on a client has to wait (threshold)"},
};

}  // namespace

extern constinit const Module irc{
    "irc", Transport::Stream, true, kPorts, kSettings, IrcService::prepare, openSession<IrcSession, IrcService>};

}  // namespace apiary::agent
