/// FTP after Debian 12's vsftpd 3.0.3-13, configured as its package does, and besides that:
///   anonymous_enable, anon_upload_enable and anon_mkdir_write_enable by setting; write_enable=YES
///   local_umask=022 anon_umask=022 chroot_local_user=YES allow_writeable_chroot=YES, both roots being the same
///   where the service has a certificate: ssl_enable=YES allow_anon_ssl=YES force_local_{logins,data}_ssl=NO
/// Left out on purpose: PORT and EPRT never connect: the peer's port is always closed; what the real server says in
/// plaintext where a handshake of a data connection failed; that it takes TLS 1.2 with one cipher and nothing older;
/// 426 for who resets a data connection right behind its handshake, which is 226 here; a Telnet ABOR during a transfer
/// waits for its end; .message files.

#include "agent/protocol/setting_values.hpp"
#include "agent/protocols/ftp_decoys.hpp"
#include "agent/protocols/ftp_session.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kLongestLine = 4096;  // its end included
constexpr Millis kLongestDelay = std::chrono::minutes(1);

}  // namespace

FtpService::FtpService(std::uint64_t sensorSeed) : files([sensorSeed] { return FtpFiles(ftpDecoys(sensorSeed)); }) {}

Result<std::shared_ptr<const Prepared>> FtpService::prepare(const Settings& settings, std::uint64_t sensorSeed) {
    auto service = std::make_shared<FtpService>(sensorSeed);
    const auto accounts = Accounts::of(settings, sensorSeed);
    const auto anonymous = flagOf(settings, "anonymous");
    const auto upload = flagOf(settings, "anonymous_upload");
    const auto timeout = numberOf(settings, "timeout", 1, 86'400);
    const auto delay = durationOf(settings, "failed_login_delay", kLongestDelay);
    for (const std::string* error :
         {accounts ? nullptr : &accounts.error(), anonymous ? nullptr : &anonymous.error(),
          upload ? nullptr : &upload.error(), delay ? nullptr : &delay.error(), timeout ? nullptr : &timeout.error()}) {
        if (error != nullptr) {
            return Error{*error};
        }
    }
    service->timeout = settings.at("timeout");
    service->greeting = "220 " + settings.at("greeting") + "\r\n";
    service->anonymous = *anonymous;
    service->anonymousUpload = *upload;
    service->failedLoginDelay = *delay;
    service->accounts = *accounts;
    return std::shared_ptr<const Prepared>(std::move(service));
}

FtpSession::FtpSession(const FtpService& service, const Environment& environment)
    : service_(service),
      peer_(environment.peer),
      shelf_(environment.shelf),
      chance_(environment.seed),
      offersTls_(environment.offersTls || environment.tls),
      tls_(environment.tls) {
    if (!environment.recalled.empty()) {
        ownFiles().recall(environment.recalled, service_.files.get());
    }
}

const FtpSession::Verb* FtpSession::find(std::string_view name, bool loggedIn) {
    using F = FtpSession;
    using enum When;
    static constexpr std::string_view kHelp =
        "214-The following commands are recognized.\r\n"
        " ABOR ACCT ALLO APPE CDUP CWD  DELE EPRT EPSV FEAT HELP LIST MDTM MKD\r\n"
        " MODE NLST NOOP OPTS PASS PASV PORT PWD  QUIT REIN REST RETR RMD  RNFR\r\n"
        " RNTO SITE SIZE SMNT STAT STOR STOU STRU SYST TYPE USER XCUP XCWD XMKD\r\n"
        " XPWD XRMD\r\n"
        "214 Help OK.\r\n";
    static constexpr std::string_view kNothingToAbort = "225 No transfer to ABOR.\r\n";
    static constexpr auto all = May::Everybody;
    static constexpr auto uploader = May::Uploader;
    static constexpr auto local = May::Local;
    static constexpr Verb kVerbs[] = {
        {"USER", Before, all, &F::user, {}},
        {"PASS", Before, all, &F::pass, {}},
        {"AUTH", Before, all, &F::auth, {}, true},
        {"PBSZ", Always, all, &F::pbsz, {}, true},
        {"PROT", Always, all, &F::prot, {}, true},
        {"FEAT", Always, all, &F::feat, {}},
        {"OPTS", Always, all, &F::opts, {}},
        {"QUIT", Always, all, &F::quit, {}},
        {"USER", After, all, &F::userAgain, {}},
        {"PASS", After, all, nullptr, "230 Already logged in.\r\n"},
        {"PWD", After, all, &F::pwd, {}},
        {"XPWD", After, all, &F::pwd, {}},
        {"CWD", After, all, &F::cwd, {}},
        {"XCWD", After, all, &F::cwd, {}},
        {"CDUP", After, all, &F::cdup, {}},
        {"XCUP", After, all, &F::cdup, {}},
        {"PASV", After, all, &F::pasv, {}},
        {"P@SW", After, all, &F::brokenPasv, {}},
        {"EPSV", After, all, &F::epsv, {}},
        {"PORT", After, all, &F::port, {}},
        {"EPRT", After, all, &F::eprt, {}},
        {"LIST", After, all, &F::list, {}},
        {"NLST", After, all, &F::nlst, {}},
        {"RETR", After, all, &F::retr, {}},
        {"STOR", After, uploader, &F::stor, {}},
        {"STOU", After, uploader, &F::stou, {}},
        {"APPE", After, local, &F::appe, {}},
        {"REST", After, all, &F::rest, {}},
        {"SIZE", After, all, &F::size, {}},
        {"MDTM", After, all, &F::mdtm, {}},
        {"MKD", After, uploader, &F::mkd, {}},
        {"XMKD", After, uploader, &F::mkd, {}},
        {"RMD", After, local, &F::rmd, {}},
        {"XRMD", After, local, &F::rmd, {}},
        {"DELE", After, local, &F::dele, {}},
        {"RNFR", After, local, &F::rnfr, {}},
        {"RNTO", After, local, &F::rnto, {}},
        {"SITE", After, local, &F::site, {}},
        {"STAT", After, all, &F::stat, {}},
        {"TYPE", After, all, &F::type, {}},
        {"MODE", After, all, &F::mode, {}},
        {"STRU", After, all, &F::stru, {}},
        {"NOOP", After, all, nullptr, "200 NOOP ok.\r\n"},
        {"SYST", After, all, nullptr, "215 UNIX Type: L8\r\n"},
        {"HELP", After, all, nullptr, kHelp},
        {"ABOR", After, all, nullptr, kNothingToAbort},
        {"\xff\xf4\xff\xf2"
         "ABOR",
         After, all, nullptr, kNothingToAbort},
        {"ALLO", After, all, nullptr, "202 ALLO command ignored.\r\n"},
        {"REIN", After, all, nullptr, "502 REIN not implemented.\r\n"},
        {"ACCT", After, all, nullptr, "502 ACCT not implemented.\r\n"},
        {"SMNT", After, all, nullptr, "502 SMNT not implemented.\r\n"},
        {"GET", After, all, &F::http, {}},
        {"POST", After, all, &F::http, {}},
        {"HEAD", After, all, &F::http, {}},
        {"OPTIONS", After, all, &F::http, {}},
        {"CONNECT", After, all, &F::http, {}},
    };
    const auto found = std::ranges::find_if(kVerbs, [&](const Verb& verb) {
        return verb.name == name && (verb.when == Always || (verb.when == After) == loggedIn);
    });
    return found == std::end(kVerbs) ? nullptr : found;
}

std::size_t FtpSession::step(std::string_view rest, Turn& turn) {
    const auto end = rest.substr(0, kLongestLine).find('\n');
    if (end != std::string_view::npos) {
        onLine(rest.substr(0, end), turn);
        return end + 1;
    }
    if (rest.size() < kLongestLine) {
        return 0;
    }
    turn.observe(Anomaly{"line too long"});
    reply(500, "Input line too long.", turn);
    turn.close();
    return rest.size();
}

void FtpSession::onLine(std::string_view line, Turn& turn) {
    line = line.substr(0, line.find_last_not_of('\r') + 1);
    const auto blank = line == " " ? std::string_view::npos : line.find(' ');
    std::string name = ftpUpper(line.substr(0, blank));
    std::string argument(line.substr(std::min(blank, line.size() - 1) + 1));
    if (line.empty()) {
        return;  // the real server takes it for the fault of a NAT device
    }
    turn.observe(Command{name, argument});
    if (line.find('\0') != std::string_view::npos) {
        turn.observe(Anomaly{"NUL in a command"});
        std::ranges::replace(name, '\0', '\n');
        std::ranges::replace(argument, '\0', '\n');
    }
    dispatch(name, argument, turn);
}

void FtpSession::dispatch(const std::string& name, const std::string& argument, Turn& turn) {
    const Verb* verb = find(name, loggedIn_);
    if (!loggedIn_ && (verb == nullptr || (verb->aboutTls && (!offersTls_ || (name == "AUTH" && tls_))))) {
        reply(530, "Please login with USER and PASS.", turn);
    } else if (verb == nullptr) {
        reply(500, "Unknown command.", turn);
    } else if ((verb->aboutTls && !offersTls_) ||
               (guest_ && (verb->who == May::Local || (verb->who == May::Uploader && !service_.anonymousUpload)))) {
        reply(550, "Permission denied.", turn);
    } else if (verb->handler == nullptr) {
        turn.send(verb->answer);
    } else {
        (this->*verb->handler)(argument, turn);
    }
}

/// Bytes of the peer that come back are escaped as the protocol (Telnet, RFC 854) and the real server have it.
void FtpSession::reply(int code, std::string_view text, Turn& turn, char separator) {
    std::string line = std::to_string(code) + separator;
    for (const char c : text) {
        line += c == '\n' ? '\0' : c;
        line += c == '\xff' ? "\xff" : "";
    }
    turn.send(line + "\r\n");
}

FtpFiles& FtpSession::ownFiles() {
    if (!own_) {
        own_ = std::make_unique<FtpFiles>(service_.files.get());
    }
    return *own_;
}

/// Null where there is none, or no longer.
std::shared_ptr<const std::string> FtpSession::contentOf(const FtpNode& node) const {
    return node.content == nullptr && node.shelved != Shelf::kNothing && shelf_ ? shelf_->find(node.shelved)
                                                                                : node.content;
}

namespace {

constexpr std::uint16_t kPorts[] = {21};
constexpr Setting kSettings[] = {
    {"greeting", "(vsFTPd 3.0.3)", "text of the 220 line"},
    Accounts::kAccounts,
    Accounts::kUsers,
    {"anonymous", "yes", "yes or no: anonymous and ftp may log in with any password (anonymous_enable)"},
    {"anonymous_upload", "yes", "yes or no: they may upload and make directories (anon_upload_enable)"},
    {"failed_login_delay", "2s", "pause before a failed login is answered, at least; up to twice as long, by chance"},
    {"timeout", "120", "seconds of silence that STAT names; make it the service's idle limit"},
};

/// vsftpd's, with ssl_ciphers as Debian has it: a service whose key is no RSA key takes TLS 1.3 alone.
constexpr TlsProfile kTls{.ciphers = "ECDHE-RSA-AES256-GCM-SHA384:@SECLEVEL=2", .groups = "P-256", .endIsError = true};

}  // namespace

extern constinit const Module ftp{
    "ftp", Transport::Stream, true, kPorts, kSettings, FtpService::prepare, openSession<FtpSession, FtpService>, kTls};

}  // namespace apiary::agent
