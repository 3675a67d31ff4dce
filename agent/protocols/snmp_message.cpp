#include "agent/protocols/snmp_message.hpp"

#include <algorithm>
#include <limits>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostVariables = 256;
constexpr std::size_t kLongestName = 128;

/// Reads elements one behind the other. Once something is wrong everything is, and failed() says so.
class Reader {
public:
    explicit Reader(std::string_view bytes) : left_(bytes) {}

    bool failed() const { return failed_; }
    bool empty() const { return left_.empty(); }
    std::uint8_t next() const { return left_.empty() ? 0 : static_cast<std::uint8_t>(left_[0]); }

    /// The content of the element that comes next, which must have that tag.
    std::string_view take(std::uint8_t tag) {
        const std::string_view whole = takeWhole();
        if (whole.empty() || static_cast<std::uint8_t>(whole[0]) != tag) {
            failed_ = true;
            return {};
        }
        return whole.substr(headOf_);
    }

    /// The element that comes next, whatever it is, with its head.
    std::string_view takeWhole() {
        std::size_t head = 2;
        std::size_t length = left_.size() < 2 ? 0 : static_cast<std::uint8_t>(left_[1]);
        if (length >= 0x80) {
            const std::size_t digits = length & 0x7fU;
            if (digits == 0 || digits > 4 || left_.size() < 2 + digits) {
                return fail();
            }
            length = 0;
            for (std::size_t i = 0; i < digits; ++i) {
                length = length << 8U | static_cast<std::uint8_t>(left_[2 + i]);
            }
            head += digits;
        }
        if (left_.size() < head || length > left_.size() - head) {
            return fail();
        }
        const std::string_view whole = left_.substr(0, head + length);
        left_.remove_prefix(whole.size());
        headOf_ = head;
        return whole;
    }

    /// Of more than 32 bits net-snmp keeps the low ones.
    std::int64_t number() {
        const std::string_view bytes = take(SnmpTag::kInteger);
        if (bytes.empty() || bytes.size() > sizeof(std::int64_t)) {
            failed_ = true;
            return 0;
        }
        std::uint64_t bits = (static_cast<std::uint8_t>(bytes[0]) & 0x80U) != 0 ? ~std::uint64_t{0} : 0;
        for (const char byte : bytes) {
            bits = bits << 8U | static_cast<std::uint8_t>(byte);
        }
        const auto value = static_cast<std::int64_t>(bits);
        const auto low = static_cast<std::int64_t>(bits & 0xffff'ffffU);
        return value > std::numeric_limits<std::int32_t>::max()   ? low
               : value < std::numeric_limits<std::int32_t>::min() ? -low
                                                                  : value;
    }

    SnmpOid object() {
        const std::string_view bytes = take(SnmpTag::kObject);
        if (bytes.empty()) {
            return {0, 0};
        }
        SnmpOid oid;
        std::uint64_t value = 0;
        for (const char each : bytes) {
            const auto byte = static_cast<std::uint8_t>(each);
            value = value << 7U | (byte & 0x7fU);
            if (value > std::numeric_limits<std::uint32_t>::max()) {
                failed_ = true;
                return {};
            }
            if ((byte & 0x80U) != 0) {
                continue;
            }
            if (oid.empty()) {
                const std::uint64_t first = std::min<std::uint64_t>(value / 40, 2);
                oid.push_back(static_cast<std::uint32_t>(first));
                value -= 40 * first;
            }
            oid.push_back(static_cast<std::uint32_t>(value));
            value = 0;
        }
        failed_ = failed_ || (static_cast<std::uint8_t>(bytes.back()) & 0x80U) != 0 || oid.size() > kLongestName;
        return oid;
    }

private:
    std::string_view fail() {
        failed_ = true;
        left_ = {};
        return {};
    }

    std::string_view left_;
    std::size_t headOf_ = 0;
    bool failed_ = false;
};

/// Whether net-snmp knows what a value of that tag is.
bool known(std::uint8_t tag) {
    return (tag >= 0x02 && tag <= 0x06) || (tag >= 0x40 && tag <= 0x47) || (tag >= 0x80 && tag <= 0x82);
}

std::optional<SnmpPdu> readPdu(Reader& from) {
    SnmpPdu pdu;
    pdu.kind = from.next();
    if (pdu.kind < SnmpTag::kGet || pdu.kind > SnmpTag::kReport) {
        return std::nullopt;
    }
    Reader content(from.take(pdu.kind));
    pdu.id = content.number();
    pdu.status = content.number();
    pdu.index = content.number();
    Reader list(content.take(SnmpTag::kSequence));
    if (from.failed() || content.failed()) {
        return std::nullopt;
    }
    while (!list.empty()) {
        Reader pair(list.take(SnmpTag::kSequence));
        SnmpVariable variable;
        variable.name = pair.object();
        const bool good = known(pair.next());
        variable.value = pair.takeWhole();
        if (list.failed() || pair.failed() || !pair.empty() || !good || pdu.variables.size() == kMostVariables) {
            return std::nullopt;
        }
        pdu.variables.push_back(std::move(variable));
    }
    return pdu;
}

std::optional<SnmpMessage> readSecured(Reader& message) {
    SnmpSecuredMessage secured;
    Reader head(message.take(SnmpTag::kSequence));
    secured.id = head.number();
    secured.mostBytes = head.number();
    const std::string_view flags = head.take(SnmpTag::kOctets);
    secured.model = head.number();
    Reader parameters(message.take(SnmpTag::kOctets));
    Reader security(parameters.take(SnmpTag::kSequence));
    secured.engine = security.take(SnmpTag::kOctets);
    security.number();  // boots and time of the engine, as the peer knows them
    security.number();
    secured.user = security.take(SnmpTag::kOctets);
    if (message.failed() || head.failed() || parameters.failed() || security.failed() || flags.size() != 1) {
        return std::nullopt;
    }
    secured.flags = static_cast<std::uint8_t>(flags[0]);
    constexpr std::uint8_t kEncrypted = 2;
    if ((secured.flags & kEncrypted) != 0) {
        message.take(SnmpTag::kOctets);
        return message.failed() ? std::nullopt : std::optional<SnmpMessage>(std::move(secured));
    }
    Reader scoped(message.take(SnmpTag::kSequence));
    scoped.take(SnmpTag::kOctets);  // engine and name of the context
    scoped.take(SnmpTag::kOctets);
    secured.pdu = readPdu(scoped);
    return message.failed() || scoped.failed() || !secured.pdu ? std::nullopt
                                                               : std::optional<SnmpMessage>(std::move(secured));
}

}  // namespace

