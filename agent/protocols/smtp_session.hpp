#pragma once

#include "agent/protocol/accounts.hpp"
#include "agent/protocol/buffered_session.hpp"
#include "agent/protocol/seeded.hpp"
#include "agent/protocols/smtp_hops.hpp"
#include "agent/protocols/smtp_words.hpp"

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// What all SMTP sessions of a service share.
struct SmtpService final : Prepared {
    enum class Relay : std::uint8_t { Defer, Reject, Accept };  // mail for other domains, of who did not log in

    std::string hostname;
    std::string greeting;
    Accounts accounts;
    std::set<std::string, std::less<>> domains;     // in lower case, besides address literals of the host
    std::set<std::string, std::less<>> recipients;  // mailboxes in these domains, in lower case
    std::uint64_t sizeLimit = 0;                    // bytes of a message
    Relay relay = Relay::Defer;
    bool submission = false;
    Millis failedLoginDelay{};
    std::uint64_t queueFile = 0;  // inode at which its queue's files begin

    static Result<std::shared_ptr<const Prepared>> prepare(const Settings& settings, std::uint64_t sensorSeed);
};

/// SMTP (RFC 5321, 1870, 1985, 2034, 2920, 3030, 3207, 3461, 4954, 6152, 6531) as Debian 12's Postfix 3.7 speaks it.
/// See smtp.cpp for its configuration.
///
/// One line of input is one command, looked up in a table (smtp.cpp). Messages that it takes are evidence; none leaves.
class SmtpSession final : public BufferedSession {
public:
    SmtpSession(const SmtpService& service, const Environment& environment);

    void onOpen(Turn& turn) override { turn.send(service_.greeting); }
    void onTls(const TlsInfo&, Turn&) override { tls_ = true; }
    void onIdle(Turn& turn) override;
    void onCut(Turn& turn) override;
    void onPeerClosed(Turn& turn) override;

private:
    using Words = std::vector<SmtpWord>;
    using Handler = bool (SmtpSession::*)(const Words& words, Turn& turn);  // false counts as an error
    struct Verb {
        std::string_view name;
        Handler handler;
        bool limited = false;    // may be said a hundred times before it counts as an error
        bool beforeTls = false;  // also where TLS is demanded
    };
    enum class Reading : std::uint8_t { Command, Login, Message, Chunk };
    enum class Login : std::uint8_t { User, Password, Plain };
    enum class Chunks : std::uint8_t { None, Taken, Failed };  // of a message in BDAT's chunks

    static const Verb* find(std::string_view name);

    // smtp.cpp: lines, errors, commands that are about no mail
    std::size_t step(std::string_view rest, Turn& turn) override;
    std::size_t readLine(std::string_view rest, Turn& turn);
    std::size_t purge(std::string_view smuggled, Turn& turn);
    void onLine(std::string_view line, bool whole, Turn& turn);
    void onCommand(std::string_view line, Turn& turn);
    void dispatch(const Words& words, Turn& turn);
    void reply(std::string_view text, Turn& turn);
    bool refuse(std::string_view text, Turn& turn);
    void finish(bool good, Turn& turn);
    bool helo(const Words& words, Turn& turn);
    bool ehlo(const Words& words, Turn& turn);
    bool rset(const Words& words, Turn& turn);
    bool noop(const Words& words, Turn& turn);
    bool quit(const Words& words, Turn& turn);
    bool etrn(const Words& words, Turn& turn);
    bool proxied(const Words& words, Turn& turn);
    void resetMail();

    // smtp_envelope.cpp: who sends to whom
    bool mail(const Words& words, Turn& turn);
    bool rcpt(const Words& words, Turn& turn);
    bool vrfy(const Words& words, Turn& turn);
    std::string mailOptionFault(const Words& words);
    static std::string rcptOptionFault(const Words& words);
    std::string recipientFault(const std::string& address, bool unicode) const;
    bool knows(std::string_view mailbox) const;
    bool isOurs(std::string_view domain) const;
    std::string newQueueId();

    // smtp_message.cpp: what is sent
    bool data(const Words& words, Turn& turn);
    bool bdat(const Words& words, Turn& turn);
    std::size_t readMessage(std::string_view rest, Turn& turn);
    std::size_t readChunk(std::string_view rest, Turn& turn);
    void beginPayload();
    void endChunk(Turn& turn);
    void endMessage(std::string_view taken, Turn& turn);
    void endPayload(Turn& turn);
    void countRecord(std::string_view record, bool begins);
    void countLines(std::string_view bytes);

    // smtp_login.cpp: who the peer is
    bool starttls(const Words& words, Turn& turn);
    bool auth(const Words& words, Turn& turn);
    bool offersLogin() const;
    void onLoginLine(std::string_view line, Turn& turn);
    bool onResponse(std::string_view response, Turn& turn);
    bool plainLogin(std::string_view message, Turn& turn);
    std::string_view accountOf(std::string_view user) const;
    bool tryLogin(const std::string& user, const std::string& secret, bool asSelf, Turn& turn);

    const SmtpService& service_;
    Endpoint local_;
    Seeded chance_;
    bool offersTls_;
    bool tls_;
    bool awaitsTls_ = false;  // STARTTLS was accepted just now
    bool loggedIn_ = false;

    Reading reading_ = Reading::Command;
    std::string cutLine_;    // the front of a line that is too long, until its end has come
    bool skipping_ = false;  // it has not
    unsigned errors_ = 0;
    unsigned junk_ = 0;
    bool noted_ = false;  // that commands end in bare LF

    bool inMail_ = false;  // MAIL was accepted
    bool unicode_ = false;
    bool senderLogin_ = false;       // an AUTH= that stands until the transaction ends
    std::int64_t declaredSize_ = 0;  // by SIZE=; stands likewise
    unsigned recipients_ = 0;
    std::string queueId_;

    std::uint32_t payloadId_ = 0;
    bool payload_ = false;  // one is under way
    bool midLine_ = false;  // of a message whose line is longer than a record
    bool tooBig_ = false;
    SmtpHops hops_;
    bool bareLf_ = false;     // ends a line of the message
    std::uint64_t size_ = 0;  // of the message as Postfix counts it
    Chunks chunks_ = Chunks::None;
    std::uint64_t chunkSize_ = 0;
    std::uint64_t chunkLeft_ = 0;
    bool lastChunk_ = false;
    std::string chunkAnswer_;  // to a chunk that is thrown away
    std::string record_;       // the line that the chunks have begun

    Login login_ = Login::User;
    std::string loginUser_;
};

}  // namespace apiary::agent
