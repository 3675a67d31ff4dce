#include "tests/agent/engine/recording.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent::test {

using namespace std::chrono_literals;

class Recording::Session final : public Recorder {
public:
    Session(Recording& recording, std::size_t index) : recording_(recording), index_(index) {}
    ~Session() override {
        if (!ended_) {
            change([](Recorded& session) { session.outcome = Outcome::Interrupted; });
        }
    }

    void received(ChannelId channel, std::string_view bytes) override {
        change([&](Recorded& session) {
            (channel == kControl ? session.in : session.channelIn).append(bytes);
            session.largestPacket = std::max(session.largestPacket, bytes.size());
            session.lines.push_back("in " + std::to_string(channel) + " " + std::string(bytes));
        });
    }
    void sent(ChannelId channel, std::string_view bytes, Delivery delivery) override {
        change([&](Recorded& session) {
            (channel == kControl ? session.out : session.channelOut).append(bytes);
            session.largestPacket = std::max(session.largestPacket, bytes.size());
            session.lines.push_back("out " + std::to_string(channel) + (delivery == Delivery::Cut ? " cut " : " ") +
                                    std::string(bytes));
        });
    }
    void handshake(ChannelId channel, std::string_view first, const TlsInfo* info) override {
        change([&](Recorded& session) {
            session.lines.push_back((channel == kControl ? "" : "channel " + std::to_string(channel) + " ") +
                                    (info != nullptr ? "tls " + info->version + " " + info->sni
                                                     : "tls failed " + std::string(first.substr(0, 20))));
        });
    }
    void channelOpened(ChannelId channel, const Endpoint&, const Endpoint&) override {
        change([&](Recorded& session) { session.lines.push_back("open " + std::to_string(channel)); });
    }
    void channelClosed(ChannelId channel) override {
        change([&](Recorded& session) { session.lines.push_back("close " + std::to_string(channel)); });
    }
    void observed(const Evidence& evidence) override {
        change([&](Recorded& session) {
            const auto* anomaly = std::get_if<Anomaly>(&evidence);
            const auto* identified = std::get_if<Identified>(&evidence);
            const auto* piece = std::get_if<PayloadPiece>(&evidence);
            session.lines.push_back(anomaly != nullptr      ? "note " + anomaly->what
                                    : identified != nullptr ? "identified " + identified->protocol
                                    : piece != nullptr && piece->last
                                        ? "complete " + piece->name + " " + std::to_string(piece->offered)
                                        : "evidence");
        });
    }
    bool full() const override {
        ++recording_.asked_;
        recording_.asked_.notify_all();
        return recording_.full_;
    }
    void ended(Outcome outcome, std::function<void()> durable) override {
        ended_ = true;
        bool hold = false;
        change([&](Recorded& session) {
            session.outcome = outcome;
            hold = recording_.hold_;
            if (hold) {
                recording_.held_.push_back(std::move(durable));
            }
        });
        if (!hold) {
            durable();
        }
    }

private:
    template <typename What>
    void change(What what) {
        recording_.change([&] { what(recording_.sessions_[index_]); });
    }

    Recording& recording_;
    std::size_t index_;
    bool ended_ = false;
};

std::unique_ptr<Recorder> Recording::open(const SessionStart& start) {
    std::size_t index = 0;
    change([&] {
        index = sessions_.size();
        sessions_.emplace_back().start = start;
    });
    return std::make_unique<Session>(*this, index);
}

void Recording::refused(const Refusal& refusal) {
    change([&] { refusals_.push_back(refusal); });
}

void Recording::change(const std::function<void()>& what) {
    {
        const std::lock_guard lock(mutex_);
        what();
    }
    changed_.notify_all();
}

bool Recording::waitUntil(const std::function<bool(const std::vector<Recorded>&)>& holds) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 5s, [&] { return holds(sessions_); });
}

bool Recording::waitForEnds(std::size_t count) {
    return waitUntil([&](const auto& sessions) {
        return std::ranges::count_if(sessions, [](const Recorded& session) { return session.outcome.has_value(); }) >=
               static_cast<std::ptrdiff_t>(count);
    });
}

std::vector<Recorded> Recording::sessions() const {
    const std::lock_guard lock(mutex_);
    return sessions_;
}

Recorded Recording::ended(std::size_t index) {
    waitUntil([&](const auto& sessions) { return sessions.size() > index && sessions[index].outcome; });
    return sessions().at(index);
}

bool Recording::waitForRefusals(std::uint64_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 5s, [&] {
        std::uint64_t all = 0;
        for (const Refusal& refusal : refusals_) {
            all += refusal.count;
        }
        return all >= count;
    });
}

std::vector<Refusal> Recording::refusals() const {
    const std::lock_guard lock(mutex_);
    return refusals_;
}

void Recording::waitForAsked(std::size_t times) const {
    const std::size_t enough = asked_ + times;
    for (std::size_t asked = asked_; asked < enough; asked = asked_) {
        asked_.wait(asked);
    }
}

void Recording::holdEnds(bool hold) {
    std::vector<std::function<void()>> released;
    change([&] {
        hold_ = hold;
        if (!hold) {
            released.swap(held_);
        }
    });
    for (const auto& durable : released) {
        durable();
    }
}

}  // namespace apiary::agent::test
