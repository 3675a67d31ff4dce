#include "agent/protocols/snmp_objects.hpp"

#include "agent/protocol/seeded.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

using namespace std::chrono_literals;

const SnmpOid kSystem{1, 3, 6, 1, 2, 1, 1};
const SnmpOid kHostSystem{1, 3, 6, 1, 2, 1, 25, 1};

/// What net-snmp supports, as its sysORTable has it: the name, and when it came, in hundredths of a second.
struct Supported {
    SnmpOid name;
    const char* text;
    int since;
};
const std::vector<Supported>& supported() {
    static const std::vector<Supported> all{
        {{1, 3, 6, 1, 6, 3, 10, 3, 1, 1}, "The SNMP Management Architecture MIB.", 1},
        {{1, 3, 6, 1, 6, 3, 11, 3, 1, 1}, "The MIB for Message Processing and Dispatching.", 1},
        {{1, 3, 6, 1, 6, 3, 15, 2, 1, 1},
         "The management information definitions for the SNMP User-based Security Model.",
         1},
        {{1, 3, 6, 1, 6, 3, 1}, "The MIB module for SNMPv2 entities", 1},
        {{1, 3, 6, 1, 6, 3, 16, 2, 2, 1}, "View-based Access Control Model for SNMP.", 1},
        {{1, 3, 6, 1, 2, 1, 49}, "The MIB module for managing TCP implementations", 1},
        {{1, 3, 6, 1, 2, 1, 50}, "The MIB module for managing UDP implementations", 1},
        {{1, 3, 6, 1, 2, 1, 4}, "The MIB module for managing IP and ICMP implementations", 1},
        {{1, 3, 6, 1, 6, 3, 13, 3, 1, 3}, "The MIB modules for managing SNMP Notification, plus filtering.", 2},
        {{1, 3, 6, 1, 2, 1, 92}, "The MIB module for logging SNMP Notifications.", 2},
    };
    return all;
}

SnmpOid below(const SnmpOid& base, std::initializer_list<std::uint32_t> more) {
    SnmpOid oid = base;
    oid.insert(oid.end(), more);
    return oid;
}

std::string octets(std::string_view text) {
    return snmpElement(SnmpTag::kOctets, text);
}

/// DateAndTime of RFC 2579, in UTC as the host's clock is.
std::string dateAndTime(WallTime now) {
    const auto day = std::chrono::floor<std::chrono::days>(now);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(now - day));
    const int year = static_cast<int>(date.year());
    std::string bytes;
    for (const long each : {long{year / 256}, long{year % 256}, static_cast<long>(static_cast<unsigned>(date.month())),
                            static_cast<long>(static_cast<unsigned>(date.day())),
                            static_cast<long>(time.hours().count()), static_cast<long>(time.minutes().count()),
                            static_cast<long>(time.seconds().count()), 0L, long{'+'}, 0L, 0L}) {
        bytes += static_cast<char>(each);
    }
    return octets(bytes);
}

}  // namespace

SnmpObjects::SnmpObjects(const SnmpHost& host) : seed_(host.seed) {
    const auto scalar = [&](const SnmpOid& group, std::uint32_t number, std::string value, Kind kind = Kind::Fixed) {
        add(below(group, {number, 0}), 1, std::move(value), kind);
    };
    scalar(kSystem, 1, octets(host.description));
    scalar(kSystem, 2, snmpObject({1, 3, 6, 1, 4, 1, 8072, 3, 2, 10}));  // net-snmp on Linux
    scalar(kSystem, 3, {}, Kind::AgentTicks);
    scalar(kSystem, 4, octets(host.contact));
    scalar(kSystem, 5, octets(host.name));
    scalar(kSystem, 6, octets(host.location));
    scalar(kSystem, 7, snmpNumber(72));
    scalar(kSystem, 8, snmpNumber(supported().back().since, SnmpTag::kTicks));
    for (const std::uint32_t column : {2U, 3U, 4U}) {
        std::uint32_t row = 0;
        for (const Supported& each : supported()) {
            add(below(kSystem, {9, 1, column, ++row}), 1,
                column == 2   ? snmpObject(each.name)
                : column == 3 ? octets(each.text)
                              : snmpNumber(each.since, SnmpTag::kTicks));
        }
    }
    scalar(kHostSystem, 1, {}, Kind::HostTicks);
    scalar(kHostSystem, 2, {}, Kind::Date);
    scalar(kHostSystem, 3, snmpNumber(393'216));
    scalar(kHostSystem, 4, octets("console=ttyS0,115200 root=/dev/mmcblk0p2 ro quiet\n"));
    scalar(kHostSystem, 5, snmpNumber(0, SnmpTag::kGauge));
    scalar(kHostSystem, 6, {}, Kind::Processes);
    scalar(kHostSystem, 7, snmpNumber(0));
}

void SnmpObjects::add(SnmpOid name, std::size_t instance, std::string fixed, Kind kind) {
    objects_.push_back({std::move(name), instance, kind, std::move(fixed)});
}

std::string SnmpObjects::value(const SnmpOid& name, WallTime now) const {
    bool column = false;
    for (const Object& object : objects_) {
        if (object.name == name) {
            return read(object, now);
        }
        const auto end = object.name.end() - static_cast<std::ptrdiff_t>(object.instance);
        column = column || (name.size() >= object.name.size() - object.instance &&
                            std::equal(object.name.begin(), end, name.begin()));
    }
    return snmpElement(column ? SnmpTag::kNoSuchInstance : SnmpTag::kNoSuchObject, {});
}

SnmpVariable SnmpObjects::next(const SnmpOid& name, WallTime now) const {
    const auto behind = std::ranges::upper_bound(objects_, name, {}, &Object::name);
    if (behind == objects_.end()) {
        return {name, snmpElement(SnmpTag::kEndOfMib, {})};
    }
    return {behind->name, read(*behind, now)};
}

/// Every host starts again after a span of its own, from six to fourteen weeks, as if for a new kernel.
std::int64_t SnmpObjects::hostTicks(WallTime now) const {
    Seeded choice(seed_, 1);
    const auto span = std::chrono::hours(24L * 42 + static_cast<long>(choice.below(std::size_t{24} * 56)));
    const auto offset = std::chrono::milliseconds(choice.below(std::size_t{1} << 40U));
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()) + offset;
    const auto up = since % std::chrono::milliseconds(span);
    return up.count() / 10 + 4'000;
}

std::chrono::seconds SnmpObjects::agentUp(WallTime now) const {
    return std::chrono::seconds(hostTicks(now) / 100 - 20);
}

std::string SnmpObjects::read(const Object& object, WallTime now) const {
    switch (object.kind) {
        case Kind::AgentTicks:
            return snmpNumber(hostTicks(now) - static_cast<std::int64_t>(Seeded(seed_, 2).below(1'500)) - 1'200,
                              SnmpTag::kTicks);
        case Kind::HostTicks:
            return snmpNumber(hostTicks(now), SnmpTag::kTicks);
        case Kind::Date:
            return dateAndTime(now);
        case Kind::Processes: {
            const auto minute = static_cast<std::uint64_t>(hostTicks(now) / 6'000);
            const auto usual = static_cast<std::int64_t>(Seeded(seed_, 3).below(40));
            return snmpNumber(85 + usual + static_cast<std::int64_t>(Seeded(seed_ ^ minute, 4).below(4)),
                              SnmpTag::kGauge);
        }
        case Kind::Fixed:
            break;
    }
    return object.fixed;
}

}  // namespace apiary::agent
