#pragma once

#include "collector/rpc/peer.hpp"
#include "collector/rpc/query_pool.hpp"
#include "collector/rpc/revoked_operators.hpp"
#include "collector/rpc/ticker.hpp"
#include "common/rpc/reaction.hpp"

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>
#include <grpcpp/support/status.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace apiary::collector {

/// What the services share of gRPC's callback API. Only their .cpp files include this.
using Clock = std::function<Ticker::Time()>;

inline grpc::Status statusOf(QueryEnd end) {
    switch (end) {
        case QueryEnd::Done:
            return grpc::Status::OK;
        case QueryEnd::Cancelled:
            return {grpc::StatusCode::CANCELLED, "cancelled"};
        case QueryEnd::TooSlow:
            return {grpc::StatusCode::DEADLINE_EXCEEDED, "the database took too long: ask for a shorter range"};
        case QueryEnd::Unavailable:
            return {grpc::StatusCode::UNAVAILABLE, "the collector has no database now: try again"};
        default:
            return {grpc::StatusCode::INTERNAL, "the collector failed: its log says why"};
    }
}

/// OK unless the operator is shut out, or that cannot be told yet.
inline grpc::Status requireTrust(const std::string& name, const RevokedOperators& revoked) {
    switch (revoked.judge(name)) {
        case RevokedOperators::Verdict::Trusted:
            return grpc::Status::OK;
        case RevokedOperators::Verdict::Revoked:
            return {grpc::StatusCode::PERMISSION_DENIED, "the operator " + name + " is revoked"};
        default:
            return statusOf(QueryEnd::Unavailable);
    }
}

/// Who may call: an operator of at least this role who is not revoked. UNAUTHENTICATED without a valid certificate,
/// PERMISSION_DENIED, naming the role needed, with one that is not enough; a sensor's never is.
inline grpc::Status requireRole(const Result<PeerIdentity>& peer, Role needed, const RevokedOperators& revoked) {
    if (!peer) {
        return {grpc::StatusCode::UNAUTHENTICATED, peer.error()};
    }
    const std::string role(roleText(needed));
    if (peer->kind != PeerKind::Operator) {
        return {
            grpc::StatusCode::PERMISSION_DENIED,
            "a sensor's certificate opens nothing here: this needs an operator's, of the role " + role + " or above"};
    }
    if (const auto trusted = requireTrust(peer->name, revoked); !trusted.ok()) {
        return trusted;
    }
    if (peer->role < needed) {
        return {grpc::StatusCode::PERMISSION_DENIED, "this needs the role " + role + ", and the certificate of " +
                                                         peer->name + " says " + std::string(roleText(peer->role))};
    }
    return grpc::Status::OK;
}

inline grpc::Status tooMuchToDo() {
    return {grpc::StatusCode::RESOURCE_EXHAUSTED, "the collector has too much to do: try again"};
}

inline grpc::Status invalid(const std::string& reason) {
    return {grpc::StatusCode::INVALID_ARGUMENT, reason};
}

/// Ends a call at once.
inline grpc::ServerUnaryReactor* answer(grpc::CallbackServerContext* context, const grpc::Status& status) {
    auto* reactor = context->DefaultReactor();
    reactor->Finish(status);
    return reactor;
}

/// A call that is answered from a pool's thread, and cancelled there when the caller goes or its deadline passes.
class QueryCall final : public grpc::ServerUnaryReactor {
public:
    /// The work fills the reply, and returns how the call ends.
    using Work = std::function<grpc::Status(Connection&)>;

    static grpc::ServerUnaryReactor* start(QueryPool& pool, Work work, bool repeatable) {
        auto* call = new QueryCall;  // NOLINT(cppcoreguidelines-owning-memory): gRPC tells it when to go
        // Between here and the return nothing touches the call but the worker, which may have finished it by then.
        const bool taken =
            pool.submit([call, work = std::move(work)](Connection& connection) { call->status_ = work(connection); },
                        [call](QueryEnd end) { call->end(end); }, repeatable, &call->ticket_);
        if (!taken) {
            call->Finish(tooMuchToDo());
        }
        Reaction::handOver(call);
        return call;
    }

private:
    void end(QueryEnd end) {
        const auto status = end == QueryEnd::Done ? status_ : statusOf(end);
        Reaction::handOver(this);
        Finish(status);
    }
    void OnCancel() override {
        const Reaction reaction(this);
        ticket_.cancel();
    }
    void OnDone() override {
        { const Reaction reaction(this); }
        delete this;  // NOLINT(cppcoreguidelines-owning-memory)
    }

