/// SMTP after Debian 12's Postfix 3.7.11, configured as its package does for an "Internet Site", and besides that:
///   where the service has accounts: smtpd_sasl_auth_enable=yes with Cyrus SASL's PLAIN and LOGIN
///   where the service has a certificate: smtpd_tls_security_level=may; as submission, the lines of master.cf for it
/// The peer is in no friendly network, wherever it comes from. Whatever is accepted is delivered nowhere.
/// Left out on purpose: limits by rate (anvil), bounces and other mail of its own, the name of the peer in the DNS.

#include "agent/protocol/setting_values.hpp"
#include "agent/protocols/smtp_address.hpp"
#include "agent/protocols/smtp_session.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kLongestLine = 2048;       // line_length_limit
constexpr std::size_t kLongestResponse = 12288;  // smtpd_sasl_response_limit
constexpr unsigned kSoftErrors = 10;             // smtpd_soft_error_limit
constexpr unsigned kHardErrors = 20;
constexpr unsigned kMostJunk = 100;  // smtpd_junk_command_limit
constexpr Millis kErrorPause = std::chrono::seconds(1);
constexpr Millis kLongestDelay = std::chrono::minutes(1);
constexpr std::uint64_t kLargestLimit = std::uint64_t{1} << 40U;
constexpr std::uint64_t kPurpose = 0x5a7b;

// Debian's own users and aliases.
constexpr std::string_view kUsers[] = {"root", "daemon", "bin",  "sys",    "sync",    "games",     "man",
                                       "lp",   "mail",   "news", "uucp",   "proxy",   "www-data",  "backup",
                                       "list", "irc",    "_apt", "nobody", "postfix", "postmaster"};
constexpr std::string_view kRoles[] = {"mail", "srv", "web", "vps", "host", "server", "mx", "debian"};

void addNames(std::string_view list, std::set<std::string, std::less<>>& names) {
    while (!list.empty()) {
        const std::string_view name = list.substr(0, list.find(','));
        if (!name.empty()) {
            names.insert(smtpLower(name));
        }
        list.remove_prefix(std::min(name.size() + 1, list.size()));
    }
}

std::string seededHostname(Seeded& choice) {
    return std::string(choice.pick(kRoles)) + std::to_string(1 + choice.below(20)) + ".localdomain";
}

std::optional<SmtpService::Relay> relayOf(std::string_view name) {
    using enum SmtpService::Relay;
    return name == "defer"    ? std::optional(Defer)
           : name == "reject" ? std::optional(Reject)
           : name == "accept" ? std::optional(Accept)
                              : std::nullopt;
}

/// The verb is bogus to Postfix if it does not begin with a letter, or is one of HTTP's.
bool isForbidden(std::string_view verb) {
    const char first = verb.front();
    const bool letter = (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z');
    return !letter || smtpIsHeader(verb) || smtpSame(verb, "CONNECT") || smtpSame(verb, "GET") ||
           smtpSame(verb, "POST");
}

}  // namespace

Result<std::shared_ptr<const Prepared>> SmtpService::prepare(const Settings& settings, std::uint64_t sensorSeed) {
    auto service = std::make_shared<SmtpService>();
    Seeded choice(sensorSeed, kPurpose);
    const std::string seeded = seededHostname(choice);
    service->queueFile = 0x20000 + choice.below(0xe00000);
    service->hostname = settings.at("hostname").empty() ? seeded : settings.at("hostname");
    if (!smtpIsHostname(service->hostname)) {
        return Error{"hostname is '" + service->hostname + "'; it takes a name such as mail.example.com"};
    }
    const auto accounts = Accounts::of(settings, sensorSeed);
    const auto limit = numberOf(settings, "size_limit", 1000, kLargestLimit);
    const auto delay = durationOf(settings, "failed_login_delay", kLongestDelay);
    const auto submission = flagOf(settings, "submission");
    for (const std::string* error : {accounts ? nullptr : &accounts.error(), limit ? nullptr : &limit.error(),
                                     delay ? nullptr : &delay.error(), submission ? nullptr : &submission.error()}) {
        if (error != nullptr) {
            return Error{*error};
        }
    }
    const auto relay = relayOf(settings.at("relay"));
    if (!relay) {
        return Error{"relay is '" + settings.at("relay") + "'; it may be defer, reject or accept"};
    }
    service->greeting = "220 " + service->hostname + " " + settings.at("greeting") + "\r\n";
    service->accounts = *accounts;
    service->sizeLimit = *limit;
    service->failedLoginDelay = *delay;
    service->submission = *submission;
    service->relay = *relay;
    const std::string name = smtpLower(service->hostname);
    service->domains = {name, name.substr(0, name.find('.')), "localhost.localdomain", "localhost"};
    addNames(settings.at("domains"), service->domains);
    service->recipients.insert(std::begin(kUsers), std::end(kUsers));
    for (const Account& account : service->accounts.all()) {
        service->recipients.insert(smtpLower(account.user));
    }
    addNames(settings.at("recipients"), service->recipients);
    return std::shared_ptr<const Prepared>(std::move(service));
}

