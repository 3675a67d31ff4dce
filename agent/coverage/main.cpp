#include "agent/coverage/steward.hpp"
#include "common/log/log.hpp"

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <string>

namespace {

using namespace apiary;

int told(const Status& status) {
    if (!status) {
        std::cerr << status.error() << '\n';
        return 1;
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app(
        "Steers whole subnets to apiary-agent: routes, rules, sockets. The one program of Apiary that needs root.");
    app.set_version_flag("--version", "apiary-coverage " APIARY_VERSION);
    app.require_subcommand(1);
    std::string file = "/etc/apiary/agent.toml";
    std::string format = "text";
    int code = 0;

    CLI::App* command = app.add_subcommand(
        "apply", "Steer, and hand out sockets, until SIGTERM takes all away; SIGHUP reads the configuration again");
    command->add_option("--config", file, "The agent's configuration")->capture_default_str();
    command->add_option("--log-format", format, "text, or json: an object a line")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
    command->callback([&] {
        log::start("apiary-coverage", "info", log::formatOf(format));
        code = told(agent::applyCoverage(file));
    });
    command = app.add_subcommand("check", "Print what apply would do now, and do nothing");
    command->add_option("--config", file, "The agent's configuration")->capture_default_str();
    command->callback([&] { code = told(agent::checkCoverage(file)); });
    app.add_subcommand("remove", "Take away what an apply left that was killed")->callback([&] {
        code = told(agent::removeCoverage());
    });
    app.add_subcommand("show", "Print rules and routes of ours as they are")->callback([&] {
        code = told(agent::showCoverage());
    });

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error);
    } catch (const std::exception& error) {
        std::cerr << "apiary-coverage: " << error.what() << '\n';
        return 1;
    }
    return code;
}