    grpc::Status status_;
    QueryPool::Ticket ticket_;
};

/// A stream of messages to one caller, moved on by the ticker. It lives until gRPC is done with it; whoever else holds
/// it (ticker, workers) finds it ended then. It ends by itself when the caller's certificate expires, or the
/// caller is revoked.
template <typename Message>
class ServedStream : public grpc::ServerWriteReactor<Message>,
                     public Ticker::Client,
                     public std::enable_shared_from_this<ServedStream<Message>> {
public:
    /// Hands the stream to gRPC and the ticker.
    static grpc::ServerWriteReactor<Message>* start(const std::shared_ptr<ServedStream>& stream, Ticker& ticker) {
        stream->self_ = stream;
        ticker.add(stream);
        stream->begin();
        Reaction::handOver(stream->reactor());
        return stream.get();
    }

    void tick(Ticker::Time now) final {
        if (now >= peer_.notAfter) {
            end({grpc::StatusCode::UNAUTHENTICATED, "the certificate has expired: issue another"});
            return;
        }
        if (revoked_->judge(peer_.name) == RevokedOperators::Verdict::Revoked) {
            end(requireTrust(peer_.name, *revoked_));
            return;
        }
        advance(now);
    }

protected:
    ServedStream(PeerIdentity peer, std::shared_ptr<const RevokedOperators> revoked)
        : peer_(std::move(peer)), revoked_(std::move(revoked)) {}

    virtual void begin() {}
    virtual void advance(Ticker::Time now) = 0;

    /// Whether a message can be sent now: none is under way, and the stream has not ended.
    bool ready() const {
        const std::lock_guard lock(mutex_);
        return !writing_ && !over_;
    }

    /// Sends a message; drops it if the stream has ended. Only when ready().
    void send(Message message) {
        const std::lock_guard lock(mutex_);
        if (over_ || writing_) {
            return;
        }
        writing_ = true;
        message_ = std::move(message);
        Reaction::handOver(reactor());
        this->StartWrite(&message_);
    }

    void end(const grpc::Status& status) {
        const std::lock_guard lock(mutex_);
        if (over_) {
            return;
        }
        over_ = true;
        Reaction::handOver(reactor());
        this->Finish(status);
    }

private:
    void* reactor() { return static_cast<grpc::ServerWriteReactor<Message>*>(this); }

    void OnWriteDone(bool ok) override {
        const Reaction reaction(reactor());
        {
            const std::lock_guard lock(mutex_);
            writing_ = false;
        }
        if (!ok) {
            end({grpc::StatusCode::CANCELLED, "the caller has gone"});
        }
    }
    void OnCancel() override {
        const Reaction reaction(reactor());
        end({grpc::StatusCode::CANCELLED, "cancelled"});
    }
    void OnDone() override {
        std::shared_ptr<ServedStream> self;
        {
            const Reaction reaction(reactor());
            const std::lock_guard lock(mutex_);
            over_ = true;
            self = std::move(self_);
        }
    }

    const PeerIdentity peer_;
    const std::shared_ptr<const RevokedOperators> revoked_;  // shared with the services, which a stream may outlive
    mutable std::mutex mutex_;
    bool writing_ = false;
    bool over_ = false;
    Message message_;
    std::shared_ptr<ServedStream> self_;  // what gRPC holds
};

/// A stream that ends before it began.
template <typename Message>
grpc::ServerWriteReactor<Message>* refuse(const grpc::Status& status) {
    class Refusal final : public grpc::ServerWriteReactor<Message> {
    public:
        explicit Refusal(const grpc::Status& why) {
            this->Finish(why);
            Reaction::handOver(this);
        }

    private:
        void OnDone() override {
            { const Reaction reaction(this); }
            delete this;  // NOLINT(cppcoreguidelines-owning-memory)
        }
    };
    return new Refusal(status);  // NOLINT(cppcoreguidelines-owning-memory): gRPC tells it when to go
}

}  // namespace apiary::collector
