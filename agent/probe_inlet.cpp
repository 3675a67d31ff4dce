#include "agent/probe_inlet.hpp"

#include "agent/coverage/socket_message.hpp"
#include "common/log/log.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <variant>

namespace apiary::agent {
namespace {

constexpr int kTurn = 1000;    // milliseconds
constexpr int kFullTurn = 50;  // likewise, while nothing can be recorded

WallTime timeOf(std::uint64_t micros) {
    return WallTime(std::chrono::microseconds(micros));
}

std::uint64_t lostIn(const CaptureFigures& figures) {
    return figures.kernelDropped + figures.beyond + figures.unsent;
}

}  // namespace

ProbeInlet::ProbeInlet(Recording& recording, std::string_view name)
    : recording_(recording),
      name_(name),
      bell_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      lastFigures_(std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now())) {}

void ProbeInlet::run() {
    while (!closed_) {
        if (!listening_) {
            listen();
        }
        const bool full = recording_.full();
        std::array<pollfd, 3> polled{pollfd{.fd = bell_.get(), .events = POLLIN, .revents = 0},
                                     pollfd{.fd = listening_ ? listening_.get() : -1, .events = POLLIN, .revents = 0},
                                     pollfd{.fd = peer_ && !full ? peer_.get() : -1, .events = POLLIN, .revents = 0}};
        ::poll(polled.data(), polled.size(), full && peer_ ? kFullTurn : kTurn);
        if (polled[2].revents != 0) {
            receive();
        }
        if (polled[1].revents != 0) {
            accept();
        }
    }
    // What the program sent before it was told to end, or before this was, is not thrown away.
    pollfd last{.fd = peer_.get(), .events = POLLIN, .revents = 0};
    while (peer_ && !recording_.full() && ::poll(&last, 1, 0) > 0) {
        receive();
    }
}

void ProbeInlet::close() {
    closed_ = true;
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(bell_.get(), &one, sizeof one);
}

void ProbeInlet::listen() {
    int reason = 0;
    auto listening = listenAt(name_, reason);
    if (listening) {
        listening_ = *std::move(listening);
        told_ = false;
    } else if (!std::exchange(told_, true)) {
        log::error("probes are not taken, trying again: @" + name_ + ": " + std::generic_category().message(reason) +
                   (reason == EADDRINUSE ? "; another program has that name: end it" : ""));
    }
}

void ProbeInlet::accept() {
    Descriptor peer(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!peer) {
        return;
    }
    const auto user = peerUser(peer.get());
    if (user != 0U && user != ::geteuid()) {
        log::warn("a program of the user " + (user ? std::to_string(*user) : "?") +
                  " is no apiary-probes: nothing is taken from it");
        return;
    }
    if (peer_) {
        log::warn("apiary-probes runs twice: the second one is not heard; end one of them");
        return;
    }
    peer_ = std::move(peer);
    view_.with([](ProbeInletView& view) { view.connected = true; });
    log::info("apiary-probes captures");
}

void ProbeInlet::receive() {
    std::array<char, kLongestProbeMessage> bytes{};
    const ssize_t got = ::recv(peer_.get(), bytes.data(), bytes.size(), MSG_TRUNC);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    const bool whole = got > 0 && static_cast<std::size_t>(got) <= bytes.size();
    const auto message = whole ? readProbeMessage({bytes.data(), static_cast<std::size_t>(got)}) : std::nullopt;
    if (!message) {
        log::warn(got > 0 ? "apiary-probes sent what it never should; is it of another version?"
                          : "apiary-probes went away: probes are not captured");
        peer_.reset();
        view_.with([](ProbeInletView& view) { view.connected = false; });
        return;
    }
    std::visit([this](const auto& content) { record(content); }, *message);
}

void ProbeInlet::record(const std::vector<ProbeRow>& rows) {
    for (const ProbeRow& row : rows) {
        recording_.probed({.source = row.source,
                           .target = row.target,
                           .kind = std::string(kindName(row.kind)),
                           .reason = reasonOf(row),
                           .first = timeOf(row.firstUs),
                           .last = timeOf(row.lastUs),
                           .packets = row.packets});
    }
    view_.with([&](ProbeInletView& view) { view.rows += rows.size(); });
}

void ProbeInlet::record(const CaptureFigures& figures) {
    const auto now = std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
    if (const std::uint64_t lost = lostIn(figures); lost > 0) {
        recording_.probesLost(lost, lastFigures_, now);
        log::warn("probes: " + std::to_string(lost) + " packets are counted only: " +
                  std::to_string(figures.kernelDropped) + " found the ring full, " + std::to_string(figures.beyond) +
                  " the table, " + std::to_string(figures.unsent) + " the way to the agent; see [probes]");
    }
    lastFigures_ = now;
    view_.with([&](ProbeInletView& view) { view.figures += figures; });
}

ProbeInletView ProbeInlet::view() const {
    return view_.with([](const ProbeInletView& view) { return view; });
}

BoundReport ProbeInlet::bound() const {
    return {.name = "probe_ring", .used = 0, .limit = 0, .lost = lostIn(view().figures), .fullAt = {}, .keptSince = {}};
}

}  // namespace apiary::agent
