#include "agent/protocols/smtp_address.hpp"
#include "agent/protocols/smtp_session.hpp"
#include "common/net/address.hpp"

#include <algorithm>

namespace apiary::agent {
namespace {

constexpr unsigned kMostRecipients = 1000;  // smtpd_recipient_limit
constexpr unsigned kMicrosecondsASecond = 1'000'000;
constexpr std::size_t kReusedFiles = 24;  // inodes that a small queue wanders among

/// The value of `word` if it is the parameter `name`, which ends in =.
std::optional<std::string_view> valueOf(std::string_view word, std::string_view name) {
    return smtpSame(word.substr(0, name.size()), name) ? std::optional(word.substr(name.size())) : std::nullopt;
}

bool isUnicodeFlag(const SmtpWord& word) {
    return smtpSame(word.text, "SMTPUTF8");
}

void appendHex(std::uint64_t value, std::size_t width, std::string& text) {
    std::string digits;
    for (; value > 0 || digits.size() < width; value /= 16) {
        digits += "0123456789ABCDEF"[value % 16];
    }
    text.append(digits.rbegin(), digits.rend());
}

/// Why an address is refused, with blanks for its control characters.
std::string rejection(std::string_view code, const std::string& address, std::string_view why) {
    std::string shown = address;
    std::ranges::replace_if(
        shown, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; }, ' ');
    return std::string(code) + " <" + shown + ">: " + std::string(why);
}

}  // namespace

bool SmtpSession::mail(const Words& words, Turn& turn) {
    unicode_ = false;
    if (inMail_) {
        return refuse("503 5.5.1 Error: nested MAIL command", turn);
    }
    if (chunks_ != Chunks::None) {
        return refuse("503 5.5.1 Error: MAIL after BDAT", turn);
    }
    if (words.size() < 3 || !smtpSame(words[1].text, "from:")) {
        return refuse("501 5.5.4 Syntax: MAIL FROM:<address>", turn);
    }
    unicode_ = std::any_of(words.begin() + 3, words.end(), isUnicodeFlag);
    const auto address = words[2].open ? std::nullopt : smtpAddress(words[2].text);
    const auto ours = [this](std::string_view domain) { return isOurs(domain); };
    if (!address || (!address->empty() && !smtpResolve(*address, unicode_, ours).valid)) {
        return refuse("501 5.1.7 Bad sender address syntax", turn);
    }
    if (const std::string fault = mailOptionFault(words); !fault.empty()) {
        return refuse(fault, turn);
    }
    if (declaredSize_ > 0 && static_cast<std::uint64_t>(declaredSize_) > service_.sizeLimit) {
        return refuse("552 5.3.4 Message size exceeds fixed limit", turn);
    }
    inMail_ = true;
    reply("250 2.1.0 Ok", turn);
    return true;
}

/// What the parameters of MAIL are refused with, or nothing. Some leave a trace even where the command is refused.
std::string SmtpSession::mailOptionFault(const Words& words) {
    bool returned = false;
    bool identified = false;
    for (std::size_t i = 3; i < words.size(); ++i) {
        const std::string& word = words[i].text;
        if (smtpSame(word, "BODY=8BITMIME") || smtpSame(word, "BODY=7BIT") || smtpSame(word, "SMTPUTF8")) {
            continue;
        }
        if (const auto size = valueOf(word, "SIZE=")) {
            const auto number = smtpSize(*size);
            if (!number) {
                return "501 5.5.4 Bad message size syntax";
            }
            declaredSize_ = *number;
            if (declaredSize_ < 0) {
                return "552 5.3.4 Message size exceeds file system imposed limit";
            }
        } else if (const auto sender = valueOf(word, "AUTH=")) {
            if (senderLogin_) {
                return "503 5.5.4 Error: multiple AUTH= options";
            }
            senderLogin_ = *sender != "<>";
        } else if (const auto part = valueOf(word, "RET=")) {
            if (returned || !(smtpSame(*part, "FULL") || smtpSame(*part, "HDRS"))) {
                return "501 5.5.4 Bad RET parameter syntax";
            }
            returned = true;
        } else if (const auto id = valueOf(word, "ENVID=")) {
            if (identified || id->empty() || !smtpIsXtext(*id, true)) {
                return "501 5.5.4 Bad ENVID parameter syntax";
            }
            identified = true;
        } else {
            return "555 5.5.4 Unsupported option: " + word;
        }
    }
    return {};
}

