#pragma once

#include "agent/protocol/accounts.hpp"
#include "agent/protocol/buffered_session.hpp"
#include "agent/protocol/lazy.hpp"
#include "agent/protocol/seeded.hpp"
#include "agent/protocol/shelf.hpp"
#include "agent/protocols/ftp_files.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace apiary::agent {

/// What all FTP sessions of a service share.
struct FtpService final : Prepared {
    /// The decoy tree is that of the seed.
    explicit FtpService(std::uint64_t sensorSeed);

    std::string greeting;
    bool anonymous = true;        // may log in
    bool anonymousUpload = true;  // STOR, STOU and MKD for anonymous
    std::string timeout;          // seconds, as STAT says them
    Millis failedLoginDelay{0};   // at least
    Accounts accounts;
    Lazy<FtpFiles> files;  // seen behind a login only

    static Result<std::shared_ptr<const Prepared>> prepare(const Settings& settings, std::uint64_t sensorSeed);
};

/// FTP (RFC 959, 2228, 2389, 2428, 3659, 4217) as Debian's vsftpd 3.0.3 speaks it. See ftp.cpp for its configuration.
///
/// One line of input is one command, looked up in a table (ftp.cpp). What a source changes goes into its own copy of
/// the decoy tree, made at the first change and remembered for its next visit; what it uploads lies on the shelf, if it
/// is not small.
class FtpSession final : public BufferedSession {
public:
    FtpSession(const FtpService& service, const Environment& environment);

    void onOpen(Turn& turn) override { turn.send(service_.greeting); }
    void onTls(const TlsInfo&, Turn&) override { tls_ = true; }
    void onTlsFailed(std::string_view error, Turn& turn) override;
    void onPassive(std::optional<Endpoint> where, Turn& turn) override;
    void onChannelOpen(ChannelId channel, Turn& turn) override;
    void onChannelBytes(ChannelId channel, std::string_view bytes, Turn& turn) override;
    void onChannelClosed(ChannelId channel, ChannelEnd end, Turn& turn) override;
    void onChannelTls(ChannelId channel, const TlsInfo& info, Turn& turn) override;
    void onChannelTlsFailed(ChannelId channel, Turn& turn) override;
    bool readsChannel() const override { return transfer_ != nullptr; }
    void onAlarm(Turn& turn) override;
    void onIdle(Turn& turn) override;
    void onCut(Turn& turn) override;

private:
    using Handler = void (FtpSession::*)(const std::string& argument, Turn& turn);
    enum class When { Before, After, Always };      // the login
    enum class May { Everybody, Uploader, Local };  // anonymous counts as uploader if it may upload
    struct Verb {
        std::string_view name;
        When when;
        May who;
        Handler handler;
        std::string_view answer;  // in place of a handler
        bool aboutTls = false;    // unknown where TLS is not offered
    };
    struct Transfer {
        enum class Kind { Send, Store } kind;
        std::string opening;   // behind 150
        std::string complete;  // the line after a Send
        std::shared_ptr<const std::string> content = {};
        std::size_t offset = 0;
        FtpPath path = {};                         // of a Store
        std::string name = {};                     // as the peer wrote it
        std::uint64_t size = 0;                    // of the file so far
        std::uint64_t position = 0;                // in the file, of what comes next
        std::optional<std::string> kept = {};      // its content, while it is small
        std::unique_ptr<Shelf::Draft> draft = {};  // then, while there is room
        enum class Stage { Waits, Shakes, Runs, Ends, Refused } stage = Stage::Waits;  // Ends: the peer is to hang up
    };
    enum class Channel { None, Asked, Listening, Open, Failed };

    static const Verb* find(std::string_view name, bool loggedIn);

    // BufferedSession
    std::size_t step(std::string_view rest, Turn& turn) override;
    bool busy() const override { return transfer_ != nullptr; }
    void onProgress(Turn& turn) override;

    void onLine(std::string_view line, Turn& turn);
    void dispatch(const std::string& name, const std::string& argument, Turn& turn);
    static void reply(int code, std::string_view text, Turn& turn, char separator = ' ');

    // ftp_login.cpp: who the peer is, and what it may know
    void user(const std::string& argument, Turn& turn);
    void pass(const std::string& argument, Turn& turn);
    void userAgain(const std::string& argument, Turn& turn);
    void auth(const std::string& argument, Turn& turn);
    void pbsz(const std::string& argument, Turn& turn);
    void prot(const std::string& argument, Turn& turn);
    void feat(const std::string& argument, Turn& turn);
    void opts(const std::string& argument, Turn& turn);
    void stat(const std::string& argument, Turn& turn);
    void type(const std::string& argument, Turn& turn);
    void mode(const std::string& argument, Turn& turn);
    void stru(const std::string& argument, Turn& turn);
    void quit(const std::string& argument, Turn& turn);
    void http(const std::string& argument, Turn& turn);

