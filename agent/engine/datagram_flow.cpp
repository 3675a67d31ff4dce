#include "agent/engine/datagram_flow.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {

static constexpr std::size_t kInboxSize = std::size_t{64} << 10U;
static constexpr std::size_t kDatagram = 64;  // what one takes besides its bytes, of which it may have none
static constexpr std::size_t kAtOnce = 64;    // then other flows have their turn
static constexpr Millis kRecorderPoll{10};

DatagramFlow::DatagramFlow(Loop& loop, OpenSessions& open, EngineState& engine, std::shared_ptr<const Service> service,
                           Allowance::Share share, std::shared_ptr<FlowHost> host, const Arrival& first, bool answered)
    : SessionHost(loop, open, engine, std::move(service)),
      share_(std::move(share)),
      host_(std::move(host)),
      from_(first.from),
      to_(first.target),
      answered_(answered) {}

DatagramFlow::~DatagramFlow() {
    leaveHost();
}

void DatagramFlow::leaveHost() {
    if (std::exchange(reachable_, false)) {
        host_->flowOver(from_.endpoint(), to_);
    }
}

void DatagramFlow::deliver(std::string_view bytes) {
    if (!inbox_.empty() && inboxSize_ + bytes.size() + kDatagram > kInboxSize) {
        ++dropped_;
        droppedBytes_ += bytes.size();
        return;
    }
    inbox_.emplace_back(bytes);
    inboxSize_ += bytes.size() + kDatagram;
    wake();
}

Task DatagramFlow::run() {
    reachable_ = true;
    try {
        begin(SessionStart());
        co_await converse();
        co_await perform(conversation().cut(clock()));  // nothing, if the session is over
    } catch (const std::exception& bug) {
        failed(bug);
    }
    leaveHost();
    for (const std::string& unheard : inbox_) {
        noteDatagram(unheard);
    }
    noteDropped();
    co_await conclude();
    if (lastReply_) {
        host_->reply(*lastReply_, to_, from_);
    }
    rest();
}

Task DatagramFlow::converse() {
    bool greeted = false;
    std::size_t heard = 0;
    while (!outcome_) {
        const auto now = Steady::now();
        const bool holding = recorder().full();
        if (holding) {
            idleAt_ = std::max(idleAt_, now + spec().limits.idle);  // not the source's silence but ours
        }
        switch (conversation().awaits()) {
            case Conversation::Awaits::Peer:
                break;
            case Conversation::Awaits::Resume:
                co_await perform(conversation().resume(clock()));
                continue;
            case Conversation::Awaits::Handshake:  // there is none for datagrams
                co_await perform(conversation().tlsFailed(std::string_view(), clock()));
                end(Outcome::TlsFailed);
                continue;
            case Conversation::Awaits::Passive:
                co_await perform(conversation().passive(std::nullopt, clock()));
                continue;
            case Conversation::Awaits::Nothing:
                end(conversation().cutShort() ? Outcome::Limit : Outcome::Finished);
                continue;
        }
        if (interrupted()) {
            co_return;
        }
        if (!holding && !inbox_.empty()) {
            if (++heard % kAtOnce == 0) {
                co_await until(now);
            }
            const std::string datagram = std::move(inbox_.front());
            inbox_.pop_front();
            inboxSize_ -= datagram.size() + kDatagram;
            noteDatagram(datagram);
            if (!std::exchange(greeted, true)) {
                co_await perform(conversation().open(clock()));
            }
            co_await perform(conversation().bytes(datagram, clock()));
            stayAwake();
        } else if (now >= idleAt_) {
            end(Outcome::TimedOut);
            co_await perform(conversation().idle(clock()));
        } else if (now >= alarmAt_) {
            setAlarm(Millis::zero());
            co_await perform(conversation().alarm(clock()));
        } else {
            const auto wakeAt = std::min({holding ? now + kRecorderPoll : idleAt_, alarmAt_, endAt_});
            co_await until(wakeAt);
        }
    }
}

/// A datagram is interpreted whole, but is several packets of the log if it is longer than one may be.
void DatagramFlow::noteDatagram(std::string_view bytes) {
    service().state->credit.with([&](auto& credit) { credit.received(source(), bytes.size(), spec().credit); });
    std::size_t at = 0;
    do {
        noteReceived(kControl, bytes.substr(at, kPacket));
        at += kPacket;
    } while (at < bytes.size());
}

void DatagramFlow::noteDropped() {
    if (dropped_ > 0) {
        recorder().observed(Anomaly{std::to_string(dropped_) + " datagrams of " + std::to_string(droppedBytes_) +
                                    " bytes dropped: more came than could be answered in turn"});
    }
}

Task DatagramFlow::perform(Actions actions) {
    auto replies = static_cast<std::size_t>(std::ranges::count_if(actions, [](const Action& action) {
        return std::holds_alternative<Send>(action) || std::holds_alternative<SendShared>(action);
    }));
    const bool over = conversation().over();
    for (Action& action : actions) {
        if (auto* evidence = std::get_if<Evidence>(&action)) {
            recorder().observed(*evidence);
        } else if (auto* remember = std::get_if<Remember>(&action)) {
            service().state->memory.remember(visitor(), std::move(remember->bytes));
        } else if (stopping_) {
            continue;
        } else if (auto* reply = std::get_if<Send>(&action)) {
            send(reply->bytes, over && --replies == 0);
        } else if (auto* shared = std::get_if<SendShared>(&action)) {
            send(std::string_view(*shared->whole).substr(shared->offset, shared->length), over && --replies == 0);
        } else if (auto* wait = std::get_if<Pause>(&action)) {
            co_await pause(wait->duration);
        } else if (auto* alarm = std::get_if<Alarm>(&action)) {
            setAlarm(alarm->after);
        }
    }
}

Task DatagramFlow::pause(Millis duration) {
    const auto begin = Steady::now();
    const auto over = std::min(begin + duration, endAt_);
    while (!stopping_ && Steady::now() < over) {
        co_await until(over);
    }
    const auto slept = Steady::now() - begin;
    idleAt_ += slept;
    if (alarmAt_ != Steady::time_point::max()) {
        alarmAt_ += slept;
    }
}

/// Sends one datagram if the source has paid for it, or keeps it until the end is durable if it is the `last`.
void DatagramFlow::send(std::string_view bytes, bool last) {
    const bool paid = answered_ && service().state->credit.with([&](auto& credit) {
        return credit.spend(source(), bytes.size(), spec().credit, Steady::now());
    });
    if (!paid) {
        service().state->counters.withheldReply();
        if (!std::exchange(noted_, true)) {
            recorder().observed(Anomaly{answered_ ? "reply withheld: the source has no credit for it"
                                                  : "reply withheld: the source must not be answered"});
        }
        return;
    }
    if (last) {
        lastReply_.emplace(bytes);
    } else if (!host_->reply(bytes, to_, from_)) {
        return;
    }
    std::size_t at = 0;
    do {
        noteSent(kControl, bytes.substr(at, kPacket), Delivery::Whole);
        at += kPacket;
    } while (at < bytes.size());
}

}  // namespace apiary::agent
