#pragma once

#include "collector/pki/peer_identity.hpp"
#include "common/net/endpoint.hpp"
#include "common/result.hpp"
#include "common/uuid.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace apiary::collector {

/// A certificate that was just issued, with its private key, both as PEM.
struct IssuedCertificate {
    std::string certificate;
    std::string key;        // PKCS #8, not encrypted
    Sha256Digest sha256{};  // of the certificate (DER): the fingerprint that table sensor keeps
};

/// The collector's own authority: it issues the certificates of collector, sensors and operators (ECDSA, P-256).
///
/// It lives in a directory of mode 0700: `ca.crt`, `ca.key` (0600), and the collector's own `collector.crt` and
/// `collector.key`. Files appear whole and synced, or not at all. No subject names the product, as strangers get to see
/// the collector's certificate and the authority's name. Thread-safe once made; blocks on the disk. Failures of the
/// disk or of OpenSSL are std::system_error or std::runtime_error.
class CertificateAuthority {
public:
    using Time = std::chrono::system_clock::time_point;

    /// Loads the authority from `directory`, or creates it there (10 years) when neither of its files exists; makes the
    /// directory if it is missing. Never replaces an authority: an Error says what is wrong with the one found.
    static Result<CertificateAuthority> open(const std::filesystem::path& directory, Time now);

    CertificateAuthority(CertificateAuthority&&) noexcept;
    CertificateAuthority& operator=(CertificateAuthority&&) noexcept;
    ~CertificateAuthority();

    /// The authority's own certificate as PEM: what agents and consoles get as ca.crt.
    const std::string& certificate() const;

    /// True if open() created it.
    bool created() const;

    /// For a server at these addresses (those that stand for all addresses are left out), at localhost, 127.0.0.1, ::1
    /// and under `names` (a std::invalid_argument if one is not the name of a host); one year.
    IssuedCertificate issueCollector(std::span<const Endpoint> listens, std::span<const std::string> names,
                                     Time now) const;

    /// For the sensor `uuid` (version 4); `name` is what people see in the certificate. One year.
    Result<IssuedCertificate> issueSensor(const Uuid& uuid, const std::string& name, Time now) const;

    /// For an operator; one year.
    Result<IssuedCertificate> issueOperator(const std::string& name, Role role, Time now) const;

    /// Makes sure that `collector.crt` and `collector.key` in the directory are of this authority, name all that
    /// issueCollector() would name and last for another 30 days; issues them anew otherwise. True if they are new.
    bool ensureCollector(std::span<const Endpoint> listens, std::span<const std::string> names, Time now) const;

    /// Where things are in an authority's directory.
    static std::filesystem::path certificateFile(const std::filesystem::path& directory) {
        return directory / "ca.crt";
    }
    static std::filesystem::path collectorCertificateFile(const std::filesystem::path& directory) {
        return directory / "collector.crt";
    }
    static std::filesystem::path collectorKeyFile(const std::filesystem::path& directory) {
        return directory / "collector.key";
    }

private:
    struct State;
    explicit CertificateAuthority(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
};

/// Writes NAME.crt, NAME.key (0600) and ca.crt into `directory` (made with mode 0700 if it is missing), whole and
/// synced. An Error if NAME.key is there already: it is never overwritten.
Status writeIdentity(const std::filesystem::path& directory, const std::string& name, const IssuedCertificate& issued,
                     const std::string& ca);

}  // namespace apiary::collector
