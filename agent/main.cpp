#include "agent/app.hpp"
#include "agent/check/path_check.hpp"
#include "agent/config.hpp"
#include "agent/control/control_server.hpp"
#include "agent/record/manifest_file.hpp"
#include "agent/verification.hpp"
#include "common/log/log.hpp"
#include "common/rpc/grpc_log.hpp"

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <malloc.h>
#include <string>

namespace {

using namespace apiary;

int checkConfig(const std::string& file) {
    const agent::ConfigReading reading = agent::readConfig(file);
    for (const std::string& error : reading.errors) {
        std::cerr << error << '\n';
    }
    if (!reading.errors.empty()) {
        return 1;
    }
    std::cout << file << ": ok, " << reading.config.services.size() << " services\n";
    return 0;
}

/// Where glibc's malloc serves, not TCMalloc's. What one thread takes another frees: records go from the engine's
/// threads to those that write. With an arena for each thread, as glibc gives them, the holes of all stay resident,
/// which cost an idle session up to 1.5 kB; a shared one took no more time a session, measured with two threads of the
/// engine.
constexpr int kArenas = 1;

int run(const std::string& file, const std::string& level, const std::string& format) {
    ::mallopt(M_ARENA_MAX, kArenas);
    log::start("apiary-agent", level, log::formatOf(format));
    const Status ended = agent::runAgent(file);
    log::tellHeld(true);
    if (!ended) {
        std::cerr << ended.error() << '\n';
        return 1;
    }
    return 0;
}

/// The number of the step that fails, 0 if none does; beyond the steps, 64, if there is nothing to walk.
int walk(const std::string& file) {
    constexpr int kNothingToWalk = 64;
    const agent::ConfigReading reading = agent::readConfig(file);
    for (const std::string& error : reading.errors) {
        std::cerr << error << '\n';
    }
    if (reading.errors.empty() && !reading.config.collector) {
        std::cerr << file << ": there is no [collector], the agent works alone\n";
    }
    if (!reading.errors.empty() || !reading.config.collector) {
        return kNothingToWalk;
    }
    routeGrpcLog([](std::string_view) {});  // the steps say what is wrong, in words
    return agent::checkPath({.address = reading.config.collector->address,
                             .identity = reading.config.collector->identity,
                             .askAgent = [&] { return agent::askForText(reading.config.state, "uplink"); }},
                            [](std::string_view line) { std::cout << line << std::endl; });
}

/// Asks the running agent; finds its socket by the state folder of the configuration.
int ask(const std::string& file, const std::string& request) {
    const agent::ConfigReading reading = agent::readConfig(file);
    if (reading.config.state.empty()) {
        for (const std::string& error : reading.errors) {
            std::cerr << error << '\n';
        }
        return 1;
    }
    const Status asked = agent::askAgent(agent::controlSocket(reading.config.state), request,
                                         [](std::string_view text) { std::cout << text << std::flush; });
    if (!asked) {
        std::cerr << "apiary-agent: " << asked.error() << '\n';
        return 1;
    }
    return 0;
}

/// Compares logs and manifests on this machine; needs neither a running agent nor a collector.
int verify(const std::string& file, const std::string& day) {
    const agent::ConfigReading reading = agent::readConfig(file);
    for (const std::string& error : reading.errors) {
        std::cerr << error << '\n';
    }
    const auto wanted = agent::dayOfName(day);
    if (!day.empty() && !wanted) {
        std::cerr << "'" << day << "' is not a day; write it as 2026-11-26\n";
    }
    if (!reading.errors.empty() || (!day.empty() && !wanted)) {
        return 1;
    }
    const agent::EvidencePlaces evidence{.manifests = agent::manifestFolder(reading.config.state),
                                         .journal = reading.config.journalDirectory,
                                         .ca = reading.config.collector ? reading.config.collector->identity.ca : ""};
    return agent::verifyEvidence(evidence, wanted, std::cout) == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Apiary's agent: emulates services on unused addresses and records who comes.");
    app.set_version_flag("--version", "apiary-agent " APIARY_VERSION);
    app.require_subcommand(1);
    std::string file = "/etc/apiary/agent.toml";
    std::string level = "info";
    std::string format = "text";
    std::string name;
    bool check = false;
    int code = 0;

    CLI::App* command = app.add_subcommand("run", "Serve until SIGTERM; SIGHUP reads the configuration again");
    command->add_option("--config", file, "The configuration, agent.toml")->capture_default_str();
    command->add_flag("--check-config", check, "Only say whether the configuration is good");
    command->add_option("--log-format", format, "text, or json: an object a line")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
    command->add_option("--log-level", level, "debug, info, warn or error")
        ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
        ->capture_default_str();
    command->callback([&] { code = check ? checkConfig(file) : run(file, level, format); });

    command = app.add_subcommand(
        "check", "Walk the path to the collector; the exit status is the number of the step that fails");
    command->add_option("--config", file, "The agent's configuration")->capture_default_str();
    command->callback([&] { code = walk(file); });

    for (const auto& [verb, help] : {std::pair("status", "Say how the running agent is"),
                                     std::pair("services", "List its services, wanted and actual"),
                                     std::pair("sessions", "List the sessions that are open now"),
                                     std::pair("tail", "Follow the text logs as they are written; Ctrl-C ends")}) {
        command = app.add_subcommand(verb, help);
        command->add_option("--config", file, "The agent's configuration")->capture_default_str();
        command->callback([&, request = std::string(verb)] { code = ask(file, request); });
    }
    for (const auto& [verb, help] : {std::pair("start", "Start a service, until told otherwise"),
                                     std::pair("stop", "Stop a service: its ports refuse, sessions under way go on")}) {
        command = app.add_subcommand(verb, help);
        command->add_option("name", name, "Its name in the configuration")->required();
        command->add_option("--config", file, "The agent's configuration")->capture_default_str();
        command->callback([&, word = std::string(verb)] { code = ask(file, word + ' ' + name); });
    }
    command = app.add_subcommand(
        "test", "Visit the services now, as the agent does by itself each hour; status 1 if one fails");
    command->add_option("name", name, "Only this one");
    command->add_option("--config", file, "The agent's configuration")->capture_default_str();
    command->callback([&] { code = ask(file, "test " + name); });

    std::string day;
    command = app.add_subcommand("verify", "Compare the text logs with their manifests; status 1 if one was changed");
    command->add_option("--config", file, "The agent's configuration")->capture_default_str();
    command->add_option("--day", day, "Of this day (UTC) only, YYYY-MM-DD");
    command->callback([&] { code = verify(file, day); });

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error);
    } catch (const std::exception& error) {
        std::cerr << "apiary-agent: " << error.what() << '\n';
        return 1;
    }
    return code;
}
