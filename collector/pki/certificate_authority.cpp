#include "collector/pki/certificate_authority.hpp"

#include "collector/pki/certificate_request.hpp"
#include "collector/pki/durable_file.hpp"
#include "common/net/address.hpp"
#include "common/text/escape.hpp"
#include "common/text/stamp.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <stdexcept>
#include <sys/stat.h>
#include <utility>

namespace apiary::collector {
namespace {

namespace fs = std::filesystem;
using Time = CertificateAuthority::Time;
using Days = std::chrono::days;

constexpr mode_t kPrivate = S_IRUSR | S_IWUSR;
constexpr mode_t kReadable = kPrivate | S_IRGRP | S_IROTH;
constexpr Days kAuthorityLasts{3653};
constexpr Days kCertificateLasts{365};
constexpr Days kRenewBefore{30};
constexpr std::chrono::hours kClocksDiffer{1};  // a sensor whose clock is a little behind can use what was just issued

fs::path keyFile(const fs::path& directory) {
    return directory / "ca.key";
}

/// Nothing if there is no such file; an Error if it cannot be read.
Result<std::optional<std::string>> readFile(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in.is_open()) {
        std::error_code ignored;
        if (!fs::exists(path, ignored) && !ignored) {
            return std::optional<std::string>();
        }
        return Error{"cannot read '" + path.string() + "': run as the user who owns it"};
    }
    return std::optional(std::string{std::istreambuf_iterator<char>(in), {}});
}

Status refuseOpenKey(const fs::path& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0 && (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return Error{"the authority's key '" + path.string() +
                     "' is open to others: chmod 600 it, and ask yourself who has read it"};
    }
    return Done{};
}

IssuedCertificate issued(X509* certificate, EVP_PKEY* key) {
    return {pemOf(certificate), pemOf(key), fingerprintOf(certificate)};
}

bool standsForAll(const Endpoint& endpoint) {
    const auto v4 = endpoint.v4();
    return v4 ? *v4 == Endpoint::V4{} : endpoint.address == decltype(endpoint.address){};
}

bool dnsName(std::string_view name) {
    return !name.empty() &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") ==
               std::string_view::npos;
}

std::vector<std::string> collectorNames(std::span<const Endpoint> listens, std::span<const std::string> names) {
    std::set<std::string> all{"DNS:localhost", "IP:127.0.0.1", "IP:::1"};
    for (const auto& listen : listens) {
        if (!standsForAll(listen)) {
            all.insert("IP:" + addressText(listen));
        }
    }
    for (const auto& name : names) {
        if (!dnsName(name)) {
            throw std::invalid_argument("'" + escape(name) + "' is not a host's name");
        }
        all.insert("DNS:" + name);
    }
    return {all.begin(), all.end()};
}

}  // namespace

struct CertificateAuthority::State {
    fs::path directory;
    Certificate certificate;
    PrivateKey key;
    std::string pem;
    bool created = false;

    IssuedCertificate issue(const std::string& commonName, std::vector<std::string> names, const std::string& purpose,
                            Time now) const {
        const auto own = makeKey();
        const auto until = std::min(Time(now + kCertificateLasts), endOf(certificate.get()));
        const auto made = makeCertificate({commonName, std::move(names), purpose, now - kClocksDiffer, until},
                                          own.get(), certificate.get(), key.get());
        return issued(made.get(), own.get());
    }

    // The key is written first: with a key alone, the next start completes what this one began.
    void create(Time now) {
        if (!key) {
            key = makeKey();
            writeDurably(keyFile(directory), pemOf(key.get()), kPrivate);
        }
        const auto tag = Uuid::v4(randomBytes<16>()).text().substr(0, 8);
        certificate = makeCertificate({"ca-" + tag, {}, "", now - kClocksDiffer, now + kAuthorityLasts}, key.get(),
                                      nullptr, key.get());
        pem = pemOf(certificate.get());
        writeDurably(certificateFile(directory), pem, kReadable);
        created = true;
    }
};

CertificateAuthority::CertificateAuthority(std::unique_ptr<State> state) : state_(std::move(state)) {}
CertificateAuthority::CertificateAuthority(CertificateAuthority&&) noexcept = default;
CertificateAuthority& CertificateAuthority::operator=(CertificateAuthority&&) noexcept = default;
CertificateAuthority::~CertificateAuthority() = default;

