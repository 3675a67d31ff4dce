#include "agent/uplink/uplink.hpp"

#include "agent/uplink/batch_feed.hpp"
#include "agent/uplink/ingest_stream.hpp"
#include "agent/uplink/retry_delay.hpp"
#include "agent/uplink/uplink_messages.hpp"
#include "common/concurrent/guarded.hpp"
#include "common/crypto/digest.hpp"
#include "common/log/log.hpp"
#include "common/text/escape.hpp"

#include <algorithm>
#include <bit>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

namespace apiary::agent {
namespace {

using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Wakes the uplink's thread; a wake before the wait is not lost.
class Bell {
public:
    void ring() {
        {
            const std::lock_guard lock(mutex_);
            rung_ = true;
        }
        changed_.notify_one();
    }

    void wait(Steady::time_point until) {
        std::unique_lock lock(mutex_);
        changed_.wait_until(lock, until, [&] { return rung_; });
        rung_ = false;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool rung_ = false;
};

std::chrono::system_clock::time_point now() {
    return std::chrono::system_clock::now();
}

}  // namespace

class Uplink::Impl {
public:
    Impl(UplinkSettings settings, Spool& spool, ServiceControl& services)
        : settings_(std::move(settings)),
          spool_(spool),
          services_(services),
          delay_(settings_.retryLeast, settings_.retryMost, seed()),
          cursor_(spool, settings_.limits),
          feed_(cursor_, RetryDelay(settings_.retryLeast, settings_.retryMost, seed())) {
        view_.with([](UplinkView& view) { view.since = now(); });
        spool_.onAppended([this] { bell_.ring(); });
    }

    ~Impl() { spool_.onAppended({}); }

    void run() {
        while (!stopBy()) {
            attempt();
            const auto until = Steady::now() + delay_.next();
            while (!stopBy() && Steady::now() < until) {
                bell_.wait(until);
            }
        }
    }

    void stop(milliseconds within) {
        stopBy_.with([&](auto& by) { by = Steady::now() + within; });
        bell_.ring();
    }

    void statusChanged() {
        statusWanted_.with([](bool& wanted) { wanted = true; });
        bell_.ring();
    }

    UplinkView view() const {
        return view_.with([](const UplinkView& view) { return view; });
    }

private:
    static std::uint64_t seed() { return std::bit_cast<std::uint64_t>(randomBytes<sizeof(std::uint64_t)>()); }

    std::optional<Steady::time_point> stopBy() const {
        return stopBy_.with([](const auto& by) { return by; });
    }

    /// One stream from its opening to its end.
    void attempt() {
        auto opened = IngestStream::open(settings_.address, settings_.identity, [this] { bell_.ring(); });
        if (!opened) {
            failed(UplinkView::State::Away, opened.error());
            return;
        }
        IngestStream& stream = **opened;
        welcomed_ = false;
        deadline_ = Steady::now() + settings_.welcomeWithin;
        nextStatus_ = {};
        stream.write(helloMessage(spool_, settings_.bootNonce, settings_.version, now()));
        while (true) {
            const auto by = stopBy();
            if (by && (!welcomed_ || Steady::now() >= *by || cursor_.drained())) {
                return;
            }
            if (!listen(stream)) {
                return;
            }
            if (const auto reason = stream.ended()) {
                ended(*reason);
                return;
            }
            if (!welcomed_ && Steady::now() >= deadline_) {
                failed(UplinkView::State::Away, settings_.address +
                                                    " was reached, but did not answer as a collector "
                                                    "within " +
                                                    std::to_string(settings_.welcomeWithin.count() / 1000) + " s");
                return;
            }
            speak(stream);
            const auto wake = nextTurn(stream);
            bell_.wait(by ? std::min(wake, *by) : wake);
        }
    }

    /// Takes what the collector said. False: the stream is of no use.
    bool listen(IngestStream& stream) {
        while (auto message = stream.take()) {
            switch (message->what_case()) {
                case v1::ToSensor::kWelcome:
                    if (!welcome(message->welcome())) {
                        return false;
                    }
                    break;
                case v1::ToSensor::kAck:
                    if (const auto known = cursor_.acknowledge(message->ack().lane(), message->ack().last_seq());
                        !welcomed_ || !known) {
                        failed(UplinkView::State::Away,
                               known ? "an acknowledgement before the welcome" : known.error());
                        return false;
                    }
                    view_.with([](UplinkView& view) {
                        ++view.acknowledged;
                        view.acknowledgedAt = now();
                    });
                    break;
                case v1::ToSensor::kDesired:
                    services_.apply(desiredOf(message->desired()));
                    statusChanged();
                    break;
                case v1::ToSensor::WHAT_NOT_SET:
                    break;  // of a newer collector
            }
        }
        if (welcomed_ && Steady::now() >= provenAt_) {
            delay_.reset();
        }
        return true;
    }

