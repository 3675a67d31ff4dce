#include "agent/protocols/pop3_encoding.hpp"
#include "agent/protocols/pop3_session.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::string_view kNoPlaintext =
    "-ERR [AUTH] Plaintext authentication disallowed on non-secure (SSL/TLS) connections.\r\n";
constexpr std::string_view kNameCharacters =  // auth_username_chars
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01234567890.-_@";
constexpr std::string_view kBase64Characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
constexpr std::size_t kFewest = 3;  // ms until the real server has begun a process for the mailbox, as measured
constexpr std::size_t kMore = 4;
constexpr Millis kCheck(500);  // how often the real server looks for failures that are due

std::int64_t secondsOf(WallTime time) {
    return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

/// The real server answers a failure at the first of its looks that finds `delay` whole seconds later on the clock.
Millis failureDelay(Millis delay, WallTime at) {
    const auto since = std::chrono::floor<Millis>(at.time_since_epoch());
    const Millis fraction = since - std::chrono::floor<std::chrono::seconds>(since);
    const Millis due = std::max(delay - fraction, Millis::zero());
    return (due + kCheck - Millis(1)) / kCheck * kCheck;
}

std::string lowered(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
    return lower;
}

struct PlainLogin {
    std::string actAs;
    std::string user;
    std::string password;
};

/// RFC 4616: who to act as, who it is, and the password, with NUL between them. Nothing for any other text.
std::optional<PlainLogin> plainLogin(const std::string& text) {
    if (std::ranges::count(text, '\0') != 2) {
        return std::nullopt;
    }
    const auto first = text.find('\0');
    const auto second = text.find('\0', first + 1);
    return PlainLogin{text.substr(0, first), text.substr(first + 1, second - first - 1), text.substr(second + 1)};
}

}  // namespace

bool Pop3Session::capa(const std::string&, Turn& turn) {
    turn.send("+OK\r\nCAPA\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nPIPELINING\r\nAUTH-RESP-CODE\r\n");
    turn.send(offersTls_ && !tls_ ? "STLS\r\n" : "");
    turn.send(mayUsePlaintext() ? "USER\r\n" : "");
    turn.send("SASL");
    for (const std::string& mechanism : service_.mechanisms) {
        turn.send(mayUsePlaintext() ? " " + mechanism : "");
    }
    turn.send("\r\n.\r\n");
    return true;
}

bool Pop3Session::user(const std::string& argument, Turn& turn) {
    user_ = argument;
    named_ = mayUsePlaintext();
    turn.send(named_ ? "+OK\r\n" : kNoPlaintext);
    return true;
}

bool Pop3Session::pass(const std::string& argument, Turn& turn) {
    if (!named_) {
        if (mayUsePlaintext()) {
            turn.send("-ERR No username given.\r\n");
        } else {
            turn.observe(Credential{user_, argument, false});  // given away all the same
            turn.send(kNoPlaintext);
        }
        return true;
    }
    named_ = false;
    startAttempt(turn);
    attempt(user_, argument, turn);
    return true;
}

bool Pop3Session::apop(const std::string& argument, Turn& turn) {
    const auto blank = argument.find(' ');
    if (apopChallenge_.empty()) {
        turn.send("-ERR APOP not enabled.\r\n");
        return true;
    }
    if (blank == std::string::npos || argument.size() - blank - 1 != 32) {
        turn.send("-ERR Invalid parameters.\r\n");
        return true;
    }
    const std::string digest = lowered(argument.substr(blank + 1));
    if (digest.find_first_not_of("0123456789abcdef") != std::string::npos) {
        turn.send("-ERR Invalid characters in MD5 response.\r\n");
        return true;
    }
    startAttempt(turn);
    const std::string user = lowered(argument.substr(0, blank));
    const bool accepted = std::ranges::any_of(service_.accounts.all(), [&](const Account& account) {
        return account.user == user && pop3Md5(apopChallenge_ + account.password) == digest;
    });
    turn.observe(Credential{user, digest, accepted});
    accepted ? admit(user, turn) : fail(0, turn);
    return true;
}

bool Pop3Session::stls(const std::string&, Turn& turn) {
    if (tls_) {
        turn.send("-ERR TLS is already active.\r\n");
    } else if (!offersTls_) {
        turn.send("-ERR TLS support isn't enabled.\r\n");
    } else {
        turn.send("+OK Begin TLS negotiation now.\r\n");
        turn.startTls();
    }
    return true;
}

bool Pop3Session::quit(const std::string&, Turn& turn) {
    turn.send("+OK Logging out\r\n");
    turn.close();
    return true;
}

bool Pop3Session::xclient(const std::string&, Turn& turn) {
    turn.send("+OK You are not from trusted IP - ignoring\r\n");
    return true;
}

/// AUTH alone: what Outlook asks before the login.
void Pop3Session::mechanisms(Turn& turn) const {
    turn.send("+OK\r\n");
    for (const std::string& mechanism : service_.mechanisms) {
        turn.send(mayUsePlaintext() ? mechanism + "\r\n" : "");
    }
    turn.send(".\r\n");
}

