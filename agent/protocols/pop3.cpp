/// POP3 after Debian 12's dovecot-pop3d 2.3.19.1, configured as its package does, and besides that:
///   auth_mechanisms, disable_plaintext_auth and the penalty of addresses that fail by setting
///   where the service has a certificate: ssl = yes, otherwise ssl = no
///   mail_location = mbox, mailboxes being decoys (pop3_decoys.cpp)
/// Left out on purpose: addresses that may do more, login_trusted_networks and the server's own; login as another user
/// (there is no master user); SASL mechanisms but PLAIN and LOGIN. The penalty is that of one source at a time: what a
/// source does in parallel sessions adds up only from one visit to the next.

#include "agent/protocol/setting_values.hpp"
#include "agent/protocols/pop3_encoding.hpp"
#include "agent/protocols/pop3_session.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace apiary::agent {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kLongestLoginLine = 1026;  // behind the verb, its end included: LOGIN_MAX_INBUF_SIZE
constexpr std::size_t kLongestResponse = 8192;   // LOGIN_MAX_AUTH_BUF_SIZE
constexpr std::size_t kLongestMailLine = 2048;   // its end included
constexpr std::size_t kLongestVerb = 8;          // before the login
constexpr std::size_t kBlock = 4096;             // of replies: POP3_OUTBUF_THROTTLE_SIZE
constexpr unsigned kMostBadLogins = 3;
constexpr unsigned kMostBadCommands = 20;
constexpr Millis kLoginTime = std::chrono::minutes(3);
constexpr Millis kLongestDelay = std::chrono::minutes(1);

std::string_view withoutCr(std::string_view line) {
    return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

/// How much of the replies to one piece of input has left the real server before it is through with that piece: it
/// collects lines, and writes them out once they are a block.
std::size_t flushed(std::string_view replies) {
    std::size_t written = 0;
    for (auto end = replies.find('\n'); end != std::string_view::npos; end = replies.find('\n', end + 1)) {
        written = end + 1 - written >= kBlock ? end + 1 : written;
    }
    return written;
}

Result<bool> readMechanisms(const std::string& value, Pop3Service& service) {
    std::string_view rest = value;
    while (!rest.empty()) {
        const std::string_view name = rest.substr(0, rest.find(' '));
        rest.remove_prefix(std::min(name.size() + 1, rest.size()));
        if (name == "apop") {
            service.apop = true;
        } else if (name == "plain" || name == "login") {
            service.mechanisms.push_back(pop3Upper(name));
        } else {
            return Error{"mechanisms is '" + value + "'; it may name plain, login and apop, with a blank between them"};
        }
    }
    return true;
}

Result<std::size_t> countOf(const Settings& settings) {
    if (settings.at("messages") == "seeded") {
        return std::size_t{0};
    }
    const auto number = numberOf(settings, "messages", 0, kPop3MostMessages);
    if (!number) {
        return Error{number.error() + ", or seeded"};
    }
    return static_cast<std::size_t>(*number);
}

}  // namespace

std::string_view pop3Text(std::string_view bytes) {
    return bytes.substr(0, bytes.find('\0'));
}

