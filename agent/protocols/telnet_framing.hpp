#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace apiary::agent {

/// Takes Telnet (RFC 854, 855, 1073) off a stream as BusyBox 1.35's telnetd does, byte by byte.
///
/// That server asks for its options once and answers nothing about options, whatever it is told: no negotiation can go
/// round in circles. It knows one subnegotiation, the window size, which it takes for four plain bytes; any other order
/// of three bytes is skipped, so what stands inside a strange subnegotiation counts as typed. Needs no memory, however
/// long a subnegotiation is. What differs: the real one loses track of orders that TCP cuts, this one does not.
class TelnetFraming {
public:
    /// What a telnetd says first: DO ECHO, DO NAWS, WILL ECHO, WILL SGA.
    static constexpr std::string_view kGreeting = "\xff\xfd\x01\xff\xfd\x1f\xff\xfb\x01\xff\xfb\x03";

    /// The answer to Are You There: a NOP, whose IAC is doubled on the way out.
    static constexpr std::string_view kHere = "\xff\xff\xf1";

    struct Event {
        enum class Kind : std::uint8_t { Data, AreYouThere, Window, Unknown } kind = Kind::Data;
        char byte = 0;         // of Data
        unsigned columns = 0;  // of Window
        unsigned rows = 0;
    };

    std::optional<Event> take(char byte);

private:
    enum class State : std::uint8_t { Data, Command, Option, Size };

    std::optional<Event> takeData(std::uint8_t byte);
    std::optional<Event> takeCommand(std::uint8_t byte);
    std::optional<Event> takeSize(std::uint8_t byte);

    State state_ = State::Data;
    std::uint8_t command_ = 0;
    bool afterReturn_ = false;  // a newline or NUL behind it belongs to it
    unsigned sizeBytes_ = 0;
    std::uint32_t size_ = 0;
};

}  // namespace apiary::agent
