#include "agent/protocols/smtp_session.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kLongestWord = 1024;  // of AUTH LOGIN's two and of PLAIN's user, in Cyrus SASL
constexpr std::string_view kFailed = "535 5.7.8 Error: authentication failed: ";

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\n\v\f\r";
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

std::string failed(std::string_view why) {
    return std::string(kFailed) + std::string(why);
}

}  // namespace

bool SmtpSession::starttls(const Words& words, Turn& turn) {
    if (words.size() != 1) {
        return refuse("501 5.5.4 Syntax: STARTTLS", turn);
    }
    if (tls_) {
        return refuse("554 5.5.1 Error: TLS already active", turn);
    }
    if (!offersTls_) {
        return refuse("502 5.5.1 Error: command not implemented", turn);
    }
    reply("220 2.0.0 Ready to start TLS", turn);
    endPayload(turn);
    resetMail();
    loggedIn_ = false;
    turn.startTls();
    awaitsTls_ = true;
    return true;
}

bool SmtpSession::offersLogin() const {
    return !service_.accounts.all().empty() && (!service_.submission || tls_ || !offersTls_);
}

bool SmtpSession::auth(const Words& words, Turn& turn) {
    if (!offersLogin()) {
        return refuse("503 5.5.1 Error: authentication not enabled", turn);
    }
    if (inMail_) {
        return refuse("503 5.5.1 Error: MAIL transaction in progress", turn);
    }
    if (loggedIn_) {
        return refuse("503 5.5.1 Error: already authenticated", turn);
    }
    if (words.size() < 2 || words.size() > 3) {
        return refuse("501 5.5.4 Syntax: AUTH mechanism", turn);
    }
    const bool plain = smtpSame(words[1].text, "PLAIN");
    const bool known = plain || smtpSame(words[1].text, "LOGIN");
    login_ = plain ? Login::Plain : Login::User;
    if (words.size() == 3) {
        std::string decoded;
        const bool good = smtpDecode(words[2].text, decoded) == SmtpBase64::Good;
        return known || !good ? onResponse(words[2].text, turn) : refuse(failed("no mechanism available"), turn);
    }
    if (!known) {
        return refuse(failed("no mechanism available"), turn);
    }
    reading_ = Reading::Login;
    reply(plain ? "334 " : "334 VXNlcm5hbWU6", turn);
    return true;
}

void SmtpSession::onLoginLine(std::string_view line, Turn& turn) {
    reading_ = Reading::Command;
    if (line == "*") {
        finish(refuse("501 5.7.0 Authentication aborted", turn), turn);
        return;
    }
    finish(onResponse(line, turn), turn);
}

bool SmtpSession::onResponse(std::string_view response, Turn& turn) {
    std::string decoded;
    switch (smtpDecode(response, decoded)) {
        case SmtpBase64::Bad:
            return refuse(failed("bad protocol / cancel"), turn);
        case SmtpBase64::Short:
            return refuse(failed("another step is needed in authentication"), turn);
        case SmtpBase64::Good:
            break;
    }
    if (login_ == Login::Plain) {
        return plainLogin(decoded, turn);
    }
    if (decoded.size() > kLongestWord) {
        return refuse(failed("bad protocol / cancel"), turn);
    }
    if (login_ == Login::Password) {
        return tryLogin(loginUser_, decoded, true, turn);
    }
    loginUser_ = std::move(decoded);
    login_ = Login::Password;
    reading_ = Reading::Login;
    reply("334 UGFzc3dvcmQ6", turn);
    return true;
}

/// RFC 4616: whom to act as, who one is, the password, with a NUL between each two.
bool SmtpSession::plainLogin(std::string_view message, Turn& turn) {
    const auto first = message.find('\0');
    const auto second = first == std::string_view::npos ? first : message.find('\0', first + 1);
    if (second == std::string_view::npos || message.find('\0', second + 1) != std::string_view::npos) {
        return refuse(failed("bad protocol / cancel"), turn);
    }
    const std::string_view as = message.substr(0, first);
    const std::string user(message.substr(first + 1, second - first - 1));
    if (user.size() > kLongestWord) {
        return refuse(failed("overflowed buffer"), turn);
    }
    const bool asSelf = as.empty() || accountOf(as) == accountOf(user);
    return tryLogin(user, std::string(message.substr(second + 1)), asSelf, turn);
}

/// The name alone of name@hostname, without the blanks around it, which Cyrus SASL takes off.
std::string_view SmtpSession::accountOf(std::string_view user) const {
    const std::string realm = "@" + service_.hostname;
    user = trimmed(user);
    return user.substr(0, user.size() - (user.ends_with(realm) ? realm.size() : 0));
}

/// `asSelf` is false where the peer would act as somebody else.
bool SmtpSession::tryLogin(const std::string& user, const std::string& secret, bool asSelf, Turn& turn) {
    const std::string_view name =
        accountOf(std::string_view(user).substr(0, user.find('\0')));  // as the server's C ends it
    const bool good = asSelf && !name.empty() && service_.accounts.admits(name, secret);
    turn.observe(Credential{user, secret, good});
    if (user.empty()) {
        return refuse("454 4.7.0 Temporary authentication failure: generic failure", turn);
    }
    if (!good) {
        const auto third = static_cast<std::size_t>(service_.failedLoginDelay.count()) / 3 + 1;
        turn.pause(service_.failedLoginDelay +
                   Millis(chance_.below(third) + chance_.below(third) + chance_.below(third)));
        return refuse(failed("authentication failure"), turn);
    }
    loggedIn_ = true;
    reply("235 2.7.0 Authentication successful", turn);
    return true;
}

}  // namespace apiary::agent
