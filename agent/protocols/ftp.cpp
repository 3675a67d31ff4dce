/// FTP (RFC 959, 4217) after vsftpd 3.0.3. Only anonymous gets in; what it uploads is listed at its next visit.
/// Left out: PORT and EPRT (a decoy never connects out), RETR, ASCII conversion, ABOR, true sizes in the listing.

#include "agent/protocol/line_session.hpp"

namespace apiary::agent {
namespace {

struct FtpService final : Prepared {
    explicit FtpService(const Settings& settings) : greeting("220 " + settings.at("greeting") + "\r\n") {}
    static Result<std::shared_ptr<const Prepared>> prepare(const Settings& settings, std::uint64_t) {
        return std::shared_ptr<const Prepared>(std::make_shared<const FtpService>(settings));
    }
    std::string greeting;
    std::shared_ptr<const std::string> files =
        std::make_shared<const std::string>("drwxr-xr-x    2 0        0            4096 Apr 18  2017 pub\r\n");
};

class Ftp final : public LineSession {
public:
    Ftp(const FtpService& service, const Environment& environment)
        : LineSession(512), service_(service), left_(environment.recalled) {}

    void onOpen(Turn& turn) override { turn.send(service_.greeting); }
    void onIdle(Turn& turn) override { turn.send("421 Timeout.\r\n"); }
    void onPassive(std::optional<Endpoint> where, Turn& turn) override {
        data_ = Data{where.has_value()};
        const auto [ip, port] = where.value_or(Endpoint{});
        std::string reply = "227 Entering Passive Mode (";
        for (const int number : {+ip[12], +ip[13], +ip[14], +ip[15], port / 256, port % 256}) {
            reply += std::to_string(number) + ',';
        }
        reply.replace(reply.size() - 1, 1, ").\r\n");
        turn.send(where ? reply : "425 Failed to establish connection.\r\n");
    }
    void onChannelOpen(ChannelId channel, Turn& turn) override {
        data_.channel = channel;
        transfer(turn);
    }
    void onChannelBytes(ChannelId channel, std::string_view bytes, Turn& turn) override {
        turn.observe(PayloadPiece{channel, std::string(bytes), false});
    }
    void onChannelClosed(ChannelId channel, Turn& turn) override {
        if (data_.verb == "STOR" && data_.channel == channel) {
            turn.observe(PayloadPiece{channel, "", true});
            turn.remember(left_ += "-rw-------    1 14       50            512 Apr 18  2017 " + data_.name + "\r\n");
            turn.send("226 Transfer complete.\r\n");
        } else if (busy()) {
            turn.send("425 Failed to establish connection.\r\n");
        }
        data_ = {};
    }

private:
    bool busy() const override { return !data_.verb.empty(); }
    void onLine(std::string_view line, Turn& turn) override {
        const auto [verb, argument] = splitVerb(line);
        turn.observe(Command{verb, argument});
        if (verb == "USER") {
            user_ = argument;
            turn.send("331 Please specify the password.\r\n");
        } else if (verb == "PASS") {
            turn.observe(Credential{user_, argument});
            guest_ = user_ == "anonymous";
            turn.pause(std::chrono::seconds(guest_ ? 0 : 3));
            turn.send(guest_ ? "230 Login successful.\r\n" : "530 Login incorrect.\r\n");
        } else if (verb == "AUTH" && argument == "TLS") {
            turn.send("234 Proceed with negotiation.\r\n");
            turn.startTls();
        } else if (verb == "QUIT") {
            turn.send("221 Goodbye.\r\n");
            turn.close();
        } else if (!guest_) {
            turn.send("530 Please login with USER and PASS.\r\n");
        } else if (verb == "PASV") {
            turn.openPassive();
        } else if (verb != "LIST" && verb != "STOR") {
            turn.send("500 Unknown command.\r\n");
        } else if (!data_.listening) {
            turn.send("425 Use PORT or PASV first.\r\n");
        } else {
            data_ = {data_.listening, data_.channel, verb, argument};
            transfer(turn);
        }
    }

    /// Begins as soon as both the command and the connection are there, in whatever order they come.
    void transfer(Turn& turn) {
        if (data_.channel != kControl && data_.verb == "STOR") {
            turn.send("150 Ok to send data.\r\n");
        } else if (data_.channel != kControl && busy()) {
            turn.send("150 Here comes the directory listing.\r\n");
            turn.sendShared(service_.files, 0, service_.files->size(), data_.channel);
            turn.sendOn(data_.channel, left_);
            turn.closeChannel(data_.channel);
            turn.send("226 Directory send OK.\r\n");
            data_ = {};
        }
    }

    struct Data {
        bool listening = false;        // PASV told the peer where to connect
        ChannelId channel = kControl;  // on which it did
        std::string verb = {};         // of the transfer under way
        std::string name = {};
    };
    Data data_;
    const FtpService& service_;
    std::string left_;  // listing of what this source uploaded, now and earlier
    std::string user_;
    bool guest_ = false;
};

constexpr std::uint16_t kPorts[] = {21};
constexpr Setting kSettings[] = {{"greeting", "(vsFTPd 3.0.3)", "text of the 220 line"}};

}  // namespace

extern constinit const Module ftp{
    "ftp", Transport::Stream, true, kPorts, kSettings, FtpService::prepare, openSession<Ftp, FtpService>};

}  // namespace apiary::agent
