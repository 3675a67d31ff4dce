#include "agent/protocols/ftp_session.hpp"
#include "common/net/address.hpp"

#include <algorithm>

namespace apiary::agent {
namespace {

constexpr unsigned kMostFailures = 3;  // max_login_fails

}  // namespace

std::string ftpUpper(std::string_view text) {
    std::string upper(text);
    std::ranges::transform(upper, upper.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
    return upper;
}

void FtpSession::user(const std::string& argument, Turn& turn) {
    user_ = argument;
    reply(331, "Please specify the password.", turn);
}

void FtpSession::pass(const std::string& argument, Turn& turn) {
    if (user_.empty()) {
        reply(503, "Login with USER first.", turn);
        return;
    }
    const std::string upper = ftpUpper(user_);
    guest_ = service_.anonymous && (upper == "ANONYMOUS" || upper == "FTP");
    loggedIn_ = guest_ || service_.accounts.admits(user_, argument);
    turn.observe(Credential{user_, argument, loggedIn_});
    if (loggedIn_) {
        user_ = guest_ ? "ftp" : user_;
        reply(230, "Login successful.", turn);
        return;
    }
    // 1 s of vsftpd's own, and 2 s of PAM's that it varies by half, most often by little.
    const auto third = static_cast<std::size_t>(service_.failedLoginDelay.count()) / 3 + 1;
    turn.pause(service_.failedLoginDelay + Millis(chance_.below(third) + chance_.below(third) + chance_.below(third)));
    reply(530, "Login incorrect.", turn);
    user_.clear();
    if (++failures_ == kMostFailures) {
        turn.close();
    }
}

void FtpSession::userAgain(const std::string& argument, Turn& turn) {
    if (guest_) {
        reply(530, "Can't change from guest user.", turn);
    } else if (argument == user_) {
        reply(331, "Any password will do.", turn);
    } else {
        reply(530, "Can't change to another user.", turn);
    }
}

void FtpSession::auth(const std::string& argument, Turn& turn) {
    const std::string kind = ftpUpper(argument);
    if (kind != "TLS" && kind != "TLS-C" && kind != "SSL" && kind != "TLS-P") {
        reply(504, "Unknown AUTH type.", turn);
        return;
    }
    privateData_ = kind == "SSL" || kind == "TLS-P";
    reply(234, "Proceed with negotiation.", turn);
    turn.startTls();
}

/// In plaintext, behind an alert if OpenSSL has sent one.
void FtpSession::onTlsFailed(std::string_view error, Turn& turn) {
    reply(500, "OOPS: " + std::string(error), turn);
}

void FtpSession::pbsz(const std::string&, Turn& turn) {
    tls_ ? reply(200, "PBSZ set to 0.", turn) : reply(503, "PBSZ needs a secure connection.", turn);
}

void FtpSession::prot(const std::string& argument, Turn& turn) {
    const std::string level = ftpUpper(argument);
    if (!tls_) {
        reply(503, "PROT needs a secure connection.", turn);
    } else if (level == "C" || level == "P") {
        privateData_ = level == "P";
        reply(200, privateData_ ? "PROT now Private." : "PROT now Clear.", turn);
    } else if (level == "S" || level == "E") {
        reply(536, "PROT not supported.", turn);
    } else {
        reply(504, "PROT not recognized.", turn);
    }
}

void FtpSession::feat(const std::string&, Turn& turn) {
    turn.send("211-Features:\r\n");
    turn.send(offersTls_ ? " AUTH TLS\r\n" : "");
    turn.send(" EPRT\r\n EPSV\r\n MDTM\r\n PASV\r\n");
    turn.send(offersTls_ ? " PBSZ\r\n PROT\r\n" : "");
    turn.send(" REST STREAM\r\n SIZE\r\n TVFS\r\n211 End\r\n");
}

void FtpSession::opts(const std::string& argument, Turn& turn) {
    ftpUpper(argument) == "UTF8 ON" ? reply(200, "Always in UTF8 mode.", turn)
                                    : reply(501, "Option not understood.", turn);
}

void FtpSession::stat(const std::string& argument, Turn& turn) {
    if (!argument.empty()) {
        if (const auto lines = listing(argument, true, true, turn)) {
            turn.send("213-Status follows:\r\n");
            turn.send(*lines);
            reply(213, "End of status", turn);
        }
        return;
    }
    const std::string address = (peer_.v4() ? "::ffff:" : "") + addressText(peer_);  // it listens on IPv6 for both
    turn.send("211-FTP server status:\r\n     Connected to " + address + "\r\n     Logged in as " + user_ +
              "\r\n     TYPE: " + (ascii_ ? "ASCII" : "BINARY") +
              "\r\n     No session bandwidth limit\r\n     Session timeout in seconds is " + service_.timeout +
              "\r\n     Control connection is " + (tls_ ? "encrypted" : "plain text") +
              "\r\n     Data connections will be " + (privateData_ ? "encrypted" : "plain text") +
              "\r\n     At session startup, client count was 1\r\n     vsFTPd 3.0.3 - secure, fast, stable\r\n");
    reply(211, "End of status", turn);
}

void FtpSession::type(const std::string& argument, Turn& turn) {
    const std::string kind = ftpUpper(argument);
    if (kind == "I" || kind == "L8" || kind == "L 8") {
        ascii_ = false;
        reply(200, "Switching to Binary mode.", turn);
    } else if (kind == "A" || kind == "A N") {
        ascii_ = true;
        reply(200, "Switching to ASCII mode.", turn);
    } else {
        reply(500, "Unrecognised TYPE command.", turn);
    }
}

void FtpSession::mode(const std::string& argument, Turn& turn) {
    ftpUpper(argument) == "S" ? reply(200, "Mode set to S.", turn) : reply(504, "Bad MODE command.", turn);
}

void FtpSession::stru(const std::string& argument, Turn& turn) {
    ftpUpper(argument) == "F" ? reply(200, "Structure set to F.", turn) : reply(504, "Bad STRU command.", turn);
}

void FtpSession::quit(const std::string&, Turn& turn) {
    reply(221, "Goodbye.", turn);
    turn.close();
}

/// The real server hangs up on some of the verbs of HTTP, and only on who is logged in.
void FtpSession::http(const std::string&, Turn& turn) {
    reply(500, "HTTP protocol commands not allowed.", turn);
    turn.close();
}

}  // namespace apiary::agent
