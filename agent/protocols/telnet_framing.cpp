#include "agent/protocols/telnet_framing.hpp"

#include <utility>

namespace apiary::agent {
namespace {

constexpr std::uint8_t kSe = 240;
constexpr std::uint8_t kAreYouThere = 246;
constexpr std::uint8_t kGoAhead = 249;
constexpr std::uint8_t kSb = 250;
constexpr std::uint8_t kIac = 255;
constexpr std::uint8_t kWindowSize = 31;

}  // namespace

std::optional<TelnetFraming::Event> TelnetFraming::take(char byte) {
    const auto value = static_cast<std::uint8_t>(byte);
    switch (state_) {
        case State::Command:
            return takeCommand(value);
        case State::Option:
            state_ = command_ == kSb && value == kWindowSize ? State::Size : State::Data;
            sizeBytes_ = size_ = 0;
            return std::nullopt;
        case State::Size:
            return takeSize(value);
        default:
            return takeData(value);
    }
}

std::optional<TelnetFraming::Event> TelnetFraming::takeData(std::uint8_t byte) {
    const bool belongsToReturn = std::exchange(afterReturn_, byte == '\r') && (byte == '\n' || byte == '\0');
    if (byte == kIac) {
        state_ = State::Command;
        return std::nullopt;
    }
    return belongsToReturn ? std::nullopt
                           : std::optional(Event{.kind = Event::Kind::Data, .byte = static_cast<char>(byte)});
}

std::optional<TelnetFraming::Event> TelnetFraming::takeCommand(std::uint8_t byte) {
    state_ = State::Data;
    if (byte == kIac) {
        return Event{.kind = Event::Kind::Data, .byte = '\xff'};
    }
    if (byte == kAreYouThere) {
        return Event{.kind = Event::Kind::AreYouThere};
    }
    if (byte >= kSe && byte <= kGoAhead) {
        return std::nullopt;
    }
    command_ = byte;
    state_ = State::Option;
    return byte < kSe ? std::optional(Event{.kind = Event::Kind::Unknown}) : std::nullopt;
}

/// Columns, then rows, two bytes each.
std::optional<TelnetFraming::Event> TelnetFraming::takeSize(std::uint8_t byte) {
    size_ = size_ << 8U | byte;
    if (++sizeBytes_ < 4) {
        return std::nullopt;
    }
    state_ = State::Data;
    return Event{.kind = Event::Kind::Window, .columns = size_ >> 16U, .rows = size_ & 0xffffU};
}

}  // namespace apiary::agent
