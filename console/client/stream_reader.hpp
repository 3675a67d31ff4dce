#pragma once

#include "common/rpc/reaction.hpp"
#include "console/client/calls_under_way.hpp"
#include "console/client/mailbox.hpp"

#include <grpcpp/support/client_callback.h>

#include <optional>

namespace apiary::console {

/// Reads a stream in gRPC's threads and hands it to the owner's thread in few events: what comes before the last event
/// was taken is merged into it. `Value` is what a message is turned into, in gRPC's thread; `merge` keeps it bounded.
///
/// Made by start(); keeps itself until the stream has ended. After the owner closed its mailbox nothing is delivered.
template <typename Message, typename Value>
class StreamReader final : public grpc::ClientReadReactor<Message>,
                           public std::enable_shared_from_this<StreamReader<Message, Value>> {
public:
    struct Steps {
        Value (*convert)(const Message&);
        void (*merge)(Value& pending, Value&& next);
        std::function<void(const Value&)> deliver;       // in the owner's thread
        std::function<void(const grpc::Status&)> ended;  // in the owner's thread, once
    };

    StreamReader(std::shared_ptr<Mailbox> mailbox, std::shared_ptr<CallsUnderWay> calls,
                 std::shared_ptr<grpc::ClientContext> context, Steps steps)
        : mailbox_(std::move(mailbox)),
          calls_(std::move(calls)),
          context_(std::move(context)),
          steps_(std::move(steps)) {}

    /// `begin` binds this reactor to its method: stub->async()->Watch(context, request, reactor).
    template <typename Begin>
    static void start(const std::shared_ptr<StreamReader>& reader, Begin begin) {
        reader->self_ = reader;
        reader->calls_->begin(reader->context_);
        begin(reader->context_.get(), reader.get());
        reader->StartRead(&reader->message_);
        Reaction::handOver(reader.get());
        reader->StartCall();
    }

    void OnReadDone(bool ok) override {
        const Reaction reaction(this);
        if (!ok) {
            return;
        }
        Value value = steps_.convert(message_);
        bool post = false;
        {
            const std::lock_guard lock(mutex_);
            post = !pending_.has_value();
            if (post) {
                pending_ = std::move(value);
            } else {
                steps_.merge(*pending_, std::move(value));
            }
        }
        if (post) {
            mailbox_->post([self = this->shared_from_this()] { self->drain(); });
        }
        Reaction::handOver(this);
        this->StartRead(&message_);
    }

    void OnDone(const grpc::Status& status) override {
        const std::shared_ptr<StreamReader> keep = std::move(self_);
        {
            const Reaction reaction(this);
            mailbox_->post([keep, status] { keep->steps_.ended(status); });
        }
        calls_->end(context_);
    }

private:
    void drain() {
        std::optional<Value> value;
        {
            const std::lock_guard lock(mutex_);
            value.swap(pending_);
        }
        if (value) {
            steps_.deliver(*value);
        }
    }

    const std::shared_ptr<Mailbox> mailbox_;
    const std::shared_ptr<CallsUnderWay> calls_;
    const std::shared_ptr<grpc::ClientContext> context_;
    const Steps steps_;
    Message message_;
    std::shared_ptr<StreamReader> self_;  // until OnDone
    std::mutex mutex_;
    std::optional<Value> pending_;  // guarded by mutex_
};

}  // namespace apiary::console
