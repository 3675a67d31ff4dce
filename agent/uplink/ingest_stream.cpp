#include "agent/uplink/ingest_stream.hpp"

#include "common/log/log.hpp"
#include "common/rpc/reaction.hpp"
#include "common/text/escape.hpp"
#include "proto/apiary/v1/ingest.grpc.pb.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <cassert>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <tuple>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kLongestReason = 500;
constexpr std::chrono::seconds kLettingGo{30};  // a cancelled call ends at once; this only bounds a fault

std::string reasonOf(const std::string& address, const grpc::Status& status) {
    const std::string said = escapeCut(status.error_message(), kLongestReason);
    switch (status.error_code()) {
        case grpc::StatusCode::OK:
            return "the collector at " + address + " ended the stream";
        case grpc::StatusCode::UNAVAILABLE:
            return explainFailure(address, said);
        case grpc::StatusCode::UNAUTHENTICATED:
        case grpc::StatusCode::PERMISSION_DENIED:
            return "the collector at " + address + " refuses this sensor: " + said;
        case grpc::StatusCode::UNIMPLEMENTED:
            return address + " is not a collector: it takes no sensors";
        default:
            return "the collector at " + address + " ended the stream: " + said;
    }
}

}  // namespace

/// Destroyed by the stream's own thread only: with the channel go gRPC's callback threads, and one of them would have
/// to wait for itself.
class IngestStream::Reactor final : public grpc::ClientBidiReactor<v1::FromSensor, v1::ToSensor> {
public:
    Reactor(std::string address, std::shared_ptr<grpc::Channel> channel, std::function<void()> wake)
        : address_(std::move(address)),
          channel_(std::move(channel)),
          stub_(v1::Ingest::NewStub(channel_)),
          wake_(std::move(wake)) {}

    void start() {
        context_.set_wait_for_ready(false);
        stub_->async()->Stream(&context_, this);
        AddHold();  // writes begin outside reactions
        reading_ = std::make_unique<v1::ToSensor>();
        Reaction::handOver(this);
        StartRead(reading_.get());
        StartCall();
    }

    bool writable() const {
        const std::lock_guard lock(mutex_);
        return !writing_ && !cut_ && !end_;
    }

    void write(v1::FromSensor message) {
        {
            const std::lock_guard lock(mutex_);
            assert(!writing_);
            if (cut_ || end_) {
                return;
            }
            writing_ = true;
        }
        written_ = std::move(message);
        Reaction::handOver(this);
        StartWrite(&written_);
    }

    std::optional<v1::ToSensor> take() {
        std::unique_ptr<v1::ToSensor> taken;
        v1::ToSensor* next = nullptr;
        {
            const std::lock_guard lock(mutex_);
            taken = std::move(read_);
            if (taken != nullptr) {
                reading_ = std::make_unique<v1::ToSensor>();
                next = reading_.get();
            }
        }
        if (next != nullptr) {
            Reaction::handOver(this);
            StartRead(next);
        }
        return taken == nullptr ? std::nullopt : std::optional(std::move(*taken));
    }

    /// Once the reads have failed nothing more is started, and gRPC may finish the call. A failed write does not
    /// suffice: gRPC keeps the end of a call back until every message before it was read.
    std::optional<std::string> ended() {
        const bool drained = [&] {
            const std::lock_guard lock(mutex_);
            return drained_;
        }();
        if (drained) {
            letGo();
        }
        const std::lock_guard lock(mutex_);
        return end_;
    }

    /// Returns whether gRPC is done with this object.
    bool cancel() {
        {
            const std::lock_guard lock(mutex_);
            wake_ = nullptr;
        }
        context_.TryCancel();
        letGo();
        std::unique_lock lock(mutex_);
        return done_.wait_for(lock, kLettingGo, [&] { return end_.has_value(); });
    }

    void OnReadDone(bool ok) override {
        const Reaction reaction(this);
        {
            const std::lock_guard lock(mutex_);
            if (ok) {
                read_ = std::move(reading_);
            } else {
                drained_ = cut_ = true;
            }
        }
        wake();
    }

    void OnWriteDone(bool ok) override {
        const Reaction reaction(this);
        {
            const std::lock_guard lock(mutex_);
            writing_ = false;
            cut_ = cut_ || !ok;
        }
        wake();
    }

    void OnDone(const grpc::Status& status) override {
        const Reaction reaction(this);
        const std::lock_guard lock(mutex_);
        end_ = reasonOf(address_, status);
        if (wake_) {
            wake_();
        }
        done_.notify_all();  // still locked: whoever waits destroys this object next
    }

private:
    void wake() {
        const std::lock_guard lock(mutex_);
        if (wake_) {
            wake_();
        }
    }

    /// Gives up the hold under which this side starts operations. Only the stream's own thread does.
    void letGo() {
        if (std::exchange(held_, false)) {
            RemoveHold();
        }
    }

    const std::string address_;
    const std::shared_ptr<grpc::Channel> channel_;
    const std::unique_ptr<v1::Ingest::Stub> stub_;
    grpc::ClientContext context_;

    // Of the stream's own thread.
    bool held_ = true;
    v1::FromSensor written_;  // last; touched by gRPC while writing_

    mutable std::mutex mutex_;
    std::condition_variable done_;
    std::function<void()> wake_;
    bool writing_ = false;
    std::unique_ptr<v1::ToSensor> reading_;
    std::unique_ptr<v1::ToSensor> read_;
    bool cut_ = false;      // no write can succeed any more
    bool drained_ = false;  // all that was sent to us is read
    std::optional<std::string> end_;
};

Result<std::unique_ptr<IngestStream>> IngestStream::open(const std::string& address, const TlsIdentity& identity,
                                                         std::function<void()> wake) {
    auto channel = openChannel(address, identity);
    if (!channel) {
        return Error{channel.error()};
    }
    auto reactor = std::make_unique<Reactor>(address, *channel, std::move(wake));
    reactor->start();
    return std::unique_ptr<IngestStream>(new IngestStream(std::move(reactor)));
}

IngestStream::IngestStream(std::unique_ptr<Reactor> reactor) : reactor_(std::move(reactor)) {}

IngestStream::~IngestStream() {
    if (!reactor_->cancel()) {
        log::error("uplink: gRPC does not let go of a cancelled stream; its memory is given up");
        std::ignore = reactor_.release();
    }
}

bool IngestStream::writable() const {
    return reactor_->writable();
}

void IngestStream::write(v1::FromSensor message) {
    reactor_->write(std::move(message));
}

std::optional<v1::ToSensor> IngestStream::take() {
    return reactor_->take();
}

std::optional<std::string> IngestStream::ended() {
    return reactor_->ended();
}

}  // namespace apiary::agent
