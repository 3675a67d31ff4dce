/// Prints the files of the decoy's machine, for the real shell to be given the same: print_tree NAME MACHINE SEED
/// BUILD.
///
///     kind mode owner modified major minor path content    a line each, parted by tabs; the content in hexadecimal

#include "agent/shell/shell_host.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

int main(int count, char** words) {
    using apiary::agent::ShellHost;
    using apiary::agent::ShellNode;
    if (count != 5) {
        std::fputs("print_tree NAME MACHINE SEED BUILD\n", stderr);
        return 2;
    }
    apiary::agent::ShellHostSpec spec;
    spec.hostName = words[1];
    spec.machine = words[2];
    spec.sensorSeed = std::strtoull(words[3], nullptr, 10);
    spec.build = words[4];
    const auto host = ShellHost::make(spec);
    const auto now = std::chrono::sys_days{std::chrono::year{2024} / 3 / 1};
    for (const auto& [path, node] : *host->nodes()) {
        const char kind = node.kind == ShellNode::Kind::Directory ? 'd'
                          : node.kind == ShellNode::Kind::File    ? 'f'
                          : node.kind == ShellNode::Kind::Link    ? 'l'
                                                                  : "cbp"[static_cast<std::size_t>(node.device)];
        std::printf("%c\t%o\t%u\t%lld\t%u\t%u\t%s\t", kind, static_cast<unsigned>(node.mode), node.owner,
                    static_cast<long long>(node.modified), static_cast<unsigned>(node.major),
                    static_cast<unsigned>(node.minor), path.c_str());
        const bool lives = kind == 'f' && node.live != ShellNode::Live::No;
        for (const char byte : lives ? host->live(node.live, now, 0) : std::string(node.text())) {
            std::printf("%02x", static_cast<unsigned>(static_cast<unsigned char>(byte)));
        }
        std::putchar('\n');
    }
    return 0;
}
