/// What an idle TLS session costs the agent as it is installed, journal and spool on: FTP that begins with the
/// handshake. Argument: how many sessions, 10,000 if not given.

#include "tests/bench/load.hpp"
#include "tests/bench/sockets.hpp"
#include "tests/support/certificates.hpp"

#include <array>
#include <exception>
#include <fstream>
#include <iostream>
#include <memory>
#include <openssl/ssl.h>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using namespace apiary::bench;
using Ssl = std::unique_ptr<SSL, decltype(&SSL_free)>;
using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

constexpr std::size_t kWarm = 500;

std::string configure(const apiary::test::TemporaryFolder& folder, const apiary::TlsIdentity& identity,
                      std::uint16_t port) {
    const std::string file = folder.path("agent.toml");
    std::filesystem::create_directories(folder.path("state"));
    std::ofstream(file)
        << "[agent]\nname = \"bench\"\nstate = \"state\"\nself_test_minutes = 0\n[journal]\ndirectory = \"journal\"\n"
           "[limits]\nconnections = 20000\n"
           "[[service]]\nname = \"ftps\"\nprotocol = \"ftp\"\nlisten = [\"127.0.0.1:"
        << port << "\"]\nimplicit_tls = true\ntls_certificate = \"" << identity.certificate << "\"\ntls_key = \""
        << identity.key
        << "\"\nwaiting = \"0ms\"\nburst = 1000000\nper_source = 100000\nidle = \"10m\"\ntotal = \"1h\"\n";
    return file;
}

/// The sockets of `count` sessions that shook hands and were greeted; the client's own state of them is let go.
std::vector<int> shakeHands(SSL_CTX& context, std::uint16_t port, std::size_t count) {
    std::vector<int> peers;
    std::array<char, 4096> buffer{};
    for (std::size_t i = 0; i < count; ++i) {
        peers.push_back(connectFrom(i, port, true));
        const Ssl tls(SSL_new(&context), SSL_free);
        SSL_set_fd(tls.get(), peers.back());
        SSL_set_quiet_shutdown(tls.get(), 1);
        if (SSL_connect(tls.get()) != 1 || SSL_read(tls.get(), buffer.data(), buffer.size()) <= 0) {
            throw std::runtime_error("no handshake and greeting in connection " + std::to_string(i));
        }
    }
    return peers;
}

void release(const std::vector<int>& peers) {
    for (const int peer : peers) {
        ::close(peer);
    }
}

}  // namespace

int main(int argc, char** argv) {
    try {
        raiseFileLimit();
        const apiary::test::TemporaryFolder folder;
        apiary::test::TestAuthority authority(folder, "bench");
        const std::uint16_t port = freePort();
        const Child served({APIARY_AGENT, "run", "--config", configure(folder, authority.issueServer(), port)},
                           folder.path("agent.log"));
        awaitListener(port, 20);
        const Context context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
        release(shakeHands(*context, port, kWarm));
        const std::size_t before = served.residentBytes();
        const std::vector<int> peers = shakeHands(*context, port, argc > 1 ? std::stoul(argv[1]) : 10'000);
        const auto each = static_cast<double>(served.residentBytes() - before) / static_cast<double>(peers.size());
        report("idle_tls", static_cast<double>(peers.size()), "sessions");
        report("idle_tls_resident", each, "bytes/session");
        release(peers);
    } catch (const std::exception& error) {
        std::cerr << "tls_bench: " << error.what() << '\n';
        return 1;
    }
}
