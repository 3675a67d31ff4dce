#include "agent/probes/capture.hpp"

#include "common/log/log.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {

Result<Capture> Capture::open(const std::vector<std::string>& interfaces, std::size_t ringBytes,
                              std::span<const sock_filter> filter) {
    std::vector<Line> lines;
    for (const std::string& interface : interfaces) {
        auto ring = PacketRing::open(ringBytes, filter);
        if (!ring) {
            return Error{ring.error()};
        }
        lines.push_back({.interface = interface, .ring = std::move(*ring)});
    }
    return Capture(std::move(lines));
}

void Capture::look() {
    for (Line& line : lines_) {
        look(line);
    }
}

void Capture::tell(Line& line, Trouble trouble, const std::string& text) {
    if (std::exchange(line.told, trouble) != trouble) {
        log::warn("interface " + line.interface + ' ' + text);
    }
}

void Capture::look(Line& line) {
    const auto state = interfaceState(line.interface);
    if (!state) {
        line.number = 0;
        line.counts.reset();
        tell(line, Trouble::Gone, "is not there; it is watched as soon as it comes");
        return;
    }
    line.up = state->up;
    if (!state->ethernet) {
        line.number = 0;
        tell(line, Trouble::NoEthernet, "has no Ethernet frames, so it cannot be watched; name another");
        return;
    }
    if (state->number != line.number) {
        const Status attached = line.ring.attach(state->number, line.interface);
        if (!attached) {
            tell(line, Trouble::Refused, "does not let itself be watched, trying again: " + attached.error());
            return;
        }
        line.number = state->number;
        line.counts = interfaceCounts(line.interface);
        line.told = Trouble::None;
        log::info("watching interface " + line.interface);
    }
    if (!line.up) {
        tell(line, Trouble::Down, "is down: nothing comes from it; ip link set " + line.interface + " up");
    } else if (std::exchange(line.told, Trouble::None) == Trouble::Down) {
        log::info("interface " + line.interface + " is up again");
    }
}

std::vector<int> Capture::fds() const {
    std::vector<int> fds;
    std::ranges::transform(lines_, std::back_inserter(fds), [](const Line& line) { return line.ring.fd(); });
    return fds;
}

std::size_t Capture::drain(ProbeWatch& watch) {
    std::size_t count = 0;
    for (Line& line : lines_) {
        const std::size_t some = line.ring.drain(
            [&](std::span<const std::uint8_t> frame, std::uint64_t at, FrameFor whom) { watch.take(frame, at, whom); });
        if (some == 0) {
            line.ring.clearError();
        }
        count += some;
    }
    return count;
}

CaptureFigures Capture::takeFigures() {
    CaptureFigures figures;
    figures.configured = lines_.size();
    for (Line& line : lines_) {
        figures.kernelDropped += line.ring.takeCounts().dropped;
        figures.interfaces += line.number != 0 && line.up ? 1 : 0;
        const auto counts = line.number == 0 ? std::nullopt : interfaceCounts(line.interface);
        if (counts && line.counts) {
            // A count that went back is that of another interface of the same name.
            figures.interfaceReceived += counts->received - std::min(line.counts->received, counts->received);
            figures.interfaceDropped += counts->dropped - std::min(line.counts->dropped, counts->dropped);
        }
        line.counts = counts;
    }
    return figures;
}

}  // namespace apiary::agent
