#include "console/model/network.hpp"

#include <algorithm>
#include <arpa/inet.h>

namespace apiary::console {

namespace {

constexpr int kBitsOfByte = 8;

}  // namespace

std::optional<Network> Network::parse(const QString& text) {
    const QString address = text.section(u'/', 0, 0);
    Network network;
    network.length_ = address.contains(u':') ? 16 : 4;
    const int family = network.length_ == 16 ? AF_INET6 : AF_INET;
    if (inet_pton(family, address.toLatin1().constData(), network.bytes_.data()) != 1) {
        return std::nullopt;
    }
    const int bits = network.length_ * kBitsOfByte;
    network.prefix_ = bits;
    if (text.contains(u'/')) {
        bool number = false;
        network.prefix_ = text.section(u'/', 1).toInt(&number);
        if (!number || network.prefix_ < 0 || network.prefix_ > bits) {
            return std::nullopt;
        }
    }
    network.mask();
    return network;
}

void Network::mask() {
    for (int i = 0; i < length_; ++i) {
        const int kept = std::clamp(prefix_ - i * kBitsOfByte, 0, kBitsOfByte);
        auto& byte = bytes_[static_cast<std::size_t>(i)];
        byte = static_cast<unsigned char>(byte & (0xff00U >> kept));
    }
}

bool Network::contains(const QString& address) const {
    std::optional<Network> other = parse(address);
    if (!other || other->length_ != length_ || other->prefix_ < prefix_) {
        return false;
    }
    other->prefix_ = prefix_;
    other->mask();
    return other->bytes_ == bytes_;
}

QString Network::text() const {
    std::array<char, INET6_ADDRSTRLEN> shown{};
    inet_ntop(length_ == 16 ? AF_INET6 : AF_INET, bytes_.data(), shown.data(), shown.size());
    const QString address = QString::fromLatin1(shown.data());
    return prefix_ == length_ * kBitsOfByte ? address : address + u'/' + QString::number(prefix_);
}

}  // namespace apiary::console
