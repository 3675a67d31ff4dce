#pragma once

#include "common/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace apiary::collector {

/// A numbered step of the schema. Number 0 prepares roles and database and needs a superuser; the rest the owner runs.
struct Migration {
    int number = 0;
    std::string_view name;  // of its file
    std::string_view sql;
};

/// Those of collector/store/migrations, in order, from 0.
std::vector<Migration> embeddedMigrations();

/// The schema that this program was written for.
int schemaVersion();

/// Makes the database of `owner` if it is missing, and prepares it for Apiary: roles, defaults, rights. Repeatable.
/// `superuser` is a connection of a superuser to any database of the same server. Blocks; an Error says what to do.
Status prepareDatabase(const std::string& superuser, const std::string& owner);

/// Brings the schema to schemaVersion(), each step in a transaction of its own, under a lock that a second caller waits
/// for. Returns how many steps were taken. An Error if the database is newer than the program, if a step that was taken
/// is not the one in the program, or if a step fails: then nothing of that step has happened.
Result<int> migrate(const std::string& owner);

/// Whether the database has exactly the schema of this program; an Error says what to run. Throws when there is no
/// database to ask.
Status checkSchema(const std::string& dsn);

}  // namespace apiary::collector
