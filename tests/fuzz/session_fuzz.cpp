/// The fuzz target of the protocol that the environment's FUZZ_PROTOCOL names: any input in the format of
/// session_input.hpp, played by Conversation's rules as the engine plays it. What it requires is what Conversation and
/// Turn promise, and that output and evidence stay in proportion to the input.

#include "agent/protocol/accounts.hpp"
#include "agent/protocol/conversation.hpp"
#include "agent/protocols/registry.hpp"
#include "tests/fuzz/session_input.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

using namespace apiary::agent;
using apiary::agent::test::FuzzEvent;

namespace {

using Awaits = Conversation::Awaits;

constexpr std::size_t kSlack = 16;           // actions, and KiB, that one message may add to a turn nearly full
constexpr std::size_t kOutputPerByte = 512;  // on the connection: the longest answer to the shortest command
constexpr std::size_t kPagePerByte = 1152;   // of HTTP: the default page to "GET /"
constexpr std::size_t kListPerByte = 4096;   // of TELNET: all commands at a second Tab
constexpr std::size_t kNamePerByte = 256;
constexpr std::size_t kReflectedPerByte = 16;  // of datagrams, before the engine holds back what was not paid for
constexpr std::size_t kOutputUnasked = 4096;   // greeting, farewell
constexpr std::size_t kEvidencePerByte = 3;
constexpr std::size_t kEvidenceUnasked = 8;
constexpr std::size_t kNotedPerByte = 4;    // bytes that evidence holds, payloads apart
constexpr std::size_t kNotedPerEach = 128;  // words of our own in it
constexpr std::size_t kInputOfEvent = 16;   // what an event counts for
constexpr Limits kLimits{.received = 16384, .sent = 65536, .evidence = 200, .payload = 2048};

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

const Module& module() {
    static const Module* const found = [] {
        const char* const name = std::getenv("FUZZ_PROTOCOL");
        return name == nullptr ? nullptr : findModule(name);
    }();
    require(found != nullptr);
    return *found;
}

std::size_t outputPerByte() {
    return module().name == "http" ? kPagePerByte : module().name == "telnet" ? kListPerByte : kOutputPerByte;
}

/// What TELNET's shell writes may come from a name that a Tab completed.
std::size_t payloadPerByte() {
    return module().name == "telnet" ? kNamePerByte : 1;
}

const std::shared_ptr<const Prepared>& prepared() {
    static const auto once = [] {
        Settings settings;
        if (std::ranges::find(module().settings, Accounts::kAccounts.name, &Setting::name) != module().settings.end()) {
            settings = {{"accounts", "listed"}, {"users", "admin:admin123,root:admin123"}};  // as in the transcripts
        }
        const auto result = prepare(module(), settings);
        require(static_cast<bool>(result));
        return *result;
    }();
    return once;
}

/// Takes an input apart.
class Input {
public:
    Input(const std::uint8_t* data, std::size_t size) : left_(reinterpret_cast<const char*>(data), size) {}

    bool empty() const { return left_.empty(); }

    std::uint8_t byte() {
        const auto value = static_cast<std::uint8_t>(left_.empty() ? 0 : left_[0]);
        left_.remove_prefix(left_.empty() ? 0 : 1);
        return value;
    }

    std::string bytes(std::size_t count) {
        const std::string taken(left_.substr(0, count));
        left_.remove_prefix(taken.size());
        return taken;
    }

private:
    std::string_view left_;
};

/// Plays one session, and looks at everything that it asks for.
class Player {
public:
    Player(const Environment& environment, std::size_t recalled)
        : conversation_(module(), prepared(), environment, kLimits), input_(recalled) {
        look(conversation_.open(now_));
        settle(false);
    }

    bool over() const { return ended_ || conversation_.over(); }

    void say(const std::string& bytes, bool onChannel) {
        const bool holds = std::exchange(holds_, false);
        input_ += bytes.size();
        received_ += bytes.size();
        if (notTls_) {
            ended_ = true;
            look(conversation_.notTls(bytes, now_));
            return;
        }
        look(onChannel ? conversation_.channelBytes(channel_, bytes, now_) : conversation_.bytes(bytes, now_));
        settle(holds);
    }

