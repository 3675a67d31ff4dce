#include "agent/engine/session_host.hpp"

#include "agent/engine/source_key.hpp"
#include "common/log/log.hpp"
#include "common/net/address.hpp"
#include "common/text/escape.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace apiary::agent {

static constexpr std::uint64_t kLarge = std::uint64_t{64} << 10U;  // bytes that passed; what is less holds little

void OpenSessions::add(std::uint64_t number, std::shared_ptr<SessionHost> session) {
    open_.with([&](auto& open) { open.emplace_hint(open.end(), number, std::move(session)); });
}

void OpenSessions::remove(std::uint64_t number) {
    open_.with([&](auto& open) { return open.extract(number); });  // what it returns is destroyed unlocked
}

void OpenSessions::stopAll() {
    std::vector<std::shared_ptr<SessionHost>> sessions;
    open_.with([&](const auto& open) {
        for (const auto& [number, session] : open) {
            sessions.push_back(session);
        }
    });
    for (const auto& session : sessions) {
        session->stop();
    }
}

void OpenSessions::dropAll() {
    ByNumber dropped;
    open_.with([&](auto& open) { dropped.swap(open); });
}

void OpenSessions::view(std::size_t most, std::vector<SessionView>& into) const {
    open_.with([&](const auto& open) {
        for (auto newest = open.rbegin(); newest != open.rend() && most > 0; ++newest, --most) {
            into.push_back(newest->second->view());
        }
    });
}

SessionHost::SessionHost(Loop& loop, OpenSessions& open, EngineState& engine, std::shared_ptr<const Service> service)
    : Activity(loop), open_(open), engine_(engine), service_(std::move(service)) {
    const auto now = Steady::now();
    idleAt_ = now + spec().limits.idle;
    endAt_ = now + spec().limits.total;
}

SessionHost::~SessionHost() {
    leave();
}

void SessionHost::stop() {
    stopping_ = true;
    wake();
}

SessionView SessionHost::view() const {
    return {number_, service_->state->name, source_, target_, startedAt_, bytesIn_, bytesOut_};
}

/// Somebody who is known at one host is a stranger at the next, as he would be; but whoever goes through all of them
/// leaves room for others.
Verdict SessionHost::ask(const Endpoint& source) {
    constexpr std::size_t kShare = 4;
    ServiceState& state = *service_->state;
    const auto now = Steady::now();
    if (atHost_) {
        const Allowance& all = spec().module->transport == Transport::Stream ? engine_.sessions : engine_.flows;
        const Admission rules{.waiting = Millis::zero(),
                              .burst = 1,
                              .perSource = std::max(spec().admission.perSource, all.most() / kShare)};
        const Verdict verdict =
            state.overHosts.with([&](auto& admission) { return admission.admit(source, rules, now); });
        if (verdict != Verdict::Welcome) {
            return verdict;
        }
    }
    const Verdict verdict =
        state.admission.with([&](auto& admission) { return admission.admit(visitor_, spec().admission, now); });
    if (atHost_ && verdict != Verdict::Welcome) {
        state.overHosts.with([&](auto& admission) { admission.leave(source); });
    }
    return verdict;
}

bool SessionHost::admitted(const Endpoint& source, const Endpoint& target) {
    atHost_ = spec().hosts && spec().hosts->covers(target);
    visitor_ = atHost_ ? sourceAt(source, target) : source;
    if (engine_.visits.take(source)) {
        source_ = source;
        target_ = target;
        visit_ = true;
        return true;
    }
    const Verdict verdict = ask(source);
    if (verdict == Verdict::Welcome) {
        source_ = source;
        target_ = target;
        admitted_ = true;
        return true;
    }
    service_->state->counters.refused(reasonOf(verdict));
    loop().refuse({source, target, spec().module->transport, spec().name, reasonOf(verdict), clock()});
    return false;
}

/// Spreads the bits of a number (splitmix64), so that neighbours share nothing that shows.
static std::uint64_t mix(std::uint64_t value) {
    value += 0x9e3779b97f4a7c15U;
    value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31U);
}