void Pop3Session::begin(const std::string& mechanism, const std::string& initial, Turn& turn) {
    const std::string name = pop3Upper(mechanism);
    if (std::ranges::find(service_.mechanisms, name) == service_.mechanisms.end()) {
        turn.send("-ERR [AUTH] Unsupported authentication mechanism.\r\n");
        return;
    }
    const auto response = pop3Base64Decode(initial == "=" ? "" : initial);
    if (!mayUsePlaintext()) {
        if (const auto login = plainLogin(response.value_or(""))) {
            turn.observe(Credential{login->user, login->password, false});  // given away all the same
        }
        turn.send("-ERR [AUTH] Plaintext authentication disabled.\r\n");
        return;
    }
    if (!response) {
        turn.send("-ERR [AUTH] Invalid base64 data in initial response\r\n");
        return;
    }
    startAttempt(turn);
    const bool asks = initial.empty() || (name == "LOGIN" && response->empty());
    challenge_ = name == "LOGIN" ? Challenge::LoginUser : Challenge::Plain;
    if (asks) {
        challenge(challenge_, name == "LOGIN" ? "VXNlcm5hbWU6" : "", turn);
    } else {
        decoded(*response, turn);
    }
}

void Pop3Session::challenge(Challenge kind, std::string_view text, Turn& turn) {
    challenge_ = kind;
    turn.send("+ " + std::string(text) + "\r\n");
}

void Pop3Session::respond(const std::string& response, Turn& turn) {
    attemptAt_ = std::max(attemptAt_, turn.now());
    const auto bytes = pop3Base64Decode(response);
    if (bytes && response.find_first_not_of(kBase64Characters) == std::string::npos) {
        decoded(*bytes, turn);
        return;
    }
    challenge_ = Challenge::None;
    if (response == "*") {
        turn.observe(Command{"AUTH", response});
        turn.send("-ERR Authentication aborted by client.\r\n");
    } else if (response.find_first_not_of(kBase64Characters) != std::string::npos) {
        turn.send("-ERR [AUTH] Invalid base64 in response\r\n");
    } else {
        turn.send("-ERR [AUTH] Invalid base64 data in continued response\r\n");
    }
}

/// What the peer said in the exchange under way, after the transport's encoding.
void Pop3Session::decoded(const std::string& response, Turn& turn) {
    const Challenge kind = std::exchange(challenge_, Challenge::None);
    const bool nul = response.find('\0') != std::string::npos;
    if (kind == Challenge::Plain) {
        plain(response, turn);
    } else if (kind == Challenge::LoginPassword && nul) {
        turn.observe(Credential{user_, response, false});
        fail(0, turn);
    } else if (kind == Challenge::LoginPassword) {
        attempt(user_, response, turn);
    } else {
        user_ = pop3Text(response);
        const bool possible = !nul && !user_.empty() && user_.find_first_not_of(kNameCharacters) == std::string::npos;
        possible ? challenge(Challenge::LoginPassword, "UGFzc3dvcmQ6", turn) : fail(0, turn);
    }
}

void Pop3Session::plain(const std::string& response, Turn& turn) {
    const auto login = plainLogin(response);
    if (!login) {
        fail(0, turn);
    } else if (!login->actAs.empty() && login->actAs != login->user) {
        turn.observe(Credential{login->user, login->password, false});
        fail(0, turn);
    } else {
        attempt(login->user, login->password, turn);
    }
}

/// Whoever failed before waits first, also for a challenge.
void Pop3Session::startAttempt(Turn& turn) {
    penaltyLevel_ = service_.penalty ? memory_.penalty.levelAt(secondsOf(turn.now())) : 0;
    const Millis wait = Pop3Penalty::pauseOf(penaltyLevel_);
    attemptAt_ = turn.now() + wait;
    pauseFor(wait, turn);
}

void Pop3Session::attempt(const std::string& user, const std::string& password, Turn& turn) {
    const bool possible = !user.empty() && user.find_first_not_of(kNameCharacters) == std::string::npos;
    const std::string name = service_.accounts.admits(user, password) ? user : lowered(user);
    const bool accepted = possible && service_.accounts.admits(name, password);
    turn.observe(Credential{user, password, accepted});
    if (accepted) {
        admit(name, turn);
    } else {
        fail(possible ? static_cast<std::uint32_t>(pop3Hash(name + '\0' + password)) | 1U : 0, turn);
    }
}

void Pop3Session::admit(const std::string& user, Turn& turn) {
    if (penaltyLevel_ > 0) {
        memory_.penalty.clear();
        turn.remember(memory_.text());
    }
    user_ = user;
    mailbox_ = &service_.mailboxes.find(user)->second;
    for (std::size_t index = 0; index < mailbox_->messages.size(); ++index) {
        if (!memory_.deleted(user_, index)) {
            held_.push_back({index});
        }
    }
    bad_ = 0;
    turn.setAlarm(Millis::zero());                           // from now on silence alone counts
    pauseFor(Millis(kFewest + chance_.below(kMore)), turn);  // what waits behind is for the process of the mailbox
    turn.send("+OK Logged in.\r\n");
}

void Pop3Session::fail(std::uint32_t pair, Turn& turn) {
    if (service_.penalty) {
        memory_.penalty.failed(penaltyLevel_, pair, secondsOf(attemptAt_));
        turn.remember(memory_.text());
    }
    pauseFor(failureDelay(service_.failureDelay, attemptAt_), turn);
    turn.send("-ERR [AUTH] Authentication failed.\r\n");
}

}  // namespace apiary::agent
