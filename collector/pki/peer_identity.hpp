#pragma once

#include "common/crypto/digest.hpp"
#include "common/result.hpp"
#include "common/uuid.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace apiary::collector {

/// What an operator's certificate allows. Each role may do all that the ones before it may.
enum class Role { Viewer, Analyst, Operator, Admin };

/// viewer, analyst, operator, admin: as certificates and people write them.
std::string_view roleText(Role role);

/// The reverse of roleText(). An Error lists the roles there are.
Result<Role> parseRole(std::string_view text);

/// Whose certificate it is.
enum class PeerKind { Sensor, Operator };

/// Who the holder of a certificate is. A sensor has a uuid, an operator a name and a role.
struct PeerIdentity {
    PeerKind kind = PeerKind::Sensor;
    Uuid uuid;
    std::string name;
    Role role = Role::Viewer;
    std::chrono::system_clock::time_point notAfter;
    Sha256Digest sha256{};  // of the certificate (DER)
};

/// The URI by which a certificate says who holds it: `apiary:sensor/<uuid>` and `apiary:operator/<name>/<role>`.
std::string sensorUri(const Uuid& uuid);
std::string operatorUri(std::string_view name, Role role);

/// True if `name` can stand for an operator or a sensor, in certificates, file names and messages: 1 to 64 letters,
/// digits, dots, hyphens and underscores, the first one a letter or a digit.
bool validName(std::string_view name);

/// Reads who holds the first certificate of `pem`. It says nothing about who issued it or whether it is valid now: that
/// the caller has checked (a TLS handshake does), and compares `notAfter` with its own clock for as long as it serves
/// the peer. An Error if the certificate names nobody, or more than one.
Result<PeerIdentity> identityOf(std::string_view pem);

}  // namespace apiary::collector