    // ftp_transfer.cpp: the channel, and what is asked to go over it
    void pasv(const std::string& argument, Turn& turn);
    void brokenPasv(const std::string& argument, Turn& turn);
    void epsv(const std::string& argument, Turn& turn);
    void port(const std::string& argument, Turn& turn);
    void eprt(const std::string& argument, Turn& turn);
    bool mayBeCalled(std::span<const std::uint8_t> address, int port);
    void rest(const std::string& argument, Turn& turn);
    void list(const std::string& argument, Turn& turn);
    void nlst(const std::string& argument, Turn& turn);
    void retr(const std::string& argument, Turn& turn);
    void stor(const std::string& argument, Turn& turn);
    void stou(const std::string& argument, Turn& turn);
    void appe(const std::string& argument, Turn& turn);
    void listOn(const std::string& argument, bool full, Turn& turn);
    void store(const std::string& name, bool append, bool unique, Turn& turn);
    bool hasChannel(Turn& turn) const;
    void openChannel(bool extended, Turn& turn);
    void dropChannel(Turn& turn);

    // ftp_channel.cpp: a transfer from its start to its end
    void start(Transfer transfer, Turn& turn);
    void begin(Turn& turn);
    void run(Turn& turn);
    void finish(ChannelEnd end, Turn& turn);
    void keep(std::string_view bytes);
    std::unique_ptr<Shelf::Draft> draftOf(std::string_view content) const;
    void finishStore(Turn& turn);
    bool storing() const;

    // ftp_change.cpp: the tree
    void pwd(const std::string& argument, Turn& turn);
    void cwd(const std::string& argument, Turn& turn);
    void cdup(const std::string& argument, Turn& turn);
    void mkd(const std::string& argument, Turn& turn);
    void rmd(const std::string& argument, Turn& turn);
    void dele(const std::string& argument, Turn& turn);
    void rnfr(const std::string& argument, Turn& turn);
    void rnto(const std::string& argument, Turn& turn);
    void size(const std::string& argument, Turn& turn);
    void mdtm(const std::string& argument, Turn& turn);
    void site(const std::string& argument, Turn& turn);
    std::optional<std::string> listing(const std::string& argument, bool full, bool all, Turn& turn) const;
    void chmod(const std::string& argument, Turn& turn);
    void umask(const std::string& argument, Turn& turn);
    std::string absolute(const std::string& argument) const;

    const FtpFiles& files() const { return own_ ? *own_ : service_.files.get(); }
    FtpFiles& ownFiles();
    std::shared_ptr<const std::string> contentOf(const FtpNode& node) const;
    void remember(Turn& turn);
    std::optional<FtpPath> resolve(const std::string& path) const {
        return files().resolve(workingDirectory_, path, who());
    }
    FtpUser who() const { return guest_ ? FtpUser::Anonymous : FtpUser::Local; }

    const FtpService& service_;
    Endpoint peer_;
    std::shared_ptr<Shelf> shelf_;  // may be null; before the transfer, whose draft may not outlive it
    Seeded chance_;
    std::unique_ptr<FtpFiles> own_;
    std::unique_ptr<Transfer> transfer_;  // under way, or waiting for the peer to connect
    std::string user_;
    std::string workingDirectory_ = "/";
    std::string renameFrom_;
    std::uint64_t restart_ = 0;
    ChannelId channelId_ = kControl;  // counts the channels asked for
    Channel channel_ = Channel::None;
    unsigned failures_ = 0;
    std::uint16_t umask_ = 022;
    bool offersTls_ = false;
    bool tls_ = false;
    bool privateData_ = false;  // PROT P
    bool loggedIn_ = false;
    bool guest_ = false;
    bool ascii_ = true;
    bool extended_ = false;      // EPSV asked for the channel
    bool extendedOnly_ = false;  // EPSV ALL
};

/// A leading ~ is the home, which is the root.
std::string ftpExpand(std::string_view path);

/// As atoi: the number at the front, or 0; negative numbers and such that do not fit are -1.
int ftpNumber(std::string_view text);

/// Of the turn's time, since 1970.
std::int64_t ftpSeconds(const Turn& turn);

std::string ftpUpper(std::string_view text);

}  // namespace apiary::agent