    bool welcome(const v1::Welcome& welcome) {
        if (welcomed_) {
            return true;
        }
        const auto lost = cursor_.resume(positionsOf(welcome));
        if (!lost) {
            log::error("uplink: ALARM: " + lost.error() +
                       ". Was this machine set back to a backup? What came after it is lost; the spool goes on under a "
                       "new id, with a gap record");
            const Status renewed = spool_.renew("the spool was set back to an old copy");
            failed(UplinkView::State::Refused, renewed ? lost.error() : renewed.error());
            return false;
        }
        if (beginsLane()) {
            return false;
        }
        for (const UplinkCursor::Lost& hole : *lost) {
            log::error("uplink: ALARM: the collector confirmed records " + std::to_string(hole.first) + " to " +
                       std::to_string(hole.last) + " of lane " + std::to_string(hole.lane) +
                       " once and does not have them under this spool's id: was its database restored from a backup, "
                       "or is the spool a copy? What is still here is sent again, the rest becomes a gap record");
        }
        welcomed_ = true;
        provenAt_ = Steady::now() + settings_.provenAfter;
        const auto backlog = spool_.backlog();
        log::info("uplink: connected to the collector at " + settings_.address + " (version " +
                  escapeCut(welcome.version(), 40) + "); " + std::to_string(backlog.records) + " records wait");
        reason_.clear();
        const std::chrono::sys_time<std::chrono::microseconds> theirs{std::chrono::microseconds(welcome.clock_us())};
        view_.with([&](UplinkView& view) {
            ++view.connects;
            if (welcome.clock_us() != 0) {
                view.clockOffset = std::chrono::duration_cast<milliseconds>(now() - theirs);
            }
            view.state = UplinkView::State::Connected;
            view.reason.clear();
            view.since = now();
        });
        return true;
    }

    /// Begins a lane if one is wanted. The collector takes only lanes that the hello named, so the stream is opened
    /// anew for it. Not before a welcome: a collector that is away for long would be left with a lane for each of many
    /// tries, and it takes a sensor with so many of them no more.
    bool beginsLane() {
        if (!wantsNewLane(spool_, settings_.limits)) {
            return false;
        }
        const std::uint32_t before = spool_.currentLane();
        const std::uint32_t lane = spool_.openLane();
        if (lane == before) {
            return false;  // the disk refuses
        }
        log::info("uplink: more than " + std::to_string(settings_.limits.newLaneFrom) +
                  " records wait; sessions from now on go first, in lane " + std::to_string(lane));
        delay_.reset();
        return true;
    }

    /// Sends what may be sent: a status when one is due, else records.
    void speak(IngestStream& stream) {
        if (!welcomed_ || !stream.writable()) {
            return;
        }
        const bool wanted = statusWanted_.with([](bool& flag) { return std::exchange(flag, false); });
        if (wanted || Steady::now() >= nextStatus_) {
            nextStatus_ = Steady::now() + settings_.statusEvery;
            auto status = statusMessage(spool_, services_, now());
            if (settings_.bounds) {
                addBounds(*status.mutable_status(), settings_.bounds());
            }
            if (settings_.egress) {
                const EgressReport egress = settings_.egress();
                status.mutable_status()->set_egress_guarded(egress.guarded);
                status.mutable_status()->set_egress_refused(egress.refused);
            }
            stream.write(status);
            return;
        }
        const std::uint64_t failed = feed_.failedReads();
        auto batch = feed_.next(Steady::now());
        if (batch || feed_.failedReads() != failed) {
            view_.with([&](UplinkView& view) {
                view.failedReads = feed_.failedReads();
                view.unreadable = feed_.reason();
            });
        }
        if (batch) {
            const std::uint64_t records = batch->last - batch->first + 1;
            stream.write(batchMessage(std::move(*batch), now()));
            view_.with([&](UplinkView& view) {
                ++view.batches;
                view.sent += records;
            });
        }
    }

    /// When there is something to do even if nobody rings; the end of a write does.
    Steady::time_point nextTurn(const IngestStream& stream) const {
        if (!welcomed_) {
            return deadline_;
        }
        return stream.writable() ? std::min(nextStatus_, feed_.tryAgainAt()) : Steady::now() + settings_.statusEvery;
    }

    void ended(const std::string& reason) {
        // Our own files often explain what the other end only answers by hanging up.
        const auto own = checkIdentity(settings_.identity, now());
        failed(UplinkView::State::Away, own ? reason : own.error());
    }

    void failed(UplinkView::State state, const std::string& reason) {
        if (stopBy()) {
            return;
        }
        if (reason != reason_) {
            log::warn("uplink: " + reason + " (records wait in the spool; the agent keeps trying)");
            reason_ = reason;
        }
        view_.with([&](UplinkView& view) {
            if (view.state == UplinkView::State::Connected) {
                view.since = now();
            }
            view.state = state;
            view.reason = reason;
        });
    }

    const UplinkSettings settings_;
    Spool& spool_;
    ServiceControl& services_;
    Bell bell_;
    Guarded<std::optional<Steady::time_point>> stopBy_;
    Guarded<bool> statusWanted_{false};
    Guarded<UplinkView> view_;

    // Of the uplink's thread.
    RetryDelay delay_;
    UplinkCursor cursor_;
    BatchFeed feed_;
    std::string reason_;  // the one logged last
    bool welcomed_ = false;
    Steady::time_point deadline_;
    Steady::time_point provenAt_;
    Steady::time_point nextStatus_;
};

Uplink::Uplink(UplinkSettings settings, Spool& spool, ServiceControl& services)
    : impl_(std::make_unique<Impl>(std::move(settings), spool, services)) {}
Uplink::~Uplink() = default;

void Uplink::run() {
    impl_->run();
}
void Uplink::stop(std::chrono::milliseconds within) {
    impl_->stop(within);
}
void Uplink::statusChanged() {
    impl_->statusChanged();
}
UplinkView Uplink::view() const {
    return impl_->view();
}

}  // namespace apiary::agent