std::string pop3Upper(std::string_view text) {
    std::string upper(text);
    std::ranges::transform(upper, upper.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
    return upper;
}

Result<std::shared_ptr<const Prepared>> Pop3Service::prepare(const Settings& settings, std::uint64_t sensorSeed) {
    auto service = std::make_shared<Pop3Service>();
    const auto accounts = Accounts::of(settings, sensorSeed);
    const auto plaintext = flagOf(settings, "plaintext");
    const auto penalty = flagOf(settings, "penalty");
    const auto delay = durationOf(settings, "failed_login_delay", kLongestDelay);
    const auto known = readMechanisms(settings.at("mechanisms"), *service);
    const auto count = countOf(settings);
    for (const std::string* error : {accounts ? nullptr : &accounts.error(), plaintext ? nullptr : &plaintext.error(),
                                     penalty ? nullptr : &penalty.error(), delay ? nullptr : &delay.error(),
                                     known ? nullptr : &known.error(), count ? nullptr : &count.error()}) {
        if (error != nullptr) {
            return Error{*error};
        }
    }
    const std::string& host = settings.at("host");
    service->greeting = settings.at("greeting");
    service->host = host == "seeded" ? pop3DecoyHost(sensorSeed) : host;
    service->accounts = *accounts;
    service->plaintext = *plaintext;
    service->penalty = *penalty;
    service->failureDelay = *delay;
    service->authProcess = 700 + static_cast<std::uint32_t>(Seeded(sensorSeed, 0x90b4).below(30000));
    for (const Account& account : service->accounts.all()) {
        const bool seeded = settings.at("messages") == "seeded";
        service->mailboxes.emplace(account.user,
                                   pop3Decoys(sensorSeed, account.user, service->host,
                                              seeded ? pop3DecoyCount(sensorSeed, account.user) : *count));
    }
    return std::shared_ptr<const Prepared>(std::move(service));
}

Pop3Session::Pop3Session(const Pop3Service& service, const Environment& environment)
    : service_(service),
      chance_(environment.seed),
      offersTls_(environment.offersTls || environment.tls),
      tls_(environment.tls) {
    memory_.recall(environment.recalled);
}

void Pop3Session::onOpen(Turn& turn) {
    if (service_.apop) {
        const auto now = std::chrono::duration_cast<std::chrono::seconds>(turn.now().time_since_epoch()).count();
        std::string random;
        while (random.size() < 16) {
            random += static_cast<char>(chance_.below(256));
        }
        char text[64];
        (void)std::snprintf(text, sizeof text, "<%x.%zx.%llx.", service_.authProcess, 1 + chance_.below(0x4000),
                            static_cast<unsigned long long>(now));
        apopChallenge_ = text + pop3Base64Encode(random) + '@' + service_.host + '>';
    }
    turn.pause(Millis(4 + chance_.below(3)));  // until the real server has begun a process for the peer, as measured
    turn.send("+OK " + service_.greeting + (apopChallenge_.empty() ? "" : " " + apopChallenge_) + "\r\n");
    turn.setAlarm(kLoginTime);
}

/// The real server gives three minutes for the login, however busy the peer is.
void Pop3Session::onAlarm(Turn& turn) {
    onIdle(turn);
    turn.close();
}

void Pop3Session::onIdle(Turn& turn) {
    turn.send(challenge_ == Challenge::None ? "-ERR Disconnected for inactivity.\r\n"
                                            : "-ERR Disconnected for inactivity during authentication.\r\n");
}

/// Logins that wait behind a refused one, and commands that wait for the mailbox, were sent, though nobody waits for
/// the answers: what they say is kept, and has no consequences.
void Pop3Session::onCut(Turn& turn) {
    const std::string unread = takeUnread();
    std::string_view rest = unread;
    bool more = true;
    const Pop3Mailbox* const entered = mailbox_;
    while (more && !rest.empty() && mailbox_ == entered && !turn.full()) {
        Turn unheard(turn.now(), Transport::Stream);
        const std::size_t taken = step(rest, unheard);
        rest.remove_prefix(taken);
        more = taken > 0 && !unheard.halted();
        for (Action& action : std::move(unheard).takeActions()) {
            if (auto* evidence = std::get_if<Evidence>(&action)) {
                turn.observe(std::move(*evidence));
            }
        }
    }
}

void Pop3Session::onPeerClosed(Turn& turn) {
    onCut(turn);
    turn.close();
}

std::size_t Pop3Session::step(std::string_view rest, Turn& turn) {
    if (mailbox_ != nullptr) {
        return mailStep(rest, turn);
    }
    return challenge_ == Challenge::None ? loginStep(rest, turn) : challengeStep(rest, turn);
}

/// `length` bytes have come of a line that must end in time.
std::size_t Pop3Session::incomplete(std::string_view rest, std::size_t length, Turn& turn) {
    if (length <= kLongestLoginLine) {
        return 0;
    }
    turn.observe(Anomaly{"line too long"});
    turn.send("-ERR Input buffer full, aborting\r\n");
    turn.close();
    return rest.size();
}

/// The verb ends at a blank, a line's end, a NUL, or after eight characters: what follows is the argument.
std::size_t Pop3Session::loginStep(std::string_view rest, Turn& turn) {
    std::string verb;
    std::size_t at = 0;
    for (; at < rest.size(); ++at) {
        const char c = rest[at];
        if (c == '\r') {
            continue;
        }
        if (at >= kLongestVerb || " \n\0"sv.find(c) != std::string_view::npos) {
            break;
        }
        verb += c;
    }
    if (at == rest.size()) {
        return incomplete(rest, at, turn);
    }
    verb = pop3Upper(verb);
    at += rest[at] == ' ' ? 1 : 0;
    if (verb == "AUTH") {
        return authStep(rest, at, turn);
    }
    const auto end = rest.substr(at, kLongestLoginLine).find('\n');
    if (end == std::string_view::npos) {
        return incomplete(rest, rest.size() - at, turn);
    }
    const std::string_view line = withoutCr(rest.substr(at, end));
    turn.observe(Command{verb, std::string(line)});
    if (line.find('\0') != std::string_view::npos) {
        turn.observe(Anomaly{"NUL in a command"});
    }
    loginCommand(verb, std::string(pop3Text(line)), turn);
    return at + end + 1;
}

void Pop3Session::loginCommand(const std::string& verb, const std::string& argument, Turn& turn) {
    using P = Pop3Session;
    struct Verb {
        std::string_view name;
        bool (P::*handler)(const std::string&, Turn&);
    };
    static constexpr Verb kVerbs[] = {
        {"CAPA", &P::capa}, {"USER", &P::user}, {"PASS", &P::pass},       {"APOP", &P::apop},
        {"STLS", &P::stls}, {"QUIT", &P::quit}, {"XCLIENT", &P::xclient}, {"XOIP", &P::xclient},
    };
    const auto known = std::ranges::find(kVerbs, verb, &Verb::name);
    if (known != std::end(kVerbs)) {
        (this->*known->handler)(argument, turn);
        bad_ = 0;
        return;
    }
    turn.send("-ERR Unknown command.\r\n");
    if (++bad_ == kMostBadLogins) {
        turn.send("-ERR Too many invalid bad commands.\r\n");
        turn.close();
    }
}

/// AUTH has a line of its own kind: a long initial response may follow the mechanism.
std::size_t Pop3Session::authStep(std::string_view rest, std::size_t at, Turn& turn) {
    const auto nameEnd = std::min(rest.find_first_of(" \r\n", at), rest.size());
    if (nameEnd == rest.size()) {
        return incomplete(rest, nameEnd - at, turn);
    }
    const std::size_t begin = nameEnd + (rest[nameEnd] == ' ' ? 1 : 0);
    const auto end = rest.find('\n', begin);
    if (std::min(end, rest.size()) - begin > kLongestResponse) {
        turn.observe(Anomaly{"line too long"});
        turn.close();
        return rest.size();
    }
    if (end == std::string_view::npos) {
        return 0;
    }
    const std::string mechanism(pop3Text(rest.substr(at, nameEnd - at)));
    const std::string initial(withoutCr(rest.substr(begin, end - begin)));
    turn.observe(Command{"AUTH", mechanism + (initial.empty() ? "" : " ") + initial});
    if (nameEnd == at) {
        mechanisms(turn);
    } else {
        this->begin(mechanism, std::string(pop3Text(initial)), turn);
    }
    return end + 1;
}

std::size_t Pop3Session::challengeStep(std::string_view rest, Turn& turn) {
    const auto end = rest.find('\n');
    if (std::min(end, rest.size()) > kLongestResponse) {
        turn.observe(Anomaly{"line too long"});
        turn.close();
        return rest.size();
    }
    if (end == std::string_view::npos) {
        return 0;
    }
    respond(std::string(pop3Text(withoutCr(rest.substr(0, end)))), turn);
    return end + 1;
}

std::size_t Pop3Session::mailStep(std::string_view rest, Turn& turn) {
    const auto end = rest.substr(0, kLongestMailLine).find('\n');
    if (end == std::string_view::npos) {
        if (rest.size() <= kLongestMailLine) {
            return 0;
        }
        turn.observe(Anomaly{"line too long"});
        turn.send("-ERR Input line too long.\r\n");
        turn.close();
        return rest.size();
    }
    const std::string_view whole = withoutCr(rest.substr(0, end));
    const std::string_view line = pop3Text(whole);
    const std::string verb = pop3Upper(line.substr(0, line.find(' ')));
    std::string_view argument = line.substr(std::min(verb.size(), line.size()));
    argument.remove_prefix(std::min(argument.find_first_not_of(' '), argument.size()));
    turn.observe(Command{verb, std::string(argument)});
    if (line.size() != whole.size()) {
        turn.observe(Anomaly{"NUL in a command"});
    }
    if (verb.find(':') != std::string::npos) {
        // Dovecot 2.3.19 panics at such a verb, in event_reason_code_prefix(), and forgets what was to be deleted.
        turn.observe(Anomaly{"colon in a command"});
        const std::string replies = turn.unsend();
        turn.send(std::string_view(replies).substr(0, flushed(replies)));
        turn.close();
        return end + 1;
    }
    if (mailCommand(verb, argument, turn)) {
        bad_ = 0;
    } else if (++bad_ > kMostBadCommands) {
        turn.send("-ERR Too many bad commands.\r\n");
        turn.close();
    }
    return end + 1;
}

/// What follows, and what the peer sent meanwhile, waits.
void Pop3Session::pauseFor(Millis duration, Turn& turn) {
    if (duration > Millis::zero()) {
        turn.pause(duration);
        pausing_ = true;
        turn.askResume();
    }
}

namespace {

constexpr std::uint16_t kPorts[] = {110};
constexpr Setting kSettings[] = {
    {"greeting", "Dovecot (Debian) ready.", "text of the first line"},
    {"host", "seeded", "name of the server in its mail and in APOP's challenge, or seeded"},
    Accounts::kAccounts,
    Accounts::kUsers,
    {"messages", "seeded", "how many each account's mailbox holds: 0 to 400, or seeded"},
    {"mechanisms", "plain login", "plain, login and apop, with a blank between them (auth_mechanisms)"},
    {"plaintext", "yes", "yes or no: passwords may come without TLS (disable_plaintext_auth = no)"},
    {"failed_login_delay", "2s", "until a failed login is answered, the half second apart (auth_failure_delay)"},
    {"penalty", "yes", "yes or no: who fails waits 4, 8, then 15 s more (service anvil, anvil-auth-penalty)"},
};

/// ssl_min_protocol and ssl_cipher_list. Dovecot drops a connection whose handshake failed with all it has to say
/// there.
constexpr TlsProfile kTls{.ciphers =
                              "ALL:!kRSA:!SRP:!kDHd:!DSS:!aNULL:!eNULL:!EXPORT:!DES:!3DES:!MD5:!PSK:!RC4:!ADH:!LOW"
                              ":@STRENGTH:@SECLEVEL=2",
                          .old = false,
                          .alerts = false};

}  // namespace

extern constinit const Module pop3{
    "pop3", Transport::Stream, true, kPorts, kSettings, Pop3Service::prepare, openSession<Pop3Session, Pop3Service>,
    kTls};

}  // namespace apiary::agent
