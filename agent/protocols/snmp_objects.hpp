#pragma once

#include "agent/protocol/session.hpp"
#include "agent/protocols/snmp_message.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace apiary::agent {

/// What a host says of itself.
struct SnmpHost {
    std::string name;
    std::string description;  // sysDescr
    std::string contact;
    std::string location;
    std::uint64_t seed = 0;
};

/// The objects that Debian's configuration shows to everybody (the view systemonly): the groups system (RFC 3418) and
/// hrSystem (RFC 2790), in the order of their names. Immutable.
class SnmpObjects {
public:
    explicit SnmpObjects(const SnmpHost& host);

    /// The value of an object as an element; noSuchInstance if only its column is there, noSuchObject if not even that.
    std::string value(const SnmpOid& name, WallTime now) const;

    /// The first object behind `name` with its value; `name` itself with endOfMibView behind the last.
    SnmpVariable next(const SnmpOid& name, WallTime now) const;

    /// How long the host has been up, and its agent, at that time: some weeks at the most.
    std::chrono::seconds agentUp(WallTime now) const;

private:
    enum class Kind : std::uint8_t { Fixed, AgentTicks, HostTicks, Date, Processes };

    struct Object {
        SnmpOid name;
        std::size_t instance;  // numbers at the end of the name that are not the column's
        Kind kind;
        std::string fixed;
    };

    void add(SnmpOid name, std::size_t instance, std::string fixed, Kind kind = Kind::Fixed);
    std::string read(const Object& object, WallTime now) const;
    std::int64_t hostTicks(WallTime now) const;

    std::vector<Object> objects_;
    std::uint64_t seed_;
};

}  // namespace apiary::agent