void SessionHost::begin(SessionStart start) {
    HostFace face{spec().persona, spec().prepared};
    if (atHost_) {
        face = spec().hosts->face(target_);
    }
    number_ = ++engine_.lastNumber;
    start.source = source_;
    start.target = target_;
    start.transport = spec().module->transport;
    start.service = spec().name;
    start.protocol = spec().module->name;
    start.persona = std::move(face.persona);
    start.at = startedAt_ = clock();
    ++engine_.unrecorded;
    ++service_->state->open;
    start.selfTest = visit_;
    if (!visit_) {
        ++service_->state->sessions;
        service_->state->lastSession =
            std::chrono::duration_cast<std::chrono::microseconds>(startedAt_.time_since_epoch()).count();
    }
    listed_ = true;
    stopping_ = stopping_ || engine_.stopping;  // too late to be asked with the others
    open_.add(number_, std::static_pointer_cast<SessionHost>(shared_from_this()));
    recorder_ = engine_.recorders.open(start);
    Environment environment;
    environment.peer = source_;
    environment.local = target_;
    environment.tls = spec().implicitTls;
    environment.offersTls = service_->tls != nullptr;
    environment.seed =
        mix(mix(engine_.seed) ^ mix(number_) ^ static_cast<std::uint64_t>(startedAt_.time_since_epoch().count()));
    environment.recalled = service_->state->memory.recall(visitor_);
    environment.shelf = service_->state->shelf;
    conversation_.emplace(*spec().module, std::move(face.prepared), environment, spec().limits);
    stayAwake();
}

Task SessionHost::conclude() {
    if (askDurable()) {
        while (!durable_) {
            co_await until(Steady::time_point::max());
        }
    }
    recorder_.reset();
    conversation_.reset();
    leave();
}

/// Records the end; false if that is not possible, and nobody will say that it is durable.
bool SessionHost::askDurable() {
    if (!recorder_) {
        return false;
    }
    auto durable = [weak = weak_from_this(), this] {
        if (const auto self = weak.lock()) {
            durable_ = true;
            wake();
        }
    };
    try {
        recorder_->ended(outcome_.value_or(Outcome::Interrupted), loop().callback(std::move(durable)));
        return true;
    } catch (const std::exception& failure) {
        failed(failure);
        return false;
    }
}

void SessionHost::leave() {
    recorder_.reset();
    if (std::exchange(admitted_, false)) {
        service_->state->admission.with([&](auto& admission) { admission.leave(visitor_); });
        if (atHost_) {
            service_->state->overHosts.with([&](auto& admission) { admission.leave(source_); });
        }
    }
    if (std::exchange(listed_, false)) {
        --service_->state->open;
        service_->state->counters.ended(outcome_.value_or(Outcome::Interrupted));
        if (--engine_.unrecorded == 0) {
            { const std::lock_guard lock(engine_.mutex); }  // who waits has either seen this or is waiting by now
            engine_.noneUnrecorded.notify_all();
        }
        open_.remove(number_);
    }
}

void SessionHost::failed(const std::exception& bug) {
    outcome_ = Outcome::Interrupted;
    log::error("service " + spec().name + ": a session with " + logText(source_) +
                   " failed and was dropped: " + escape(bug.what()),
               {{"service", spec().name}});
}

bool SessionHost::interrupted() {
    if (stopping_) {
        end(Outcome::AgentStopped);
    } else if (Steady::now() >= endAt_) {
        end(Outcome::Limit);
    } else if (recorder_ && !outcome_ && bytesIn_ + bytesOut_ > kLarge && engine_.memory.farOver()) {
        ++engine_.refused.memory;
        recorder_->observed(Anomaly{"cut: the memory of the sensor is used up"});
        end(Outcome::Limit);
    } else {
        return false;
    }
    return true;
}

void SessionHost::setAlarm(Millis after) {
    alarmAt_ = after.count() == 0 ? Steady::time_point::max() : Steady::now() + after;
}

void SessionHost::noteReceived(ChannelId channel, std::string_view bytes) {
    bytesIn_.fetch_add(bytes.size(), std::memory_order_relaxed);
    service_->state->counters.received(bytes.size());
    recorder_->received(channel, bytes);
}

void SessionHost::noteSent(ChannelId channel, std::string_view bytes, Delivery delivery) {
    bytesOut_.fetch_add(bytes.size(), std::memory_order_relaxed);
    service_->state->counters.sent(bytes.size());
    recorder_->sent(channel, bytes, delivery);
}

void SessionHost::noteSent(std::string_view bytes, const SharedPart& part, Delivery delivery) {
    bytesOut_.fetch_add(bytes.size(), std::memory_order_relaxed);
    service_->state->counters.sent(bytes.size());
    recorder_->sentShared(kControl, bytes, part, delivery);
}

}  // namespace apiary::agent