SmtpSession::SmtpSession(const SmtpService& service, const Environment& environment)
    : service_(service),
      local_(environment.local),
      chance_(environment.seed),
      offersTls_(environment.offersTls || environment.tls),
      tls_(environment.tls) {}

const SmtpSession::Verb* SmtpSession::find(std::string_view name) {
    using S = SmtpSession;
    static constexpr Verb kVerbs[] = {
        {"HELO", &S::helo, true, true},
        {"EHLO", &S::ehlo, true, true},
        {"XCLIENT", &S::proxied, false, true},
        {"XFORWARD", &S::proxied},
        {"STARTTLS", &S::starttls, false, true},
        {"AUTH", &S::auth},
        {"MAIL", &S::mail},
        {"RCPT", &S::rcpt},
        {"DATA", &S::data},
        {"BDAT", &S::bdat},
        {"RSET", &S::rset, true},
        {"NOOP", &S::noop, true, true},
        {"VRFY", &S::vrfy, true},
        {"ETRN", &S::etrn, true},
        {"QUIT", &S::quit, false, true},
    };
    const auto found = std::ranges::find_if(kVerbs, [&](const Verb& verb) { return smtpSame(verb.name, name); });
    return found == std::end(kVerbs) ? nullptr : found;
}

std::size_t SmtpSession::step(std::string_view rest, Turn& turn) {
    return reading_ == Reading::Message ? readMessage(rest, turn)
           : reading_ == Reading::Chunk ? readChunk(rest, turn)
                                        : readLine(rest, turn);
}

std::size_t SmtpSession::readLine(std::string_view rest, Turn& turn) {
    const std::size_t longest = reading_ == Reading::Login ? kLongestResponse : kLongestLine;
    const auto end = rest.find('\n');
    if (skipping_) {
        skipping_ = end == std::string_view::npos;
        if (!skipping_) {
            onLine(std::exchange(cutLine_, {}), false, turn);
        }
        return skipping_ ? rest.size() : end + 1;
    }
    if (end < longest || (end == longest && rest[end - 1] == '\r')) {
        onLine(rest.substr(0, end), true, turn);
        return awaitsTls_ ? purge(rest.substr(end + 1), turn) + end + 1 : end + 1;
    }
    if (rest.size() <= longest) {
        return 0;
    }
    turn.observe(Anomaly{"line too long"});
    cutLine_ = rest.substr(0, longest);
    skipping_ = true;
    return longest;
}

/// What was read along with STARTTLS came before TLS, and is thrown away.
std::size_t SmtpSession::purge(std::string_view smuggled, Turn& turn) {
    awaitsTls_ = false;
    if (!smuggled.empty()) {
        turn.observe(Anomaly{"plaintext behind STARTTLS"});
    }
    return smuggled.size();
}

void SmtpSession::onLine(std::string_view line, bool whole, Turn& turn) {
    if (whole && !line.ends_with('\r') && !std::exchange(noted_, true)) {
        turn.observe(Anomaly{"command ends in bare LF"});
    }
    line = whole ? line.substr(0, line.find_last_not_of('\r') + 1) : line;
    if (line.find('\0') != std::string_view::npos) {
        turn.observe(Anomaly{"NUL in a command"});
    }
    if (reading_ == Reading::Login) {
        if (whole) {
            onLoginLine(line.substr(0, line.find('\0')), turn);
        } else {
            reading_ = Reading::Command;
            finish(refuse("500 5.5.6 SASL response limit exceeded", turn), turn);
        }
        return;
    }
    onCommand(line, turn);
}

