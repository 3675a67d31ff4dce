#pragma once

#include "agent/protocol/accounts.hpp"
#include "agent/protocol/buffered_session.hpp"
#include "agent/protocol/seeded.hpp"
#include "agent/protocols/pop3_mailbox.hpp"
#include "agent/protocols/pop3_memory.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// What all POP3 sessions of a service share.
struct Pop3Service final : Prepared {
    std::string greeting;
    std::string host;
    Accounts accounts;
    std::vector<std::string> mechanisms;  // as CAPA names them: PLAIN, LOGIN
    bool apop = false;
    bool plaintext = true;  // passwords may come without TLS
    bool penalty = true;    // addresses that fail wait longer and longer
    Millis failureDelay{};
    std::uint32_t authProcess = 0;                              // that the challenge of APOP names
    std::map<std::string, Pop3Mailbox, std::less<>> mailboxes;  // by account

    static Result<std::shared_ptr<const Prepared>> prepare(const Settings& settings, std::uint64_t sensorSeed);
};

/// POP3 (RFC 1939, 2449, 2595, 5034) as Debian's dovecot-pop3d 2.3.19.1 speaks it. See pop3.cpp for its configuration.
///
/// The real server has a process for the time before the login and another for the mailbox, which read lines, count
/// errors and word their answers differently; so have the two tables of verbs here.
class Pop3Session final : public BufferedSession {
public:
    Pop3Session(const Pop3Service& service, const Environment& environment);

    void onOpen(Turn& turn) override;
    void onTls(const TlsInfo&, Turn&) override { tls_ = true; }
    void onAlarm(Turn& turn) override;
    void onIdle(Turn& turn) override;
    void onCut(Turn& turn) override;
    void onPeerClosed(Turn& turn) override;

private:
    /// What the line behind a challenge is.
    enum class Challenge { None, Plain, LoginUser, LoginPassword };

    // BufferedSession
    std::size_t step(std::string_view rest, Turn& turn) override;
    bool busy() const override { return pausing_; }
    void onProgress(Turn&) override { pausing_ = false; }

    // pop3.cpp: lines
    std::size_t loginStep(std::string_view rest, Turn& turn);
    std::size_t authStep(std::string_view rest, std::size_t at, Turn& turn);
    std::size_t challengeStep(std::string_view rest, Turn& turn);
    std::size_t mailStep(std::string_view rest, Turn& turn);
    static std::size_t incomplete(std::string_view rest, std::size_t length, Turn& turn);
    void loginCommand(const std::string& verb, const std::string& argument, Turn& turn);
    void pauseFor(Millis duration, Turn& turn);

    // pop3_login.cpp: before the login; a handler returns false if the command counts as a bad one
    bool capa(const std::string& argument, Turn& turn);
    bool user(const std::string& argument, Turn& turn);
    bool pass(const std::string& argument, Turn& turn);
    bool apop(const std::string& argument, Turn& turn);
    bool stls(const std::string& argument, Turn& turn);
    bool quit(const std::string& argument, Turn& turn);
    bool xclient(const std::string& argument, Turn& turn);
    void mechanisms(Turn& turn) const;
    void begin(const std::string& mechanism, const std::string& initial, Turn& turn);
    void respond(const std::string& response, Turn& turn);
    void decoded(const std::string& response, Turn& turn);
    void plain(const std::string& response, Turn& turn);
    void challenge(Challenge kind, std::string_view text, Turn& turn);
    void startAttempt(Turn& turn);
    void attempt(const std::string& user, const std::string& password, Turn& turn);
    void admit(const std::string& user, Turn& turn);
    void fail(std::uint32_t pair, Turn& turn);
    bool mayUsePlaintext() const { return service_.plaintext || tls_; }

    // pop3_mail.cpp: in the mailbox; likewise
    bool mailCommand(const std::string& verb, std::string_view argument, Turn& turn);
    bool mailCapa(std::string_view argument, Turn& turn);
    bool stat(std::string_view argument, Turn& turn);
    bool list(std::string_view argument, Turn& turn);
    bool uidl(std::string_view argument, Turn& turn);
    bool retr(std::string_view argument, Turn& turn);
    bool top(std::string_view argument, Turn& turn);
    bool dele(std::string_view argument, Turn& turn);
    bool rset(std::string_view argument, Turn& turn);
    bool mailQuit(std::string_view argument, Turn& turn);
    template <typename Item>
    void listing(Item&& item, Turn& turn) const;
    bool message(std::string_view& argument, char behind, std::size_t& number, Turn& turn) const;
    const Pop3Message& at(std::size_t number) const { return mailbox_->messages[held_[number].index]; }

    /// A message as this session counts it.
    struct Held {
        std::size_t index;    // in the mailbox
        bool marked = false;  // to be deleted
    };

    const Pop3Service& service_;
    Seeded chance_;
    Pop3Memory memory_;
    std::string user_;           // named by USER, or by the peer's first answer to LOGIN
    std::string apopChallenge_;  // with its angle brackets; empty where APOP is off
    Challenge challenge_ = Challenge::None;
    unsigned penaltyLevel_ = 0;             // that the attempt under way met
    WallTime attemptAt_{};                  // when its pause was over
    const Pop3Mailbox* mailbox_ = nullptr;  // of the user who is logged in
    std::vector<Held> held_;
    unsigned bad_ = 0;    // commands in a row
    bool named_ = false;  // USER was accepted
    bool pausing_ = false;
    bool deleted_ = false;  // DELE since the last RSET
    bool offersTls_ = false;
    bool tls_ = false;
};

/// As Dovecot sees text: up to the first NUL.
std::string_view pop3Text(std::string_view bytes);

std::string pop3Upper(std::string_view text);

}  // namespace apiary::agent
