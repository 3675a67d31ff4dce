#include "tests/bench/collector_site.hpp"

#include <fstream>
#include <stdexcept>

namespace apiary::bench {

CollectorSite::CollectorSite(const std::vector<std::string>& sensors)
    : config_((folder() / "collector.toml").string()) {
    std::ofstream(config_) << "[collector]\nid = 1\nname = \"bench\"\nlisten = [\"" << address()
                           << "\"]\n[database]\nowner = \"" << database_.owner() << "\"\nwriter = \""
                           << database_.writer() << "\"\n[pki]\ndirectory = \"pki\"\n";
    run({APIARY_COLLECTOR, "init", "--config", config_, "--superuser", database_.superuser()});
    for (const std::string& sensor : sensors) {
        run({APIARY_COLLECTOR, "issue", "sensor", sensor, "--out", (folder() / "sensors").string(), "--config",
             config_});
    }
}

void CollectorSite::start() {
    collector_ = std::make_unique<Child>(std::vector<std::string>{APIARY_COLLECTOR, "run", "--config", config_},
                                         (folder() / "collector.log").string());
    awaitListener(port_, 30);
}

TlsIdentity CollectorSite::identityOf(const std::string& sensor) const {
    const auto sensors = folder() / "sensors";
    return {(sensors / "ca.crt").string(), (sensors / (sensor + ".crt")).string(),
            (sensors / (sensor + ".key")).string()};
}

void CollectorSite::run(std::vector<std::string> argv) const {
    const std::string log = (folder() / "programs.log").string();
    try {
        Child(argv, log).awaitSuccess();
    } catch (const std::exception&) {
        std::ifstream said(log);
        std::string last;
        for (std::string line; std::getline(said, line);) {
            last = line;
        }
        throw std::runtime_error(argv[1] + " failed: " + last);
    }
}

}  // namespace apiary::bench
