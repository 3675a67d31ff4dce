#pragma once

#include "agent/engine/descriptor.hpp"
#include "common/net/endpoint.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace apiary::agent::test {

/// 127.0.0.<last>, or ::1 with `v6`.
Endpoint loopback(std::uint16_t port = 0, std::uint8_t last = 1);
Endpoint loopback6(std::uint16_t port = 0);

/// A peer with a blocking socket that gives up after five seconds.
class Client {
public:
    /// Connects; connected() tells whether it worked. `from` is the address to come from.
    explicit Client(const Endpoint& to, std::optional<Endpoint> from = std::nullopt, int receiveBuffer = 0);

    bool connected() const { return connected_; }
    int fd() const { return socket_.get(); }
    Endpoint local() const;

    void send(std::string_view bytes);

    /// Reads up to and including `end`; what came so far if it does not come.
    std::string readTo(std::string_view end);
    std::string readLine() { return readTo("\r\n"); }

    /// Reads `size` bytes, or what comes until the end.
    std::string readBytes(std::size_t size);

    /// Reads to the end of the stream; endedBy() says how that was.
    std::string readAll();
    enum class End { None, Fin, Reset };
    End endedBy() const { return end_; }

    /// True if something can be read, or the end, within `milliseconds`.
    bool readable(int milliseconds) const;

    void finish();  // FIN, still reading
    void reset();   // RST

private:
    bool readMore();

    Descriptor socket_;
    bool connected_ = false;
    End end_ = End::None;
    std::string read_;
};

/// A peer that sends datagrams.
class DatagramClient {
public:
    explicit DatagramClient(const Endpoint& from);

    Endpoint local() const;
    void send(std::string_view bytes, const Endpoint& to) const;

    /// The next datagram and who sent it, or nothing within `milliseconds`.
    struct Reply {
        std::string bytes;
        Endpoint from;
    };
    std::optional<Reply> receive(int milliseconds = 5000) const;

private:
    Descriptor socket_;
};

}  // namespace apiary::agent::test
