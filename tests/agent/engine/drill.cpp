#include "tests/agent/engine/drill.hpp"

#include "agent/protocol/line_session.hpp"

#include <stdexcept>
#include <string>

namespace apiary::agent::test {

char drillByte(std::size_t index) {
    return static_cast<char>('a' + (index * 7 + index / 1000) % 26);
}

namespace {

constexpr std::size_t kMost = std::size_t{4} << 20U;

struct DrillService final : Prepared {
    DrillService() {
        std::string made(kMost, ' ');
        for (std::size_t i = 0; i < made.size(); ++i) {
            made[i] = drillByte(i);
        }
        bytes = std::make_shared<const std::string>(std::move(made));
    }
    std::shared_ptr<const std::string> bytes;
};

Result<std::shared_ptr<const Prepared>> prepareDrill(const Settings&, std::uint64_t) {
    static const auto shared = std::make_shared<const DrillService>();
    return std::shared_ptr<const Prepared>(shared);
}

class Drill final : public LineSession {
public:
    Drill(const DrillService& service, const Environment& environment)
        : service_(service), recalled_(environment.recalled) {}

    void onOpen(Turn& turn) override { turn.send("hello\r\n"); }
    void onIdle(Turn& turn) override { turn.send("idle\r\n"); }
    void onAlarm(Turn& turn) override { turn.send("ring\r\n"); }
    void onPeerClosed(Turn& turn) override { turn.send("end\r\n"); }
    void onTls(const TlsInfo& info, Turn& turn) override { turn.send("secure " + info.sni + "\r\n"); }
    void onTlsFailed(std::string_view error, Turn& turn) override {
        turn.send((error.empty() ? "plain" : std::string(error)) + "\r\n");
    }
    bool onNotTls(std::string_view bytes, Turn& turn) override {
        if (!bytes.starts_with("words")) {
            return false;
        }
        turn.send("plain from the start\r\n");
        return true;
    }
    void onPassive(std::optional<Endpoint> where, Turn& turn) override {
        turn.send(where ? "port " + std::to_string(where->port) + "\r\n" : "no port\r\n");
    }
    void onChannelOpen(ChannelId channel, Turn& turn) override {
        channel_ = channel;
        turn.send("came\r\n");
    }
    void onChannelBytes(ChannelId, std::string_view bytes, Turn&) override { took_ += bytes.size(); }
    void onChannelTls(ChannelId, const TlsInfo& info, Turn& turn) override {
        turn.send(info.resumed ? "channel resumed\r\n" : "channel secure\r\n");
    }
    void onChannelTlsFailed(ChannelId, Turn& turn) override { turn.send("channel failed\r\n"); }
    void onChannelClosed(ChannelId, ChannelEnd end, Turn& turn) override {
        turn.send(end == ChannelEnd::Broken && putting_ ? "broken at " + std::to_string(took_) + "\r\n" : said());
        putting_ = getting_ = false;
    }
    std::string said() const {
        return putting_ ? "took " + std::to_string(took_) + "\r\n" : getting_ ? "cut\r\n" : "gone\r\n";
    }
    bool readsChannel() const override { return putting_ || getting_; }
    void onCut(Turn& turn) override {
        turn.send("never");
        if (putting_) {
            turn.observe(Anomaly{"cut at " + std::to_string(took_)});
        }
    }

private:
    void onProgress(Turn& turn) override {
        if (getting_) {
            getting_ = false;
            turn.closeChannel(channel_);
            turn.send("done\r\n");
        }
    }
    void onLine(std::string_view line, Turn& turn) override {
        const auto blank = std::min(line.find(' '), line.size());
        const std::string verb(line.substr(0, blank));
        const std::string rest(line.substr(std::min(blank + 1, line.size())));
        turn.observe(Command{verb, rest});
        if (verb == "echo") {
            turn.send(rest + "\r\n");
        } else if (verb == "big") {
            turn.sendShared(service_.bytes, 0, std::stoul(rest));
        } else if (verb == "page") {
            turn.send("head\r\n");
            turn.sendShared(service_.bytes, 0, std::stoul(rest));
            turn.send("\r\n");
        } else if (verb == "pause") {
            turn.pause(Millis(std::stoi(rest)));
            turn.send("woke\r\n");
        } else if (verb == "alarm") {
            turn.setAlarm(Millis(std::stoi(rest)));
        } else if (verb == "quit") {
            turn.send("bye\r\n");
            turn.close();
        } else if (verb == "throw") {
            throw std::runtime_error("the drill throws");
        } else if (verb == "tls") {
            turn.send("go\r\n");
            turn.startTls();
        } else if (verb == "remember") {
            turn.remember(rest);
        } else if (verb == "recall") {
            turn.send(recalled_ + "\r\n");
        } else if (verb == "passive") {
            turn.openPassive();
        } else if (verb == "get") {
            getting_ = true;
            turn.sendShared(service_.bytes, 0, std::stoul(rest), channel_);
            turn.askResume();
        } else if (verb == "blast") {
            turn.sendShared(service_.bytes, 0, std::stoul(rest), channel_);
            turn.closeChannel(channel_);
            turn.send("done\r\n");
        } else if (verb == "secure") {
            turn.secureChannel(channel_);
        } else if (verb == "last") {
            turn.sendShared(service_.bytes, 0, std::stoul(rest), channel_);
            turn.endChannel(channel_);
            putting_ = true;
        } else if (verb == "leave") {
            turn.sendShared(service_.bytes, 0, std::stoul(rest), channel_);
            turn.close();
        } else if (verb == "put") {
            putting_ = true;
        }
    }

    const DrillService& service_;
    std::string recalled_;
    ChannelId channel_ = kControl;
    std::size_t took_ = 0;
    bool putting_ = false;
    bool getting_ = false;
};

class DatagramDrill final : public Session {
public:
    DatagramDrill(const DrillService&, const Environment&) {}
    void onBytes(std::string_view bytes, Turn& turn) override {
        turn.send(bytes);
        if (bytes == "twice") {
            turn.send(bytes);
        }
        if (bytes == "bye") {
            turn.close();
        }
    }
    void onCut(Turn& turn) override { turn.observe(Anomaly{"cut"}); }
};

}  // namespace

constinit const Module drill{"drill", Transport::Stream, true, {}, {}, prepareDrill, openSession<Drill, DrillService>};
constinit const Module drillStrict{"drill",
                                   Transport::Stream,
                                   true,
                                   {},
                                   {},
                                   prepareDrill,
                                   openSession<Drill, DrillService>,
                                   {.old = false, .alerts = false}};
constinit const Module drillExact{
    "drill", Transport::Stream, true, {}, {}, prepareDrill, openSession<Drill, DrillService>, {.endIsError = true}};
constinit const Module drillDatagram{
    "drilldatagram", Transport::Datagram, false, {}, {}, prepareDrill, openSession<DatagramDrill, DrillService>};

}  // namespace apiary::agent::test
