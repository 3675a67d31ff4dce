#include "agent/protocols/registry.hpp"

#include <algorithm>

namespace apiary::agent {

// To add a protocol: write <name>.cpp, name it here, and give it a folder in tests/transcripts.
extern const Module catchall;
extern const Module catchallUdp;
extern const Module finger;
extern const Module ftp;
extern const Module http;
extern const Module irc;
extern const Module pop3;
extern const Module smtp;
extern const Module snmp;
extern const Module telnet;
static constexpr const Module* kModules[] = {&catchall, &catchallUdp, &finger, &ftp,  &http,
                                             &irc,      &pop3,        &smtp,   &snmp, &telnet};

std::span<const Module* const> modules() {
    return kModules;
}

const Module* findModule(std::string_view name) {
    const auto found = std::ranges::find(kModules, name, &Module::name);
    return found == std::end(kModules) ? nullptr : *found;
}

}  // namespace apiary::agent