Result<CertificateAuthority> CertificateAuthority::open(const fs::path& directory, Time now) {
    ensurePrivateDirectory(directory);
    const auto certificate = readFile(certificateFile(directory));
    const auto key = readFile(keyFile(directory));
    if (!certificate || !key) {
        return Error{certificate ? key.error() : certificate.error()};
    }
    auto state = std::make_unique<State>();
    state->directory = directory;
    if (key->has_value()) {
        if (auto open = refuseOpenKey(keyFile(directory)); !open) {
            return Error{open.error()};
        }
        state->key = keyOf(**key);
        if (!state->key) {
            return Error{"'" + keyFile(directory).string() + "' is not a private key: restore it from a backup"};
        }
    }
    if (!certificate->has_value()) {
        state->create(now);
        return CertificateAuthority(std::move(state));
    }
    state->pem = **certificate;
    state->certificate = certificateOf(state->pem);
    if (!state->certificate) {
        return Error{"'" + certificateFile(directory).string() + "' is not a certificate: restore it from a backup"};
    }
    if (!state->key) {
        return Error{
            "'" + directory.string() +
            "' holds ca.crt without ca.key: restore the key from a backup, or move ca.crt away to begin with a "
            "new authority (every sensor and operator then needs a new certificate)"};
    }
    if (X509_check_private_key(state->certificate.get(), state->key.get()) != 1) {
        ERR_clear_error();
        return Error{"ca.crt and ca.key in '" + directory.string() +
                     "' do not belong together: restore both from one backup"};
    }
    if (const auto end = endOf(state->certificate.get()); end <= now) {
        return Error{"the authority in '" + directory.string() + "' expired on " + isoStamp(end) +
                     " (this machine's clock says " + isoStamp(now) +
                     "): set the clock, or move ca.crt and ca.key away to begin with a new one"};
    }
    return CertificateAuthority(std::move(state));
}

const std::string& CertificateAuthority::certificate() const {
    return state_->pem;
}

bool CertificateAuthority::created() const {
    return state_->created;
}

IssuedCertificate CertificateAuthority::issueCollector(std::span<const Endpoint> listens,
                                                       std::span<const std::string> names, Time now) const {
    return state_->issue("localhost", collectorNames(listens, names), "serverAuth", now);
}

Result<IssuedCertificate> CertificateAuthority::issueSensor(const Uuid& uuid, const std::string& name, Time now) const {
    if (!validName(name)) {
        return Error{
            "a sensor's name has 1 to 64 letters, digits, dots, hyphens or underscores and begins with a letter or "
            "digit: choose another"};
    }
    return state_->issue(name, {"URI:" + sensorUri(uuid)}, "clientAuth", now);
}

Result<IssuedCertificate> CertificateAuthority::issueOperator(const std::string& name, Role role, Time now) const {
    if (!validName(name)) {
        return Error{
            "an operator's name has 1 to 64 letters, digits, dots, hyphens or underscores and begins with a letter or "
            "digit: choose another"};
    }
    return state_->issue(name, {"URI:" + operatorUri(name, role)}, "clientAuth", now);
}

bool CertificateAuthority::ensureCollector(std::span<const Endpoint> listens, std::span<const std::string> names,
                                           Time now) const {
    const auto serves = [&] {
        const auto pem = readFile(collectorCertificateFile(state_->directory));
        const auto keyPem = readFile(collectorKeyFile(state_->directory));
        if (!pem || !pem->has_value() || !keyPem || !keyPem->has_value()) {
            return false;
        }
        const auto certificate = certificateOf(**pem);
        const auto key = keyOf(**keyPem);
        if (!certificate || !key || X509_check_private_key(certificate.get(), key.get()) != 1 ||
            X509_verify(certificate.get(), state_->key.get()) != 1) {
            ERR_clear_error();
            return false;
        }
        const auto have = alternativeNamesOf(certificate.get());
        return endOf(certificate.get()) > now + kRenewBefore &&
               std::ranges::all_of(collectorNames(listens, names),
                                   [&](const std::string& name) { return std::ranges::count(have, name) > 0; });
    };
    if (serves()) {
        return false;
    }
    const auto fresh = issueCollector(listens, names, now);
    writeDurably(collectorKeyFile(state_->directory), fresh.key, kPrivate);
    writeDurably(collectorCertificateFile(state_->directory), fresh.certificate, kReadable);
    return true;
}

Status writeIdentity(const fs::path& directory, const std::string& name, const IssuedCertificate& issued,
                     const std::string& ca) {
    ensurePrivateDirectory(directory);
    const auto key = directory / (name + ".key");
    if (fs::exists(key)) {
        return Error{"'" + key.string() + "' is there already: choose another directory or name, or move it away"};
    }
    writeDurably(directory / "ca.crt", ca, kReadable);
    writeDurably(directory / (name + ".crt"), issued.certificate, kReadable);
    writeDurably(key, issued.key, kPrivate);
    return Done{};
}

}  // namespace apiary::collector
