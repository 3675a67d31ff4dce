/// TELNET (RFC 854, 855, 857, 858, 1073) as on a small router: BusyBox 1.35's telnetd, login and ash, as Debian 12's
/// busybox-static builds them, on a Linux pseudo-terminal. The shell is agent/shell.
///
/// Left out on purpose: names are not completed; a command is ended, not stopped, by Control-Z; nobody is let in
/// without a password; orders of Telnet that TCP cuts are understood, and a NUL at the end of a segment counts (the
/// real server loses track of both).

#include "agent/protocol/seeded.hpp"
#include "agent/protocol/setting_values.hpp"
#include "agent/protocols/telnet_session.hpp"

#include <ctime>
#include <iterator>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::uint64_t kHostNamePurpose = 0x7e1e;
constexpr std::string_view kHostNames[] = {"router", "gateway", "OpenWrt",   "modem",
                                           "AP",     "LEDE",    "localhost", "homerouter"};
constexpr Millis kMostDelay = std::chrono::seconds(30);
constexpr Millis kMostTimeout = std::chrono::minutes(10);
constexpr std::uint64_t kMostTries = 100;

std::string formatted(WallTime now, const char* format) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    char text[64];
    return {text, std::strftime(text, sizeof text, format, &utc)};
}

std::string hostNameOf(const Settings& settings, std::uint64_t sensorSeed) {
    const std::string& name = settings.at("hostname");
    return name.empty() ? std::string(Seeded(sensorSeed, kHostNamePurpose).pick(kHostNames)) : name;
}

ShellHostSpec specOf(const Settings& settings, const TelnetLoginRules& login, std::uint64_t sensorSeed) {
    ShellHostSpec spec;
    spec.hostName = login.hostName;
    spec.kernel = settings.at("kernel");
    spec.machine = settings.at("machine");
    spec.build = settings.at("build");
    spec.sensorSeed = sensorSeed;
    for (const Account& account : login.accounts.all()) {
        if (account.user != "root") {
            spec.users.push_back(account.user);
        }
    }
    return spec;
}

}  // namespace

TelnetService::TelnetService(const ShellHostSpec& shell) : host([shell] { return ShellHost::make(shell); }) {}

Result<std::shared_ptr<const Prepared>> TelnetService::prepare(const Settings& settings, std::uint64_t sensorSeed) {
    const auto accounts = Accounts::of(settings, sensorSeed);
    const auto delay = durationOf(settings, "failed_login_delay", kMostDelay);
    const auto timeout = durationOf(settings, "login_timeout", kMostTimeout);
    const auto tries = numberOf(settings, "tries", 1, kMostTries);
    for (const std::string* error : {accounts ? nullptr : &accounts.error(), delay ? nullptr : &delay.error(),
                                     timeout ? nullptr : &timeout.error(), tries ? nullptr : &tries.error()}) {
        if (error != nullptr) {
            return Error{*error};
        }
    }
    TelnetLoginRules login{.hostName = hostNameOf(settings, sensorSeed),
                           .accounts = *accounts,
                           .failedDelay = *delay,
                           .timeout = *timeout,
                           .tries = static_cast<unsigned>(*tries)};
    auto service = std::make_shared<TelnetService>(specOf(settings, login, sensorSeed));
    service->login = std::move(login);
    service->greeting = settings.at("greeting");
    service->messageOfTheDay = settings.at("motd");
    return std::shared_ptr<const Prepared>(std::move(service));
}

/// libbb/login.c: a carriage return stands behind each line, not before its end.
std::string TelnetService::issue(WallTime now) const {
    std::string text = "\r\n";
    for (std::size_t i = 0; i < greeting.size(); ++i) {
        const char c = greeting[i];
        if (c == '\n') {
            text += "\n\r";
        } else if ((c != '\\' && c != '%') || i + 1 == greeting.size()) {
            text += c;
        } else {
            text += issueValue(greeting[++i], now);
        }
    }
    return text;
}

std::string TelnetService::issueValue(char letter, WallTime now) const {
    switch (letter) {
        case 'h':
        case 'n':
            return login.hostName;
        case 's':
        case 'S':
            return "Linux";
        case 'r':
            return host.get()->spec().kernel;
        case 'v':
            return std::string(host.get()->kernelVersion());
        case 'm':
            return std::string(host.get()->machine());
        case 'o':
        case 'O':
        case 'D':
            return "(none)";
        case 'l':
            return "/dev/pts/0";
        case 'd':
            return formatted(now, "%A, %d %B %Y");
        case 't':
            return formatted(now, "%H:%M:%S");
        default:
            return {letter};
    }
}

namespace {

constexpr std::uint16_t kPorts[] = {23, 992};
constexpr Setting kSettings[] = {
    {"hostname", "", "name of the host, before \" login: \" and in the shell; empty: one of the sensor's own"},
    {"greeting", "",
     "text before the first prompt, as /etc/issue.net: %h host, %s system, %r kernel, %m machine, %l line, %d "
     "date, %t time (UTC)"},
    {"motd", "", "text after a login, as /etc/motd"},
    Accounts::kAccounts,
    Accounts::kUsers,
    {"failed_login_delay", "3s", "before \"Login incorrect\""},
    {"tries", "3", "failed logins until the connection is closed"},
    {"login_timeout", "60s", "for the whole login, then the connection is closed"},
    {"machine", "mips", "architecture, as uname -m: mips, mipsel, armv7l, aarch64, i686 or x86_64"},
    {"kernel", "5.10.146", "release of the kernel, as uname -r"},
    {"build", "", "what BusyBox says behind its version, with its parentheses; empty: one of the sensor's own"},
};

}  // namespace

extern constinit const Module telnet{"telnet",
                                     Transport::Stream,
                                     true,
                                     kPorts,
                                     kSettings,
                                     TelnetService::prepare,
                                     openSession<TelnetSession, TelnetService>};

}  // namespace apiary::agent
