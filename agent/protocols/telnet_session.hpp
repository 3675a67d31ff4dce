#pragma once

#include "agent/protocol/lazy.hpp"
#include "agent/protocols/telnet_ash.hpp"
#include "agent/protocols/telnet_framing.hpp"
#include "agent/protocols/telnet_login.hpp"
#include "agent/protocols/telnet_terminal.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace apiary::agent {

/// What all TELNET sessions of a service share.
struct TelnetService final : Prepared {
    explicit TelnetService(const ShellHostSpec& shell);

    TelnetLoginRules login;
    std::string greeting;  // as in an issue file
    std::string messageOfTheDay;
    Lazy<std::shared_ptr<const ShellHost>> host;  // met behind a login; also held by the shells, which may outlive this

    static Result<std::shared_ptr<const Prepared>> prepare(const Settings& settings, std::uint64_t sensorSeed);

    /// The greeting with its escapes replaced, and the line ends of telnetd.
    std::string issue(WallTime now) const;

private:
    std::string issueValue(char letter, WallTime now) const;
};

/// TELNET as BusyBox 1.35's telnetd, login and ash speak it on a Linux pseudo-terminal.
///
/// Bytes go to the terminal, which echoes. A moment later, as an alarm says, telnetd sends what the terminal gives out,
/// then the process on it runs: so what is typed ahead is treated as there, and answers come in the same segments.
class TelnetSession final : public Session {
public:
    TelnetSession(const TelnetService& service, const Environment& environment)
        : service_(service), peer_(environment.peer), recalled_(environment.recalled), login_(service.login) {}

    void onOpen(Turn& turn) override;
    void onBytes(std::string_view bytes, Turn& turn) override;
    void onAlarm(Turn& turn) override;
    void onIdle(Turn& turn) override { leave(turn); }
    void onCut(Turn& turn) override { leave(turn); }
    void onPeerClosed(Turn& turn) override;

private:
    enum class Ring : std::uint8_t { None, Soon, Wait, LoginTimeout };

    void take(char byte);
    void take(const TelnetFraming::Event& event);
    void answerAreYouThere();
    bool sendsOutput(Turn& turn);
    void runProcess(Turn& turn);
    void endWait(Turn& turn);
    void noteWait(WallTime now);
    void settle(Turn& turn);
    void setRing(Turn& turn);
    void setRing(Ring ring, WallTime at, Turn& turn);
    bool ready() const;
    void leave(Turn& turn);

    const TelnetService& service_;
    Endpoint peer_;
    std::string recalled_;
    TelnetFraming framing_;
    TelnetTerminal terminal_;
    TelnetLogin login_;
    std::optional<TelnetAsh> ash_;  // once somebody has logged in
    std::string unsent_;            // is to go out before the terminal's output
    std::optional<WallTime> waitsUntil_;
    WallTime loginUntil_{};
    Ring ring_ = Ring::None;
    WallTime ringsAt_{};
    bool answeredThere_ = false;  // since the last alarm
    bool heldNul_ = false;        // came last: telnetd drops a NUL at the end of what it reads
    bool started_ = false;        // login runs, and has said its issue
    bool strange_ = false;        // there was a command that is none
    bool toldStrange_ = false;
};

}  // namespace apiary::agent
