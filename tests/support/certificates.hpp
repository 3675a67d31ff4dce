#pragma once

#include "common/rpc/credentials.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

namespace apiary::test {

/// A folder of its own for one test, gone with it.
class TemporaryFolder {
public:
    TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder();

    std::string path(const std::string& name = {}) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

/// A certificate authority for tests: P-256, its files in a folder of the test's.
class TestAuthority {
public:
    /// Writes `<name>-ca.crt` into the folder.
    TestAuthority(const TemporaryFolder& folder, std::string name);
    TestAuthority(const TestAuthority&) = delete;
    TestAuthority& operator=(const TestAuthority&) = delete;
    ~TestAuthority();

    /// Writes `<name>.crt` and `<name>.key`. `names` as OpenSSL writes subjectAltName, e.g.
    /// "DNS:localhost,IP:127.0.0.1" or "URI:apiary:sensor/…"; `from` and `to` count from now.
    TlsIdentity issue(const std::string& name, const std::string& names,
                      std::chrono::seconds from = -std::chrono::hours(1),
                      std::chrono::seconds to = std::chrono::hours(1));

    /// For a collector that listens on loopback.
    TlsIdentity issueServer(const std::string& name = "server") {
        return issue(name, "DNS:localhost,IP:127.0.0.1,IP:::1");
    }

    const std::string& file() const { return file_; }

private:
    struct Keys;
    const TemporaryFolder& folder_;
    std::string file_;
    std::unique_ptr<Keys> keys_;
};

}  // namespace apiary::test