    void happen(FuzzEvent event) {
        const bool holds = std::exchange(holds_, event == FuzzEvent::Hold);
        input_ += kInputOfEvent;
        look(tell(event));
        settle(holds);
    }

private:
    Conversation::Actions tell(FuzzEvent event) {
        switch (event) {
            case FuzzEvent::NoPorts:
                ports_ = false;
                return {};
            case FuzzEvent::TlsFailed:
            case FuzzEvent::Tls: {
                if (conversation_.awaits() != Awaits::Handshake) {
                    return {};
                }
                const auto early = conversation_.takeEarlyBytes();
                require(early.handedBack.size() + early.smuggled.size() <= received_);
                ended_ = event == FuzzEvent::TlsFailed;
                return ended_ ? conversation_.tlsFailed("error", now_) : conversation_.tls({}, now_);
            }
            case FuzzEvent::ChannelOpen:
                return conversation_.channelOpen(channel_, now_);
            case FuzzEvent::ChannelClosed:
            case FuzzEvent::ChannelBroken:
                channelHolds_ = false;
                return conversation_.channelClosed(
                    channel_, event == FuzzEvent::ChannelClosed ? ChannelEnd::Whole : ChannelEnd::Broken, now_);
            case FuzzEvent::ChannelAgain:
            case FuzzEvent::ChannelAnew:
                return conversation_.channelTls(channel_, {"", "TLSv1.3", event == FuzzEvent::ChannelAgain}, now_);
            case FuzzEvent::ChannelUntls:
                return conversation_.channelTlsFailed(channel_, now_);
            case FuzzEvent::Alarm:
                return std::exchange(alarm_, false) ? conversation_.alarm(now_) : Conversation::Actions{};
            case FuzzEvent::Idle:
                ended_ = true;
                return conversation_.idle(now_);
            case FuzzEvent::PeerClosed:
                return std::exchange(peerClosed_, true) ? Conversation::Actions{} : conversation_.peerClosed(now_);
            case FuzzEvent::Cut:
                return conversation_.cut(now_);
            case FuzzEvent::NotTls:
                notTls_ = true;
                return {};
            default:
                return {};
        }
    }

    /// Does what the host does between two messages; if it `holds`, the channel's bytes do not go out yet.
    void settle(bool holds) {
        for (int turns = 0; !over(); require(++turns < 1000)) {
            if (conversation_.awaits() == Awaits::Passive) {
                look(conversation_.passive(ports_ ? std::optional(apiary::Endpoint{}) : std::nullopt, now_));
            } else if (conversation_.awaits() == Awaits::Resume && !(holds && channelHolds_)) {
                channelHolds_ = false;
                look(conversation_.resume(now_));
            } else {
                break;
            }
        }
    }

    void look(const Conversation::Actions& actions) {
        require(actions.size() < Turn::kFullActions + kSlack);
        turn_ = 0;
        for (const Action& action : actions) {
            require(!closed_);  // nothing happens after Close
            std::visit([&](const auto& what) { see(what); }, action);
        }
        require(turn_ < Turn::kFullBytes + 1024 * kSlack);
        require(answered_ + shown_ <= kLimits.sent);
        require(answered_ <= kOutputUnasked + outputPerByte() * input_);
        require(module().transport == Transport::Stream || answered_ <= kReflectedPerByte * received_);
        require(observed_ <= kLimits.evidence && observed_ <= kEvidenceUnasked + kEvidencePerByte * input_);
        require(noted_ <= kNotedPerEach * (observed_ + 1) + kNotedPerByte * input_);
        require(payload_ <= kLimits.payload && payload_ <= payloadPerByte() * received_);
    }

