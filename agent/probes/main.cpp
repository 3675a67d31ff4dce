#include "agent/probes/probe_program.hpp"
#include "common/log/log.hpp"

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <string>

int main(int argc, char** argv) {
    using namespace apiary;
    CLI::App app("Captures what comes for the hosts of apiary-agent and never becomes a connection.");
    app.set_version_flag("--version", "apiary-probes " APIARY_VERSION);
    app.require_subcommand(1);
    std::string file = "/etc/apiary/agent.toml";
    std::string format = "text";
    bool check = false;
    int code = 0;
    CLI::App* command = app.add_subcommand("run", "Capture until SIGTERM; needs CAP_NET_RAW to begin, and gives it up");
    command->add_option("--config", file, "The agent's configuration")->capture_default_str();
    command->add_flag("--check-config", check,
                      "Only say whether the configuration is good, and what would be captured");
    command->add_option("--log-format", format, "text, or json: an object a line")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
    command->callback([&] {
        log::start("apiary-probes", "info", log::formatOf(format));
        const Status done = check ? agent::checkProbes(file) : agent::runProbes(file);
        log::tellHeld(true);
        if (!done) {
            std::cerr << done.error() << '\n';
            code = 1;
        }
    });
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error);
    } catch (const std::exception& error) {
        std::cerr << "apiary-probes: " << error.what() << '\n';
        return 1;
    }
    return code;
}
