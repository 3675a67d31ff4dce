#include "agent/probes/probe_sender.hpp"

#include "agent/coverage/socket_message.hpp"
#include "common/log/log.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/socket.h>
#include <system_error>

namespace apiary::agent {
namespace {

constexpr auto kBetweenTries = std::chrono::seconds(1);
constexpr int kPatience = 1;  // seconds, for a connection to somebody on this machine

}  // namespace

ProbeSender::ProbeSender(std::uint32_t user, std::size_t most, std::string_view name)
    : user_(user), most_(most), name_(name) {}

void ProbeSender::give(std::span<const ProbeRow> rows, const CaptureFigures& figures) {
    figures_ += figures;
    figuresDue_ = true;
    const auto packetsOf = [](std::span<const ProbeRow> some) {
        std::uint64_t packets = 0;
        for (const ProbeRow& row : some) {
            packets += row.packets;
        }
        return packets;
    };
    // A row is no longer than this: so many fit into one message.
    constexpr std::size_t kAtOnce = kLongestProbeMessage / 128;
    for (std::size_t at = 0; at < rows.size(); at += kAtOnce) {
        const auto some = rows.subspan(at, std::min(kAtOnce, rows.size() - at));
        auto messages = rowMessages(some);
        if (bytes_ + messages.front().size() > most_ || messages.size() != 1) {
            figures_.unsent += packetsOf(some);
            continue;
        }
        bytes_ += messages.front().size();
        rows_.emplace_back(std::move(messages.front()), packetsOf(some));
    }
}

void ProbeSender::pump(Time now) {
    if (!socket_ && now >= nextTry_) {
        nextTry_ = now + kBetweenTries;
        connect(now);
    }
    while (socket_ && !rows_.empty()) {
        if (send(rows_.front().first) != Sent::Yes) {
            return;
        }
        bytes_ -= rows_.front().first.size();
        rows_.pop_front();
    }
    if (socket_ && figuresDue_ && send(figuresMessage(figures_)) == Sent::Yes) {
        figures_ = {};
        figuresDue_ = false;
    }
}

void ProbeSender::connect(Time) {
    auto socket = connectTo(name_, kPatience);
    if (!socket) {
        if (!std::exchange(told_, true)) {
            log::warn("the agent does not take probes; they are kept until it is started with [probes]");
        }
        return;
    }
    if (const auto user = peerUser(socket->get()); user != 0U && user != user_) {
        if (!std::exchange(told_, true)) {
            log::error("a program that is not the agent's user's answers for it; end it, and start apiary-agent");
        }
        return;
    }
    ::fcntl(socket->get(), F_SETFL, ::fcntl(socket->get(), F_GETFL) | O_NONBLOCK);
    socket_ = *std::move(socket);
    told_ = false;
    log::info("the agent takes probes");
}

ProbeSender::Sent ProbeSender::send(std::string_view message) {
    if (::send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) {
        return Sent::Yes;
    }
    if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS) {
        return Sent::Later;
    }
    disconnect(std::generic_category().message(errno));
    return Sent::Lost;
}

void ProbeSender::disconnect(std::string_view why) {
    log::warn("the agent went away (" + std::string(why) + "); probes are kept until it is back");
    socket_.reset();
    told_ = true;
}

}  // namespace apiary::agent