void SmtpSession::onCommand(std::string_view line, Turn& turn) {
    if (!smtpIsUtf8(line)) {
        turn.observe(Anomaly{"command is not UTF-8"});
        finish(refuse("500 5.5.2 Error: bad UTF-8 syntax", turn), turn);
        return;
    }
    const Words words = smtpWords(line);
    if (words.empty()) {
        finish(refuse("500 5.5.2 Error: bad syntax", turn), turn);
        return;
    }
    std::string verb = words.front().text;
    std::ranges::transform(verb, verb.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
    const auto argument = line.find_first_not_of(" \t", line.find(words.front().text) + words.front().text.size());
    turn.observe(Command{verb, std::string(line.substr(std::min(argument, line.size())))});
    dispatch(words, turn);
}

void SmtpSession::dispatch(const Words& words, Turn& turn) {
    const Verb* verb = find(words.front().text);
    if (verb == nullptr && isForbidden(words.front().text)) {
        turn.observe(Anomaly{"not SMTP"});
        endPayload(turn);
        reply("221 2.7.0 Error: I can break rules, too. Goodbye.", turn);
        turn.close();
    } else if (verb == nullptr) {
        finish(refuse("500 5.5.2 Error: command not recognized", turn), turn);
    } else if (service_.submission && offersTls_ && !tls_ && !verb->beforeTls) {
        finish(refuse("530 5.7.0 Must issue a STARTTLS command first", turn), turn);
    } else {
        const bool good = (this->*verb->handler)(words, turn);
        const bool junk = verb->limited && junk_++ > kMostJunk;
        errors_ += junk ? 1 : 0;
        finish(good, turn);
    }
}

/// A peer that makes many errors is answered slowly.
void SmtpSession::reply(std::string_view text, Turn& turn) {
    if (errors_ >= kSoftErrors) {
        turn.pause(kErrorPause);
    }
    turn.send(std::string(text) + "\r\n");
    if (text.starts_with("421") || text.starts_with("521")) {
        endPayload(turn);
        turn.close();
    }
}

bool SmtpSession::refuse(std::string_view text, Turn& turn) {
    reply(text, turn);
    return false;
}

/// The command is over; of one that goes on over several lines, so far.
void SmtpSession::finish(bool good, Turn& turn) {
    errors_ += good ? 0 : 1;
    if (errors_ >= kHardErrors && !turn.halted()) {
        turn.observe(Anomaly{"too many errors"});
        reply("421 4.7.0 " + service_.hostname + " Error: too many errors", turn);
    }
}

void SmtpSession::onIdle(Turn& turn) {
    onCut(turn);
    reply("421 4.4.2 " + service_.hostname + " Error: timeout exceeded", turn);
}

/// The line of a message that has no end yet was sent, too.
void SmtpSession::onCut(Turn& turn) {
    std::string rest = takeUnread();
    rest.erase(0, !midLine_ && rest.starts_with('.') ? 1 : 0);
    if (payload_ && reading_ == Reading::Message && !rest.empty()) {
        turn.observe(PayloadPiece{payloadId_, std::move(rest), false});
    }
    endPayload(turn);
}

void SmtpSession::onPeerClosed(Turn& turn) {
    onCut(turn);
    turn.close();
}

bool SmtpSession::helo(const Words& words, Turn& turn) {
    if (words.size() < 2) {
        return refuse("501 Syntax: HELO hostname", turn);
    }
    endPayload(turn);
    resetMail();
    reply("250 " + service_.hostname, turn);
    return true;
}

bool SmtpSession::ehlo(const Words& words, Turn& turn) {
    if (words.size() < 2) {
        return refuse("501 Syntax: EHLO hostname", turn);
    }
    endPayload(turn);
    resetMail();
    std::string lines = "250-" + service_.hostname + "\r\n250-PIPELINING\r\n250-SIZE " +
                        std::to_string(service_.sizeLimit) + "\r\n250-VRFY\r\n250-ETRN\r\n";
    lines += offersTls_ && !tls_ ? "250-STARTTLS\r\n" : "";
    lines += offersLogin() ? "250-AUTH PLAIN LOGIN\r\n" : "";
    reply(lines + "250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-DSN\r\n250-SMTPUTF8\r\n250 CHUNKING", turn);
    return true;
}

bool SmtpSession::rset(const Words& words, Turn& turn) {
    if (words.size() != 1) {
        return refuse("501 5.5.4 Syntax: RSET", turn);
    }
    endPayload(turn);
    resetMail();
    reply("250 2.0.0 Ok", turn);
    return true;
}

bool SmtpSession::noop(const Words&, Turn& turn) {
    reply("250 2.0.0 Ok", turn);
    return true;
}

bool SmtpSession::quit(const Words&, Turn& turn) {
    endPayload(turn);
    reply("221 2.0.0 Bye", turn);
    turn.close();
    return true;
}

/// No domain has a queue to be flushed.
bool SmtpSession::etrn(const Words& words, Turn& turn) {
    if (inMail_) {
        return refuse("503 Error: MAIL transaction in progress", turn);
    }
    if (words.size() != 2) {
        return refuse("500 Syntax: ETRN domain", turn);
    }
    std::string_view domain = words[1].text;
    domain.remove_prefix(domain.front() == '@' || domain.front() == '#' ? 1 : 0);
    if (!smtpIsHostname(domain) && !smtpIsLiteral(domain)) {
        return refuse("501 Error: invalid parameter syntax", turn);
    }
    return refuse("459 <" + std::string(domain) + ">: service unavailable", turn);
}

/// XCLIENT and XFORWARD, which are for friendly proxies.
bool SmtpSession::proxied(const Words& words, Turn& turn) {
    if (inMail_) {
        return refuse("503 5.5.1 Error: MAIL transaction in progress", turn);
    }
    const bool client = smtpSame(words.front().text, "XCLIENT");
    return refuse(words.size() > 1 ? "550 5.7.0 Error: insufficient authorization"
                  : client         ? "501 5.5.4 Syntax: XCLIENT attribute=value..."
                                   : "501 5.5.4 Syntax: XFORWARD attribute=value...",
                  turn);
}

void SmtpSession::resetMail() {
    inMail_ = senderLogin_ = tooBig_ = midLine_ = false;
    declaredSize_ = 0;
    recipients_ = 0;
    size_ = 0;
    hops_ = {};
    chunks_ = Chunks::None;
    queueId_.clear();
    record_.clear();
}

namespace {

constexpr std::uint16_t kPorts[] = {25, 587, 465};
constexpr Setting kSettings[] = {
    {"hostname", "", "the name it says (myhostname); empty: one of the sensor's own, such as srv7.localdomain"},
    {"greeting", "ESMTP Postfix (Debian/GNU)", "text of the 220 line behind the name"},
    Accounts::kAccounts,
    Accounts::kUsers,
    {"failed_login_delay", "2s", "pause before a failed login is answered, at least; up to twice as long, by chance"},
    {"domains", "", "mail for these is its own too, besides hostname and localhost: name,name"},
    {"recipients", "", "mailboxes in its domains, besides Debian's system users and its accounts: name,name"},
    {"size_limit", "10240000", "bytes of a message, as EHLO says them; [limits] received must let them pass"},
    {"relay", "defer",
     "mail for other domains, of who did not log in: defer (454, Debian's own), reject (554) or accept (an open relay "
     "to look at; it is recorded and goes nowhere)"},
    {"submission", "no", "yes or no: port 587, where all must log in, first of all asking for TLS if it is offered"},
};

/// smtpd_tls_security_level = may, which takes what there is (tls_medium_cipherlist, tls_eecdh_auto_curves).
constexpr TlsProfile kTls{.ciphers = "HIGH:MEDIUM:!aNULL:+RC4:@STRENGTH:@SECLEVEL=0",
                          .groups = "X25519:X448:P-256:P-521:P-384"};

}  // namespace

extern constinit const Module smtp{
    "smtp", Transport::Stream, true, kPorts, kSettings, SmtpService::prepare, openSession<SmtpSession, SmtpService>,
    kTls};

}  // namespace apiary::agent
