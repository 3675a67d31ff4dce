#include "collector/pki/sensor_certificate.hpp"

#include "collector/pki/certificate_authority.hpp"
#include "collector/pki/certificate_request.hpp"
#include "collector/pki/peer_identity.hpp"
#include "common/crypto/signature.hpp"

#include <fstream>
#include <iterator>

namespace apiary::collector {

std::string strangerTo(const Uuid& sensor, std::string_view certificate, const std::filesystem::path& directory) {
    std::ifstream file(CertificateAuthority::certificateFile(directory), std::ios::binary);
    const std::string ca{std::istreambuf_iterator<char>(file), {}};
    if (const Status issued = issuedBy(certificate, ca); !issued) {
        return issued.error();
    }
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL's bytes are unsigned
    const auto* at = reinterpret_cast<const unsigned char*>(certificate.data());
    const Certificate parsed(d2i_X509(nullptr, &at, static_cast<long>(certificate.size())));
    const auto identity = identityOf(parsed ? pemOf(parsed.get()) : std::string());
    if (!identity) {
        return identity.error();
    }
    if (identity->kind != PeerKind::Sensor || identity->uuid != sensor) {
        return "it was issued to somebody else";
    }
    return {};
}

}  // namespace apiary::collector