bool SmtpSession::rcpt(const Words& words, Turn& turn) {
    if (!inMail_) {
        return refuse("503 5.5.1 Error: need MAIL command", turn);
    }
    if (chunks_ != Chunks::None) {
        return refuse("503 5.5.1 Error: RCPT after BDAT", turn);
    }
    if (words.size() < 3 || !smtpSame(words[1].text, "to:")) {
        return refuse("501 5.5.4 Syntax: RCPT TO:<address>", turn);
    }
    const auto address = words[2].open ? std::nullopt : smtpAddress(words[2].text);
    const auto ours = [this](std::string_view domain) { return isOurs(domain); };
    if (!address || address->empty() || !smtpResolve(*address, unicode_, ours).valid) {
        return refuse("501 5.1.3 Bad recipient address syntax", turn);
    }
    if (const std::string fault = rcptOptionFault(words); !fault.empty()) {
        return refuse(fault, turn);
    }
    if (recipients_ >= kMostRecipients) {
        reply("452 4.5.3 Error: too many recipients", turn);
        return true;
    }
    if (const std::string fault = recipientFault(*address, unicode_); !fault.empty()) {
        return refuse(fault, turn);
    }
    if (++recipients_ == 1) {
        queueId_ = newQueueId();
    }
    reply("250 2.1.5 Ok", turn);
    return true;
}

std::string SmtpSession::rcptOptionFault(const Words& words) {
    bool notified = false;
    bool original = false;
    for (std::size_t i = 3; i < words.size(); ++i) {
        const std::string& word = words[i].text;
        if (const auto when = valueOf(word, "NOTIFY=")) {
            if (notified || !smtpIsNotify(*when)) {
                return "501 5.5.4 Error: Bad NOTIFY parameter syntax";
            }
            notified = true;
        } else if (const auto address = valueOf(word, "ORCPT=")) {
            const auto semicolon = address->find(';');
            const std::string_view type = address->substr(0, semicolon);
            if (original || type.empty() || type.size() == address->size() ||
                !(smtpSame(type, "utf-8") ? smtpIsUnicodeXtext(address->substr(semicolon + 1))
                                          : smtpIsXtext(address->substr(semicolon + 1), false))) {
                return "501 5.5.4 Error: Bad ORCPT parameter syntax";
            }
            original = true;
        } else {
            return "555 5.5.4 Unsupported option: " + word;
        }
    }
    return {};
}

bool SmtpSession::vrfy(const Words& words, Turn& turn) {
    const bool unicode = words.size() > 1 && isUnicodeFlag(words.back());
    const std::size_t count = words.size() - (unicode ? 1 : 0);
    if (count < 2) {
        return refuse("501 5.5.4 Syntax: VRFY address [SMTPUTF8]", turn);
    }
    std::string text = words[1].text;
    for (std::size_t i = 2; i < count; ++i) {
        text += " " + words[i].text;
    }
    const auto address = smtpAddress(text);
    const auto ours = [this](std::string_view domain) { return isOurs(domain); };
    if (!address || address->empty() || !smtpResolve(*address, unicode, ours).valid) {
        return refuse("501 5.1.3 Bad recipient address syntax", turn);
    }
    if (const std::string fault = recipientFault(*address, unicode); !fault.empty()) {
        return refuse(fault, turn);
    }
    reply("252 2.0.0 " + text, turn);
    return true;
}

/// What mail for the address is refused with, or nothing.
std::string SmtpSession::recipientFault(const std::string& address, bool unicode) const {
    if (smtpSame(address, "postmaster")) {
        return {};
    }
    const auto ours = [this](std::string_view domain) { return isOurs(domain); };
    const SmtpDestination to = smtpResolve(address, unicode, ours);
    if (service_.submission && !loggedIn_) {
        return rejection("554 5.7.1", address, "Recipient address rejected: Access denied");
    }
    if (!to.ours && !loggedIn_ && service_.relay != SmtpService::Relay::Accept) {
        const bool defers = service_.relay == SmtpService::Relay::Defer;
        return rejection(defers ? "454 4.7.1" : "554 5.7.1", address, "Relay access denied");
    }
    if (to.ours && !service_.submission && !knows(to.mailbox)) {
        return rejection("550 5.1.1", address, "Recipient address rejected: User unknown in local recipient table");
    }
    return {};
}

bool SmtpSession::knows(std::string_view mailbox) const {
    const std::string name = smtpLower(mailbox);
    const auto plus = name.find('+', 1);  // recipient_delimiter
    return name == "mailer-daemon" || name == "double-bounce" || service_.recipients.contains(name) ||
           (plus != std::string::npos && service_.recipients.contains(name.substr(0, plus)));
}

bool SmtpSession::isOurs(std::string_view domain) const {
    if (domain.starts_with('[')) {
        const auto meant = smtpLiteral(domain);
        return meant && (meant->address == local_.address || addressText(*meant) == "127.0.0.1");
    }
    return service_.domains.contains(smtpLower(domain));
}

/// As of old: microseconds of the second, and the inode of the message's file.
std::string SmtpSession::newQueueId() {
    std::string id;
    appendHex(chance_.below(kMicrosecondsASecond), 5, id);
    appendHex(service_.queueFile + chance_.below(kReusedFiles), 1, id);
    return id;
}

}  // namespace apiary::agent
