/// The catch-all: stands on ports that no other service covers, names what its peers speak, and never answers.
///
/// An answer that fits every protocol would make all ports alike and give the sensor away; silence is what a service
/// shows that is busy or waits for more. Left out on purpose: everything behind the first command of a conversation.
/// The engine records the bytes themselves.

#include "agent/protocols/identify.hpp"

#include <algorithm>
#include <string>

namespace apiary::agent {
namespace {

/// Looks at the first bytes of a stream until they are named, or at each datagram until one is.
class CatchallSession final : public Session {
public:
    explicit CatchallSession(Transport transport) : transport_(transport) {}

    void onBytes(std::string_view bytes, Turn& turn) override {
        if (done_) {
            return;
        }
        if (transport_ == Transport::Datagram) {
            begin_.clear();
        }
        begin_.append(bytes.substr(0, kKept - begin_.size()));
        consider(transport_ == Transport::Datagram || begin_.size() == kKept, turn);
    }

    void onIdle(Turn& turn) override { consider(true, turn); }
    void onPeerClosed(Turn& turn) override { consider(true, turn); }
    void onCut(Turn& turn) override { consider(true, turn); }

private:
    static constexpr std::size_t kKept = 4096;

    /// Tells what is certain by now; with `ended` everything that can be.
    void consider(bool ended, Turn& turn) {
        if (done_) {
            return;
        }
        if (matcher_ == nullptr) {
            const Verdict verdict = identify(transport_, begin_, ended);
            matcher_ = verdict.matcher;
            if (matcher_ != nullptr) {
                turn.observe(Identified{std::string(matcher_->name)});
            } else if (transport_ == Transport::Datagram) {
                return;  // the next one may be clearer
            } else {
                finish(ended || verdict.match == Match::No);
                return;
            }
        }
        tell(ended, turn);
    }

    void tell(bool ended, Turn& turn) {
        Telling telling = matcher_->tell == nullptr ? Telling{} : matcher_->tell(begin_, ended);
        if (telling.match == Match::Yes) {
            turn.observe(std::move(telling.command));
        }
        finish(ended || telling.match != Match::NeedMore);
    }

    void finish(bool done) {
        done_ = done;
        if (done) {
            std::string().swap(begin_);  // a peer may stay for long
        }
    }

    Transport transport_;
    std::string begin_;
    const Matcher* matcher_ = nullptr;
    bool done_ = false;
};

Result<std::shared_ptr<const Prepared>> prepareNothing(const Settings&, std::uint64_t) {
    return std::shared_ptr<const Prepared>(std::make_shared<Prepared>());
}

template <Transport kTransport>
std::unique_ptr<Session> openCatchall(const Prepared&, const Environment&) {
    return std::make_unique<CatchallSession>(kTransport);
}

}  // namespace

extern constinit const Module catchall{
    "catchall", Transport::Stream, false, {}, {}, prepareNothing, openCatchall<Transport::Stream>};
extern constinit const Module catchallUdp{
    "catchall-udp", Transport::Datagram, false, {}, {}, prepareNothing, openCatchall<Transport::Datagram>};

}  // namespace apiary::agent