    void see(const Send& send) { answer(send.bytes.size()); }
    void see(const SendOn& send) {
        require(send.channel == channel_ && channel_ != kControl);
        show(send.bytes.size());
    }
    void see(const SendShared& send) {
        require(send.offset <= send.whole->size() && send.length <= send.whole->size() - send.offset);
        require(send.channel == kControl || send.channel == channel_);
        send.channel == kControl ? answer(send.length) : show(send.length);
    }
    void see(const Pause& pause) {
        require(pause.duration > Millis::zero() && pause.duration < std::chrono::minutes(1));
    }
    void see(const Alarm& alarm) { alarm_ = alarm.after > Millis::zero(); }
    void see(const StartTls&) { require(conversation_.awaits() == Awaits::Handshake || conversation_.over()); }
    void see(const OpenPassive& open) {
        require(open.channel > channel_);
        channel_ = open.channel;
        channelHolds_ = false;
    }
    void see(const SecureChannel& secure) {
        require(secure.channel == channel_ && channel_ != kControl);
        require(!conversation_.readsChannel());
    }
    void see(const EndChannel& end) { require(end.channel == channel_ && channel_ != kControl); }
    void see(const CloseChannel& close) {
        require(close.channel == channel_);
        channelHolds_ = false;
    }
    void see(const Remember& remember) { require(remember.bytes.size() <= Conversation::kRemembered); }
    void see(const Close&) { closed_ = true; }
    void see(const Evidence& evidence) {
        std::visit([&](const auto& what) { note(what); }, evidence);
    }

    void note(const Command& command) { note(command.verb.size() + command.argument.size()); }
    void note(const Credential& credential) { note(credential.user.size() + credential.secret.size()); }
    void note(const Identified& identified) { note(identified.protocol.size()); }
    void note(const Anomaly& anomaly) { note(anomaly.what.size()); }
    void note(const PayloadPiece& piece) {
        require(piece.id != complete_);  // nothing comes after the last piece
        complete_ = piece.last ? piece.id : complete_;
        payload_ += piece.bytes.size();
        noted_ += piece.name.size();
    }
    void note(std::size_t bytes) {
        ++observed_;
        noted_ += bytes;
    }

    void answer(std::size_t bytes) {
        answered_ += bytes;
        turn_ += bytes;
    }
    void show(std::size_t bytes) {
        shown_ += bytes;
        turn_ += bytes;
        channelHolds_ = true;
    }

    const WallTime now_{};
    Conversation conversation_;
    std::size_t input_;  // bytes that count as asked with
    std::size_t received_ = 0;
    std::size_t answered_ = 0;  // on the connection
    std::size_t shown_ = 0;     // on channels
    std::size_t turn_ = 0;
    std::size_t observed_ = 0;
    std::size_t noted_ = 0;
    std::size_t payload_ = 0;
    std::uint32_t complete_ = UINT32_MAX;  // the upload that ended last
    ChannelId channel_ = kControl;
    bool channelHolds_ = false;  // bytes wait to go out on it
    bool ports_ = true;
    bool alarm_ = false;
    bool holds_ = false;
    bool peerClosed_ = false;
    bool notTls_ = false;
    bool closed_ = false;
    bool ended_ = false;  // the host goes on no more
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input(data, size);
    const unsigned flags = input.byte();
    Environment environment;
    environment.peer = apiary::Endpoint::of({127, 0, 0, 1}, 40000);
    environment.local = apiary::Endpoint::of({127, 0, 0, 1}, module().ports.empty() ? 1 : module().ports.front());
    if ((flags & test::kOverV6) != 0) {
        environment.peer.address[0] = environment.local.address[0] = 0xfd;
    }
    environment.offersTls = (flags & test::kOffersTls) != 0;
    if ((flags & test::kRecalls) != 0) {
        environment.recalled = input.bytes(input.byte() * std::size_t{16});
    }
    environment.shelf = std::make_shared<Shelf>(std::size_t{16} << 10U);
    Player player(environment, environment.recalled.size());
    while (!input.empty() && !player.over()) {
        const std::uint8_t what = input.byte();
        if (what >= test::kFirstEvent) {
            player.happen(static_cast<FuzzEvent>(what));
        } else {
            const bool onChannel = what >= test::kOnChannel;
            const std::string bytes = input.bytes(what % test::kOnChannel);
            if (!bytes.empty()) {
                player.say(bytes, onChannel);
            }
        }
    }
    return 0;
}
