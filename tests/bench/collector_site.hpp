#pragma once

#include "common/rpc/credentials.hpp"
#include "tests/bench/load.hpp"
#include "tests/support/postgres_fixture.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace apiary::bench {

/// The real collector with a database of its own, and certificates of sensors.
class CollectorSite {
public:
    /// Makes database, certificate authority and one sensor for each name. Throws std::runtime_error if the program
    /// fails.
    explicit CollectorSite(const std::vector<std::string>& sensors);

    /// Runs it; again after it was stopped.
    void start();
    void stop() { collector_.reset(); }
    const Child& collector() const { return *collector_; }

    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
    TlsIdentity identityOf(const std::string& sensor) const;
    const test::TestDatabase& database() const { return database_; }
    const std::filesystem::path& folder() const { return folder_.path(); }

private:
    void run(std::vector<std::string> argv) const;

    test::TestDatabase database_;
    Folder folder_;
    std::uint16_t port_ = freePort();
    std::string config_;
    std::unique_ptr<Child> collector_;
};

}  // namespace apiary::bench