std::string snmpOidText(const SnmpOid& oid) {
    std::string text;
    for (const std::uint32_t number : oid) {
        text += (text.empty() ? "" : ".") + std::to_string(number);
    }
    return text;
}

std::string snmpElement(std::uint8_t tag, std::string_view content) {
    std::string element(1, static_cast<char>(tag));
    if (content.size() < 0x80) {
        element += static_cast<char>(content.size());
    } else {
        std::string digits;
        for (std::size_t rest = content.size(); rest != 0; rest >>= 8U) {
            digits.insert(digits.begin(), static_cast<char>(rest & 0xffU));
        }
        element += static_cast<char>(0x80U | digits.size());
        element += digits;
    }
    return element.append(content);
}

std::string snmpNumber(std::int64_t value, std::uint8_t tag) {
    std::string bytes;
    for (int shift = 56; shift >= 0; shift -= 8) {
        bytes += static_cast<char>(static_cast<std::uint64_t>(value) >> static_cast<unsigned>(shift));
    }
    const auto spare = [&] {  // a first byte that only repeats the sign
        return bytes.size() > 1 &&
               ((bytes[0] == 0 && (bytes[1] & 0x80) == 0) || (bytes[0] == '\xff' && (bytes[1] & 0x80) != 0));
    };
    while (spare()) {
        bytes.erase(0, 1);
    }
    return snmpElement(tag, bytes);
}

std::string snmpObject(const SnmpOid& oid) {
    std::string bytes;
    for (std::size_t i = 1; i < oid.size(); ++i) {
        std::uint64_t value = i == 1 ? std::uint64_t{oid[0]} * 40 + oid[1] : oid[i];
        std::string digits(1, static_cast<char>(value & 0x7fU));
        while ((value >>= 7U) != 0) {
            digits.insert(digits.begin(), static_cast<char>(0x80U | (value & 0x7fU)));
        }
        bytes += digits;
    }
    return snmpElement(SnmpTag::kObject, bytes);
}

std::optional<SnmpMessage> readSnmp(std::string_view datagram) {
    Reader whole(datagram);
    Reader message(whole.take(SnmpTag::kSequence));
    const std::int64_t version = message.number();
    if (whole.failed() || message.failed()) {
        return std::nullopt;
    }
    if (version == 3) {
        return readSecured(message);
    }
    SnmpCommunityMessage plain;
    plain.version = version;
    plain.community = message.take(SnmpTag::kOctets);
    auto pdu = readPdu(message);
    if (message.failed() || !pdu || version < 0 || version > 1) {
        return std::nullopt;
    }
    plain.pdu = *std::move(pdu);
    return plain;
}

std::string writeSnmp(const SnmpPdu& pdu) {
    std::string list;
    for (const SnmpVariable& variable : pdu.variables) {
        list += snmpElement(SnmpTag::kSequence, snmpObject(variable.name) + variable.value);
    }
    return snmpElement(pdu.kind, snmpNumber(pdu.id) + snmpNumber(pdu.status) + snmpNumber(pdu.index) +
                                     snmpElement(SnmpTag::kSequence, list));
}

std::string writeSnmp(const SnmpCommunityMessage& message) {
    return snmpElement(
        SnmpTag::kSequence,
        snmpNumber(message.version) + snmpElement(SnmpTag::kOctets, message.community) + writeSnmp(message.pdu));
}

}  // namespace apiary::agent
