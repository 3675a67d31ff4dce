#pragma once

#include "common/result.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace apiary::agent {

/// A socket of the check, closed with its owner.
class TrySocket {
public:
    explicit TrySocket(int number = -1) : number_(number) {}
    TrySocket(TrySocket&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    TrySocket& operator=(TrySocket&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~TrySocket();

    int number() const { return number_; }

private:
    int number_;
};

/// An address and port as the kernel takes them.
struct PeerAddress {
    alignas(8) std::array<char, 28> raw{};  // a sockaddr_in or a sockaddr_in6
    std::size_t size = 0;

    /// The address alone.
    std::string text() const;
};

/// The addresses of a host, a name or an address itself. Blocks for as long as the resolver does. An Error says that
/// there are none, and what to do.
Result<std::vector<PeerAddress>> resolve(const std::string& host, const std::string& port);

/// The address of ours from which packets go there; sends none. The Error is the kernel's word: "Network is
/// unreachable".
Result<std::string> sourceTowards(const PeerAddress& to);

/// A blocking TCP connection, whose reads and writes wait for `patience` at most, as this does. An Error says what
/// refused it and what to do.
Result<TrySocket> connectTo(const PeerAddress& to, std::chrono::milliseconds patience);

}  // namespace apiary::agent
