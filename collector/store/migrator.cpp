#include "collector/store/migrator.hpp"

#include "collector/store/connection.hpp"
#include "common/crypto/digest.hpp"

#include <pqxx/pqxx>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace apiary::collector {
namespace {

constexpr const char* kLock = "SELECT pg_advisory_lock(hashtext('apiary.migrate'))";
constexpr const char* kProgram = "apiary-collector migrate";

/// A connection string in pieces.
std::optional<std::map<std::string, std::string>> parse(const std::string& dsn) {
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfoParse(dsn.c_str(), nullptr),
                                                                               &PQconninfoFree);
    if (options == nullptr) {
        return std::nullopt;
    }
    std::map<std::string, std::string> pieces;
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val != nullptr) {
            pieces[option->keyword] = option->val;
        }
    }
    return pieces;
}

std::string join(const std::map<std::string, std::string>& pieces) {
    std::string dsn;
    for (const auto& [name, value] : pieces) {
        dsn += (dsn.empty() ? "" : " ") + name + "='";
        for (const char c : value) {
            if (c == '\'' || c == '\\') {
                dsn.push_back('\\');
            }
            dsn.push_back(c);
        }
        dsn.push_back('\'');
    }
    return dsn;
}

std::string firstLine(std::string_view text) {
    return std::string(text.substr(0, text.find('\n')));
}

using Applied = std::map<int, std::string>;  // number of a step, its digest in hexadecimal

Applied appliedSteps(pqxx::transaction_base& transaction) {
    Applied steps;
    if (transaction.exec("SELECT to_regclass('apiary.schema_version') IS NOT NULL")[0][0].as<bool>()) {
        for (const auto& row : transaction.exec("SELECT number, encode(sha256, 'hex') FROM apiary.schema_version")) {
            steps[row[0].as<int>()] = row[1].is_null() ? "" : row[1].c_str();
        }
    }
    return steps;
}

/// Compares what was applied with what the program holds.
Status compare(const Applied& applied, const std::vector<Migration>& known) {
    const int newest = known.back().number;
    for (const auto& [number, digest] : applied) {
        if (number > newest) {
            return Error{"the database has schema version " + std::to_string(applied.rbegin()->first) +
                         ", this program knows " + std::to_string(newest) + ": install a newer apiary-collector"};
        }
        const auto step = std::ranges::find(known, number, &Migration::number);
        if (step == known.end() || hexText(Sha256::of(step->sql)) != digest) {
            return Error{"step " + std::to_string(number) +
                         " of the schema was applied from another text than this program holds: use the "
                         "apiary-collector that made the database, or restore the database from a backup"};
        }
    }
    return Done{};
}

void apply(Connection& connection, const Migration& step) {
    pqxx::work transaction(connection.session(), step.name.data());
    transaction.exec("SET LOCAL statement_timeout = 0");
    transaction.exec(std::string(step.sql));
    transaction.exec_params("INSERT INTO apiary.schema_version(number, name, sha256) VALUES ($1, $2, $3)", step.number,
                            std::string(step.name), pqxx::binarystring(std::string(view(Sha256::of(step.sql)))));
    transaction.commit();
}

}  // namespace

int schemaVersion() {
    return embeddedMigrations().back().number;
}

Status prepareDatabase(const std::string& superuser, const std::string& owner) {
    const auto target = parse(owner);
    auto pieces = parse(superuser);
    if (!target || !target->contains("dbname")) {
        return Error{"the owner's connection must name its database: add dbname=apiary to [database] owner"};
    }
    if (!pieces) {
        return Error{"the superuser's connection cannot be read: write it as host=... user=... dbname=postgres"};
    }
    const std::string& name = target->at("dbname");
    try {
        {
            Connection connection(join(*pieces), kProgram);
            pqxx::nontransaction direct(connection.session());
            if (direct.exec_params("SELECT FROM pg_database WHERE datname = $1", name).empty()) {
                direct.exec("CREATE DATABASE " + direct.quote_name(name) +
                            " TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'");
            }
        }
        (*pieces)["dbname"] = name;
        Connection connection(join(*pieces), kProgram);
        pqxx::nontransaction direct(connection.session());
        direct.exec(std::string(embeddedMigrations().front().sql));
    } catch (const pqxx::failure& failure) {
        return Error{"the database could not be prepared: " + firstLine(failure.what())};
    }
    return Done{};
}

Result<int> migrate(const std::string& owner) {
    const std::vector<Migration> known = embeddedMigrations();
    int taken = 0;
    std::string_view now = "connecting";
    try {
        Connection connection(owner, kProgram);
        Applied applied;
        {
            pqxx::nontransaction direct(connection.session());
            direct.exec("SET statement_timeout = '10min'; SET lock_timeout = '10min'");
            direct.exec(kLock);  // until the connection ends
            applied = appliedSteps(direct);
        }
        if (const Status same = compare(applied, known); !same) {
            return Error{same.error()};
        }
        for (const Migration& step : known) {
            if (step.number > 0 && !applied.contains(step.number)) {
                now = step.name;
                apply(connection, step);
                ++taken;
            }
        }
    } catch (const pqxx::failure& failure) {
        return Error{"the schema could not be brought up to date (" + std::string(now) +
                     "): " + firstLine(failure.what())};
    }
    return taken;
}

Status checkSchema(const std::string& dsn) {
    const std::vector<Migration> known = embeddedMigrations();
    Connection connection(dsn);
    pqxx::nontransaction direct(connection.session());
    const Applied applied = appliedSteps(direct);
    if (const Status same = compare(applied, known); !same) {
        return same;
    }
    const int have = applied.empty() ? 0 : applied.rbegin()->first;
    if (have < known.back().number) {
        return Error{"the database has schema version " + std::to_string(have) + ", this program needs " +
                     std::to_string(known.back().number) + ": run apiary-collector " +
                     (have == 0 ? "init" : "migrate")};
    }
    return Done{};
}

}  // namespace apiary::collector
