#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace apiary::agent {

/// The name of an object: "1.3.6.1.2.1.1.1.0" is nine numbers.
using SnmpOid = std::vector<std::uint32_t>;

std::string snmpOidText(const SnmpOid& oid);

/// BER tags of SNMP (RFC 2578, RFC 3416).
struct SnmpTag {
    static constexpr std::uint8_t kInteger = 0x02;
    static constexpr std::uint8_t kOctets = 0x04;
    static constexpr std::uint8_t kNull = 0x05;
    static constexpr std::uint8_t kObject = 0x06;
    static constexpr std::uint8_t kSequence = 0x30;
    static constexpr std::uint8_t kCounter = 0x41;
    static constexpr std::uint8_t kGauge = 0x42;
    static constexpr std::uint8_t kTicks = 0x43;
    static constexpr std::uint8_t kNoSuchObject = 0x80;
    static constexpr std::uint8_t kNoSuchInstance = 0x81;
    static constexpr std::uint8_t kEndOfMib = 0x82;
    static constexpr std::uint8_t kGet = 0xa0;
    static constexpr std::uint8_t kNext = 0xa1;
    static constexpr std::uint8_t kResponse = 0xa2;
    static constexpr std::uint8_t kSet = 0xa3;
    static constexpr std::uint8_t kBulk = 0xa5;
    static constexpr std::uint8_t kInform = 0xa6;
    static constexpr std::uint8_t kReport = 0xa8;
};

/// An element of BER with its tag and definite length.
std::string snmpElement(std::uint8_t tag, std::string_view content);
std::string snmpNumber(std::int64_t value, std::uint8_t tag = SnmpTag::kInteger);
std::string snmpObject(const SnmpOid& oid);

/// A name, and the element that is its value.
struct SnmpVariable {
    SnmpOid name;
    std::string value;
};

/// The part that asks or answers. In GetBulk, `status` is non-repeaters and `index` max-repetitions.
struct SnmpPdu {
    std::uint8_t kind = 0;
    std::int64_t id = 0;
    std::int64_t status = 0;
    std::int64_t index = 0;
    std::vector<SnmpVariable> variables;
};

/// A message of version 1 (0 on the wire) or 2c (1), RFC 3584.
struct SnmpCommunityMessage {
    std::int64_t version = 0;
    std::string community;
    SnmpPdu pdu;
};

/// A message of version 3 with the user-based model, RFC 3412 and 3414. What is encrypted has no PDU.
struct SnmpSecuredMessage {
    std::int64_t id = 0;
    std::int64_t mostBytes = 0;
    std::uint8_t flags = 0;
    std::int64_t model = 0;
    std::string engine;
    std::string user;
    std::optional<SnmpPdu> pdu;
};

using SnmpMessage = std::variant<SnmpCommunityMessage, SnmpSecuredMessage>;

/// Takes a datagram apart as net-snmp does: what is behind the message is not looked at, lengths and numbers may be
/// longer than they need be. Nothing for what it would not read. At most 256 variables, at most 128 numbers in a name.
std::optional<SnmpMessage> readSnmp(std::string_view datagram);

std::string writeSnmp(const SnmpPdu& pdu);
std::string writeSnmp(const SnmpCommunityMessage& message);

}  // namespace apiary::agent
