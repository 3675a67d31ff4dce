#include "collector/administration.hpp"
#include "collector/app.hpp"
#include "collector/config.hpp"
#include "collector/enrich_administration.hpp"
#include "collector/evidence_administration.hpp"
#include "collector/fold_administration.hpp"
#include "collector/known_administration.hpp"
#include "collector/notify_administration.hpp"
#include "collector/quarantine_administration.hpp"
#include "collector/retention_administration.hpp"
#include "collector/rollup_administration.hpp"
#include "collector/store/connection.hpp"
#include "common/log/log.hpp"
#include "common/text/units.hpp"

#include <CLI/CLI.hpp>
#include <exception>
#include <functional>
#include <iostream>
#include <string>

namespace {

using namespace apiary;

int finish(const Status& status) {
    if (!status) {
        std::cerr << status.error() << '\n';
        return 1;
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Apiary's collector: takes in what agents record and answers the console.");
    app.set_version_flag("--version", "apiary-collector " APIARY_VERSION);
    app.require_subcommand(1);
    std::string file = "/etc/apiary/collector.toml";
    std::string superuser;
    std::string name;
    std::string role = "viewer";
    std::string folder = ".";
    std::string level = "info";
    std::string format = "text";
    bool check = false;
    bool tryOut = false;  // the only thing that notify does
    collector::KnownWish wish;
    collector::RetentionWish kept;
    collector::PolicyChange policy;
    std::int64_t number = 0;
    std::string since;
    std::string until;
    int code = 0;

    const auto add = [&](CLI::App& to, const char* verb, const char* help,
                         const std::function<int(const collector::CollectorConfig&)>& act) {
        CLI::App* command = to.add_subcommand(verb, help);
        command->add_option("--config", file, "The configuration, collector.toml")->capture_default_str();
        command->callback([&code, &file, act] {
            const auto config = collector::readConfig(file);
            code = config ? act(*config) : finish(Error{config.error()});
        });
        return command;
    };
    add(app, "init", "Prepare database and certificates; may be repeated",
        [&](const auto& config) { return finish(collector::initialise(config, superuser)); })
        ->add_option("--superuser", superuser, "Connection of a PostgreSQL superuser, e.g. \"host=/run/postgresql\"")
        ->required();
    add(app, "migrate", "Bring the schema up to this program's",
        [](const auto& config) { return finish(collector::bringUpToDate(config)); });
    CLI::App* run = add(app, "run", "Serve until SIGTERM", [&](const auto& config) {
        if (check) {
            const Status sources = collector::checkSources(config);
            if (sources) {
                std::cout << file << ": ok\n";
            }
            return finish(sources);
        }
        log::start("apiary-collector", level, log::formatOf(format));
        const int ended = finish(collector::runCollector(config));
        log::tellHeld(true);
        return ended;
    });
    run->add_flag("--check-config", check, "Only say whether the configuration is good");
    run->add_option("--log-format", format, "text, or json: an object a line")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
    run->add_option("--log-level", level, "debug, info, warn or error")
        ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
        ->capture_default_str();
    add(app, "doctor", "Check everything a collector needs and say what to do",
        [](const auto& config) { return collector::doctor(config) == 0 ? 0 : 1; });
    CLI::App* issue = app.add_subcommand("issue", "Issue a certificate for a sensor or an operator");
    issue->require_subcommand(1);
    CLI::App* sensor = add(*issue, "sensor", "Enrol a sensor",
                           [&](const auto& config) { return finish(collector::issueSensor(config, name, folder)); });
    CLI::App* person = add(*issue, "operator", "Let a person use the console", [&](const auto& config) {
        return finish(collector::issueOperator(config, name, role, folder));
    });
    person->add_option("--role", role, "viewer, analyst, operator or admin")->capture_default_str();
    for (CLI::App* command : {sensor, person}) {
        command->add_option("name", name, "Its name")->required();
        command->add_option("--out", folder, "Folder for ca.crt, NAME.crt and NAME.key")->capture_default_str();
    }

    CLI::App* revoke = app.add_subcommand("revoke", "Shut a sensor or an operator out");
    revoke->require_subcommand(1);
    add(*revoke, "sensor", "Shut a sensor out for ever",
        [&](const auto& config) { return finish(collector::revokeSensor(config, name)); })
        ->add_option("name", name, "Its name")
        ->required();
    add(*revoke, "operator", "Shut an operator out for ever",
        [&](const auto& config) { return finish(collector::revokeOperator(config, name)); })
        ->add_option("name", name, "The name in the certificate")
        ->required();

    CLI::App* known = app.add_subcommand("known", "Rules for traffic that somebody owns up to");
    known->require_subcommand(1);
    CLI::App* knownAdd = add(*known, "add", "Tag what fits all of network, port, sensor and protocol, from now on",
                             [&](const auto& config) { return finish(collector::addKnown(config, wish)); });
    // Of a variable that a script never set; taken for "any", it would widen the rule.
    const CLI::Validator notEmpty([](const std::string& text) { return text.empty() ? "is empty: leave it out" : ""; },
                                  "");
    knownAdd->add_option("--network", wish.network, "Of the source, e.g. 192.0.2.0/24 or 2001:db8::/32")
        ->check(notEmpty);
    knownAdd->add_option("--port", wish.port, "Of ours that is contacted");
    knownAdd->add_option("--sensor", wish.sensor, "Name of the sensor")->check(notEmpty);
    knownAdd->add_option("--protocol", wish.protocol, "Emulated protocol, e.g. ftp")->check(notEmpty);
    knownAdd->add_option("--tag", wish.tag, "known-scanner or self-test")->capture_default_str();
    knownAdd->add_option("--owner", wish.owner, "Whose traffic it is")->required();
    knownAdd->add_option("--reason", wish.reason, "Why it is known")->required();
    knownAdd->add_option("--expires", wish.expires, "Day (UTC) on whose start it ends, e.g. 2027-01-31; default: never")
        ->check(notEmpty);
    add(*known, "list", "Print the rules in force",
        [](const auto& config) { return finish(collector::listKnown(config)); });
    add(*known, "remove", "Take a rule out of force",
        [&](const auto& config) { return finish(collector::removeKnown(config, number)); })
        ->add_option("number", number, "Its number, see known list")
        ->required();
    add(*known, "retag", "Give what is stored the tags of the rules in force; ingest goes on meanwhile",
        [&](const auto& config) { return finish(collector::retagKnown(config, since)); })
        ->add_option("--since", since, "First day (UTC), YYYY-MM-DD; default: all that is kept")
        ->check(notEmpty);

    CLI::App* notify = add(app, "notify", "Try out who is told of troubles",
                           [](const auto& config) { return finish(collector::testNotices(config)); });
    notify->add_flag("--test", tryOut, "Send one notice by each way of [notify], and say what became of it")
        ->required();

    add(app, "enrich", "Give what is stored the country and network that it lacks; ingest goes on meanwhile",
        [&](const auto& config) { return finish(collector::enrichStored(config, since)); })
        ->add_option("--since", since, "First day (UTC), YYYY-MM-DD; default: all that is kept")
        ->check(notEmpty);

    CLI::App* fold = app.add_subcommand("fold", "Keep sessions once that are equal but for addresses and times");
    fold->require_subcommand(1);
    std::string service;
    const auto ofService = [&](CLI::App* command) {
        command->add_option("--sensor", name, "Name of the sensor")->required();
        command->add_option("--service", service, "Name of the service in its configuration")->required();
    };
    ofService(add(*fold, "on", "Do so with a service's, as the database's owner",
                  [&](const auto& config) { return finish(collector::nameFolded(config, name, service, true)); }));
    ofService(add(*fold, "off", "No more; what is folded stays so",
                  [&](const auto& config) { return finish(collector::nameFolded(config, name, service, false)); }));
    add(*fold, "list", "Print of which services",
        [](const auto& config) { return finish(collector::listFolded(config)); });
    add(*fold, "now", "Do at once what happens every hour",
        [&](const auto& config) { return finish(collector::foldNow(config, since)); })
        ->add_option("--since", since, "First day (UTC), YYYY-MM-DD; default: yesterday")
        ->check(notEmpty);

    CLI::App* rollup = app.add_subcommand("rollup", "What charts are made of");
    rollup->require_subcommand(1);
    CLI::App* rebuild =
        add(*rollup, "rebuild", "Count the rows of each day anew and print what differed; ingest waits",
            [&](const auto& config) { return finish(collector::rebuildRollups(config, since, until)); });
    rebuild->add_option("--since", since, "First day (UTC), YYYY-MM-DD; default: the first that has rows")
        ->check(notEmpty);
    rebuild->add_option("--until", until, "Last day")->check(notEmpty);

    const CLI::Validator isSize(
        [](const std::string& text) { return readSize(text) ? "" : "is no size: write 512MiB, 50GiB or 1TiB"; }, "");
    CLI::App* retention = add(app, "retention", "Drop rows that are older than what is kept; ingest goes on meanwhile",
                              [&](const auto& config) { return finish(collector::dropOldRows(config, kept, check)); });
    retention->add_flag("--dry-run", check, "Only print what would go and what stays");
    retention->add_option("--days", kept.days, "Days to keep; default: [retention] days, or the policy's")
        ->check(CLI::Range(1, 3660));
    retention
        ->add_option_function<std::string>(
            "--size", [&](const std::string& text) { kept.bytes = readSize(text); },
            "What database and write-ahead log may take, e.g. 50GiB; default: [retention] size")
        ->check(isSize);
    CLI::App* keep = add(app, "policy", "Print or change what may be dropped, as the database's owner",
                         [&](const auto& config) { return finish(collector::setPolicy(config, policy)); });
    keep->add_option("--retention-days", policy.retentionDays, "Rows are kept at least so long");
    keep->add_option("--minimum-days", policy.minimumDays,
                     "For want of space they may go earlier, but not before so long; 0: they may not");
    keep->add_option("--rollup-days", policy.rollupDays, "Rollups are kept so long; 0: for ever");
    keep->add_option("--manifest-days", policy.manifestDays,
                     "Manifests are kept so long, and always as long as the rows of their day; 0: no longer");
    keep->add_option("--coverage-days", policy.coverageDays,
                     "Which sensor listened when is kept so long, and always as long as the rows; 0: as the rollups");
    keep->add_option_function<std::string>(
            "--quarantine-size", [&](const std::string& text) { policy.quarantineBytes = readSize(text); },
            "What the quarantine of one sensor may take, e.g. 64MiB")
        ->check(isSize);

    bool clear = false;
    CLI::App* quarantine =
        add(app, "quarantine", "Print how many records of whom were put aside, and why", [&](const auto& config) {
            return finish(clear ? collector::clearQuarantine(config, name) : collector::printQuarantine(config, name));
        });
    quarantine->add_option("--sensor", name, "Only this one's")->check(notEmpty);
    quarantine->add_flag("--clear", clear, "Remove them, as the database's owner");

    std::string day;
    CLI::App* verify =
        add(app, "verify", "Compare a day's rows with the sensor's manifest; status 1 if one was changed",
            [&](const auto& config) {
                const auto flaws = collector::verifyDay(config, name, day);
                return flaws ? (*flaws == 0 ? 0 : 1) : finish(Error{flaws.error()});
            });
    verify->add_option("--sensor", name, "Name of the sensor")->required();
    verify->add_option("--day", day, "Day (UTC) on which the sessions began, YYYY-MM-DD")->required();

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error);
    } catch (const std::exception& error) {
        std::cerr << "apiary-collector: "
                  << (collector::saysNoDatabase(error)
                          ? "the database does not answer: " + collector::inOneLine(error.what()) +
                                ": start PostgreSQL, or mend [database] in " + file
                          : error.what())
                  << '\n';
        return 1;
    }
    return code;
}
