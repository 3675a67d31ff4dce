#include "collector/administration.hpp"

#include "collector/enrich_administration.hpp"
#include "collector/pki/certificate_authority.hpp"
#include "collector/pki/peer_identity.hpp"
#include "collector/retention_administration.hpp"
#include "collector/store/connection.hpp"
#include "collector/store/fleet_repository.hpp"
#include "collector/store/free_space.hpp"
#include "collector/store/migrator.hpp"
#include "collector/store/operator_repository.hpp"
#include "collector/store/retention_repository.hpp"
#include "common/crypto/digest.hpp"
#include "common/net/address.hpp"
#include "common/rpc/credentials.hpp"

#include <pqxx/nontransaction>
#include <pqxx/result>
#include <pqxx/transaction>

#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <chrono>
#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <netinet/in.h>
#include <optional>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace apiary::collector {
namespace {

constexpr std::uint64_t kLeastFree = std::uint64_t{1} << 30U;

std::chrono::system_clock::time_point now() {
    return std::chrono::system_clock::now();
}

std::optional<int> digits(std::string_view text) {
    int value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    return failure == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

Status ensureCertificates(const CollectorConfig& config) {
    auto authority = CertificateAuthority::open(config.pki, now());
    if (!authority) {
        return Error{authority.error()};
    }
    std::cout << (authority->created() ? "made the certificate authority in " : "certificate authority in ")
              << config.pki << '\n';
    if (authority->ensureCollector(config.listens, config.hostNames, now())) {
        std::cout << "issued the collector's certificate\n";
    }
    return Done{};
}

/// One address that nothing listens on can be bound.
Status checkPort(const Endpoint& endpoint) {
    const bool four = endpoint.v4().has_value();
    const int probe = ::socket(four ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int bound = -1;
    const int on = 1;
    ::setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (four) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(endpoint.port);
        inet_pton(AF_INET, addressText(endpoint).c_str(), &address.sin_addr);
        bound = ::bind(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    } else {
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        address.sin6_port = htons(endpoint.port);
        inet_pton(AF_INET6, addressText(endpoint).c_str(), &address.sin6_addr);
        bound = ::bind(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    ::close(probe);
    if (bound != 0) {
        return Error{endpointText(endpoint) +
                     " is taken (by a running collector, or by another program), or no address of this machine"};
    }
    return Done{};
}

/// A connection, or in one line why there is none and what to do; `where` says where it is named.
Result<std::unique_ptr<Connection>> connectTo(const std::string& dsn, const std::string& where) {
    try {
        return std::make_unique<Connection>(dsn);
    } catch (const std::exception& failure) {
        return Error{"the database does not answer: " + inOneLine(failure.what()) + ": start PostgreSQL, or mend " +
                     where};
    }
}

std::string inConfig(const CollectorConfig& config, const std::string& setting) {
    return "[database] " + setting + " in " + config.file;
}

std::string askDatabase(Connection& connection, const std::string& query) {
    pqxx::nontransaction work(connection.session());
    const pqxx::result rows = work.exec(query);
    return rows.empty() ? std::string() : std::string(rows[0][0].c_str());
}

/// What [retention] should have dropped by now.
Status checkRetention(const CollectorConfig& config, Connection& connection) {
    if (!config.retention) {
        return Done{};
    }
    RetentionRepository repository(connection);
    const auto plan = planRetention(repository.look(), *config.retention);
    if (!plan) {
        return Error{plan.error()};
    }
    if (plan->tooMuch) {
        return Error{"the database is " + roughSize(*plan->tooMuch) +
                     " larger than its size may be, and the policy keeps what is left; see apiary-collector policy"};
    }
    // A running collector looks every hour, so a day may be due since midnight.
    if (plan->going.size() > 1) {
        return Error{std::to_string(plan->going.size()) + " days should be gone, from " +
                     dayText(plan->going.front().day) + " on: see the collector's log, or apiary-collector retention"};
    }
    return Done{};
}

/// A message in the write-ahead log, which changes nothing.
Status checkCommit(Connection& connection) {
    constexpr auto kLong = std::chrono::seconds(1);
    const auto began = std::chrono::steady_clock::now();
    pqxx::work transaction(connection.session());
    transaction.exec("SELECT pg_logical_emit_message(true, 'apiary', '')");
    transaction.commit();
    const auto took = std::chrono::steady_clock::now() - began;
    if (took >= kLong) {
        return Error{"it took " + std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()) +
                     " ms: look at the disk of the database, and for long transactions in pg_stat_activity"};
    }
    return Done{};
}

}  // namespace

std::string account() {
    const passwd* entry = getpwuid(geteuid());
    return entry == nullptr ? "uid " + std::to_string(geteuid()) : entry->pw_name;
}

Status initialise(const CollectorConfig& config, const std::string& superuser) {
    if (const auto there = connectTo(superuser, "--superuser"); !there) {
        return Error{there.error()};
    }
    if (Status prepared = prepareDatabase(superuser, config.owner); !prepared) {
        return prepared;
    }
    std::cout << "database is prepared\n";
    if (Status migrated = bringUpToDate(config); !migrated) {
        return migrated;
    }
    return ensureCertificates(config);
}

Status bringUpToDate(const CollectorConfig& config) {
    if (const auto there = connectTo(config.owner, inConfig(config, "owner")); !there) {
        return Error{there.error()};
    }
    const Result<int> steps = migrate(config.owner);
    if (!steps) {
        return Error{steps.error()};
    }
    std::cout << "schema " << schemaVersion() << ", " << *steps << " steps taken\n";
    return Done{};
}

Status issueSensor(const CollectorConfig& config, const std::string& name, const std::string& folder) {
    if (!validName(name)) {
        return Error{"'" + name +
                     "' cannot be a sensor's name: 1 to 64 letters, digits, dots, hyphens and underscores"};
    }
    auto authority = CertificateAuthority::open(config.pki, now());
    if (!authority) {
        return Error{authority.error()};
    }
    Connection connection(config.writer);
    FleetRepository fleet(connection);
    const Uuid uuid = fleet.uuidOf(name).value_or(Uuid::v4(randomBytes<16>()));
    const auto issued = authority->issueSensor(uuid, name, now());
    if (!issued) {
        return Error{issued.error()};
    }
    // First the database: a name that it refuses leaves no key behind. What fails after that is made good by a
    // repetition.
    const auto number = fleet.registerSensor(uuid, name, issued->sha256, account());
    if (!number) {
        return Error{number.error()};
    }
    if (Status written = writeIdentity(folder, name, *issued, authority->certificate()); !written) {
        return written;
    }
    std::cout << "sensor " << name << " is number " << *number << "; its certificate is in " << folder << '\n';
    return Done{};
}

Status revokeSensor(const CollectorConfig& config, const std::string& name) {
    Connection connection(config.writer);
    if (Status revoked = FleetRepository(connection).revoke(name, account()); !revoked) {
        return revoked;
    }
    std::cout << "sensor " << name
              << " is revoked: its stream ends within seconds, and its certificate opens nothing\n";
    return Done{};
}

Status issueOperator(const CollectorConfig& config, const std::string& name, const std::string& role,
                     const std::string& folder) {
    const auto parsed = parseRole(role);
    if (!parsed) {
        return Error{parsed.error()};
    }
    auto authority = CertificateAuthority::open(config.pki, now());
    if (!authority) {
        return Error{authority.error()};
    }
    const auto issued = authority->issueOperator(name, *parsed, now());
    if (!issued) {
        return Error{issued.error()};
    }
    Connection connection(config.writer);
    if (Status noted = OperatorRepository(connection).issuing(name, role, account()); !noted) {
        return noted;
    }
    if (Status written = writeIdentity(folder, name, *issued, authority->certificate()); !written) {
        return written;
    }
    std::cout << role << ' ' << name << ": the certificate is in " << folder << '\n';
    return Done{};
}

Status revokeOperator(const CollectorConfig& config, const std::string& name) {
    if (!validName(name)) {
        return Error{"'" + name + "' cannot be an operator's name: see the certificate, apiary:operator/NAME/ROLE"};
    }
    Connection connection(config.writer);
    if (Status revoked = OperatorRepository(connection).revoke(name, account()); !revoked) {
        return revoked;
    }
    std::cout << "operator " << name << " is revoked: who is connected with that name is out within seconds, and its "
              << "certificates open nothing\n";
    return Done{};
}

Result<std::chrono::sys_days> parseDay(std::string_view text) {
    if (text.size() == 10 && text[4] == '-' && text[7] == '-') {
        const auto year = digits(text.substr(0, 4));
        const auto month = digits(text.substr(5, 2));
        const auto day = digits(text.substr(8, 2));
        if (year && month && day && *month > 0 && *day > 0) {
            const std::chrono::year_month_day date{std::chrono::year(*year),
                                                   std::chrono::month(static_cast<unsigned>(*month)),
                                                   std::chrono::day(static_cast<unsigned>(*day))};
            if (date.ok()) {
                return std::chrono::sys_days(date);
            }
        }
    }
    return Error{"'" + std::string(text) + "' is no day: write YYYY-MM-DD, such as 2027-01-31"};
}

int doctor(const CollectorConfig& config) {
    int failed = 0;
    const auto check = [&](const std::string& what, const std::function<Status()>& ask) {
        Status status = Done{};
        try {
            status = ask();
        } catch (const std::exception& error) {
            status = Error{error.what()};
        }
        failed += status ? 0 : 1;
        std::cout << (status ? "ok    " : "FAIL  ") << what << (status ? "" : ": " + status.error()) << '\n';
    };
    check("certificates in " + config.pki, [&] {
        return checkIdentity({CertificateAuthority::certificateFile(config.pki).string(),
                              CertificateAuthority::collectorCertificateFile(config.pki).string(),
                              CertificateAuthority::collectorKeyFile(config.pki).string()},
                             now());
    });
    if (!config.sources.country.empty() || !config.sources.network.empty()) {
        const std::string ages = sourceAges(config);
        check("files of countries and networks" + (ages.empty() ? "" : " (" + ages + ")"),
              [&] { return checkSources(config); });
    }
    std::unique_ptr<Connection> connection;
    check("database answers as writer", [&]() -> Status {
        auto there = connectTo(config.writer, inConfig(config, "writer"));
        if (!there) {
            return Error{there.error()};
        }
        connection = *std::move(there);
        return Done{};
    });
    if (connection) {
        check("schema is this program's", [&] { return checkSchema(config.writer); });
        check("writer may add sessions and not change them", [&]() -> Status {
            if (askDatabase(*connection,
                            "SELECT has_table_privilege('apiary.session', 'INSERT') AND NOT "
                            "has_table_privilege('apiary.session', 'UPDATE')") != "t") {
                return Error{"its rights are not those of apiary_writer; connect as that role"};
            }
            return Done{};
        });
        check("partitions of today and tomorrow", [&]() -> Status {
            askDatabase(*connection, "SELECT apiary.ensure_partitions(now(), now() + interval '1 day')");
            return Done{};
        });
        check("no trouble of the database lasts, as a running collector saw it", [&]() -> Status {
            const auto lasting =
                askDatabase(*connection,
                            "SELECT string_agg(title || ': ' || advice, '; ' ORDER BY since_at) FROM apiary.trouble "
                            "WHERE sensor IS NULL AND ended_at IS NULL");
            return lasting.empty() ? Status(Done{}) : Status(Error{lasting});
        });
        check("rows older than what is kept are gone", [&]() -> Status { return checkRetention(config, *connection); });
        check("every sensor's quarantine has room", [&]() -> Status {
            const auto full =
                askDatabase(*connection,
                            "SELECT string_agg(coalesce(n.name, 'no known sensor'), ', ' ORDER BY n.name) FROM "
                            "apiary.quarantine_use u CROSS JOIN apiary.policy p LEFT JOIN apiary.sensor n USING "
                            "(sensor_id) WHERE u.bytes >= p.quarantine_bytes * 0.9");
            return full.empty() ? Status(Done{})
                                : Status(Error{"nearly full: " + full + "; see apiary-collector quarantine"});
        });
        check("a transaction reaches the disk within a second", [&] { return checkCommit(*connection); });
        check("clock agrees with the database's", [&]() -> Status {
            const double offset = std::stod(askDatabase(*connection, "SELECT extract(epoch FROM clock_timestamp())")) -
                                  std::chrono::duration<double>(now().time_since_epoch()).count();
            if (offset > 2 || offset < -2) {
                return Error{"they differ by " + std::to_string(offset) + " s; set both by NTP"};
            }
            return Done{};
        });
    }
    check("free space where the certificates are", [&]() -> Status {
        if (std::filesystem::space(config.pki).available < kLeastFree) {
            return Error{"less than 1 GiB is left"};
        }
        return Done{};
    });
    FreeSpace space([&] { return config.watch.empty() ? databaseFolders(config.writer) : config.watch; }, config.floor);
    check("free space where the database is, as far as it can be seen", [&]() -> Status {
        const auto lack = space.lack();
        return lack ? Status(Error{*lack}) : Status(Done{});
    });
    for (const Endpoint& endpoint : config.listens) {
        check("port " + endpointText(endpoint) + " is free", [&] { return checkPort(endpoint); });
    }
    return failed;
}

}  // namespace apiary::collector
