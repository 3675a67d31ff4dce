#include "collector/pki/peer_identity.hpp"

#include "collector/pki/certificate_request.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace apiary::collector {
namespace {

constexpr std::array<std::string_view, 4> kRoles{"viewer", "analyst", "operator", "admin"};
constexpr std::string_view kSensor = "apiary:sensor/";
constexpr std::string_view kOperator = "apiary:operator/";
constexpr std::size_t kLongestName = 64;

bool letterOrDigit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Reads one URI into `identity`; false if it names no holder as we write them.
bool readUri(std::string_view uri, PeerIdentity& identity) {
    if (uri.starts_with(kSensor)) {
        const auto uuid = Uuid::parse(uri.substr(kSensor.size()));
        identity.kind = PeerKind::Sensor;
        identity.uuid = uuid.value_or(Uuid{});
        return uuid.has_value();
    }
    if (!uri.starts_with(kOperator)) {
        return false;
    }
    uri.remove_prefix(kOperator.size());
    const auto slash = uri.find('/');
    const auto role = slash == std::string_view::npos ? Result<Role>(Error{}) : parseRole(uri.substr(slash + 1));
    if (!role || !validName(uri.substr(0, slash))) {
        return false;
    }
    identity.kind = PeerKind::Operator;
    identity.name = uri.substr(0, slash);
    identity.role = *role;
    return true;
}

}  // namespace

std::string_view roleText(Role role) {
    return kRoles.at(static_cast<std::size_t>(role));
}

Result<Role> parseRole(std::string_view text) {
    const auto found = std::ranges::find(kRoles, text);
    if (found == kRoles.end()) {
        return Error{"there is no such role: choose viewer, analyst, operator or admin"};
    }
    return static_cast<Role>(found - kRoles.begin());
}

std::string sensorUri(const Uuid& uuid) {
    return std::string(kSensor) + uuid.text();
}

std::string operatorUri(std::string_view name, Role role) {
    return std::string(kOperator).append(name).append("/").append(roleText(role));
}

bool validName(std::string_view name) {
    return !name.empty() && name.size() <= kLongestName && letterOrDigit(name.front()) &&
           std::ranges::all_of(name, [](char c) { return letterOrDigit(c) || c == '.' || c == '-' || c == '_'; });
}

Result<PeerIdentity> identityOf(std::string_view pem) {
    const auto certificate = certificateOf(pem);
    if (!certificate) {
        return Error{"this is not a certificate"};
    }
    std::vector<std::string> uris;
    for (const auto& name : alternativeNamesOf(certificate.get())) {
        if (name.starts_with("URI:")) {
            uris.push_back(name.substr(4));
        }
    }
    PeerIdentity identity;
    if (uris.size() != 1 || !readUri(uris.front(), identity)) {
        return Error{
            "the certificate names neither a sensor nor an operator: use one made by 'apiary-collector issue'"};
    }
    identity.notAfter = endOf(certificate.get());
    identity.sha256 = fingerprintOf(certificate.get());
    return identity;
}

}  // namespace apiary::collector
