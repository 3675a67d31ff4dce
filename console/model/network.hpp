#pragma once

#include <QString>

#include <array>
#include <optional>

namespace apiary::console {

/// A block of IPv4 or IPv6 addresses; one address is a block of itself.
class Network {
public:
    /// `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`; nothing if it is none of these. Bits behind the prefix are
    /// dropped.
    static std::optional<Network> parse(const QString& text);

    bool contains(const QString& address) const;
    /// As parse() reads it, in the shortest form: an address without the length of its prefix.
    QString text() const;

private:
    std::array<unsigned char, 16> bytes_{};
    int length_ = 4;  // of the address, in bytes
    int prefix_ = 32;

    void mask();
};

}  // namespace apiary::console
