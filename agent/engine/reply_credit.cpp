#include "agent/engine/reply_credit.hpp"

#include <algorithm>
#include <limits>

namespace apiary::agent {

static constexpr std::chrono::seconds kMinute{60};

void ReplyCredit::received(const Endpoint& source, std::size_t bytes, const DatagramCredit& rules) {
    std::size_t& earned = earned_.touch(sourceKey(source));
    const std::size_t room = std::numeric_limits<std::size_t>::max() - earned;
    earned += std::min(bytes * rules.factor, room);
}

bool ReplyCredit::spend(const Endpoint& source, std::size_t bytes, const DatagramCredit& rules, Time now) {
    std::size_t* earned = earned_.find(sourceKey(source));
    if (earned == nullptr || *earned < bytes) {
        return false;
    }
    const SourceKey network = networkKey(source);
    auto known = answered_.find(network);
    if (known == answered_.end()) {
        if (answered_.size() >= most_) {
            forgetOld(now);
        }
        if (answered_.size() >= most_) {
            return false;
        }
        known = answered_.emplace(network, Replies{}).first;
    }
    Replies& replies = known->second;
    auto old = replies.recent.begin();
    for (; old != replies.recent.end() && now - old->at >= kMinute; ++old) {
        replies.bytes -= old->bytes;
    }
    replies.recent.erase(replies.recent.begin(), old);
    if (replies.recent.size() >= rules.replies || bytes > rules.bytes || replies.bytes > rules.bytes - bytes) {
        return false;
    }
    *earned -= bytes;
    replies.recent.push_back({now, bytes});
    replies.bytes += bytes;
    return true;
}

/// Looks through all networks, at most once a second.
void ReplyCredit::forgetOld(Time now) {
    if (now - swept_ < std::chrono::seconds(1)) {
        return;
    }
    swept_ = now;
    std::erase_if(answered_, [&](const auto& entry) {
        const std::vector<Reply>& recent = entry.second.recent;
        return recent.empty() || now - recent.back().at >= kMinute;
    });
}

bool answersByItself(const Endpoint& source, const Endpoint& target) {
    // echo, daytime, qotd, chargen, time, domain, tftp, ntp, netbios-ns, snmp, cldap, ms-sql-m, ssdp, sip, coap,
    // memcached
    static constexpr std::uint16_t kAnswering[] = {7,   13,  17,  19,   37,   53,   69,   123,
                                                   137, 161, 389, 1434, 1900, 5060, 5683, 11211};
    return source.port == target.port || std::ranges::binary_search(kAnswering, source.port);
}

bool answerable(const Endpoint& source) {
    const auto v4 = source.v4();
    if (source.port == 0) {
        return false;
    }
    if (v4) {
        return (*v4)[0] != 0 && (*v4)[0] < 224;  // 224/4 is multicast; of 240/4 nobody sends, 255.255.255.255 is all
    }
    const bool unspecified = std::ranges::all_of(source.address, [](std::uint8_t byte) { return byte == 0; });
    return !unspecified && source.address[0] != 0xff;
}

}  // namespace apiary::agent
