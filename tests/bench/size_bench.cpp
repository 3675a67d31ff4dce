/// What a session takes in the database, indexes included, table by table. A day of sessions, with five packets each as
/// the mix has them by which storage is sized (scans two or three, web requests three or four, guessed passwords six to
/// ten, shells more), and with the eight of a guessed password. Argument: how many, 100,000 if not given.

#include "tests/bench/load.hpp"
#include "tests/bench/recorded_load.hpp"
#include "tests/support/postgres_fixture.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>

namespace {

using namespace apiary;
using namespace apiary::bench;
using namespace std::chrono_literals;

/// Bytes of every table of ours that has any, its partitions added up, the largest first; what an empty database has is
/// left out.
constexpr const char* kSizes =
    "WITH size AS (SELECT coalesce((SELECT parent.relname FROM pg_inherits i JOIN pg_class parent ON parent.oid = "
    "i.inhparent WHERE i.inhrelid = c.oid), c.relname) AS name, pg_table_size(c.oid) AS rows, pg_indexes_size(c.oid) "
    "AS "
    "indexes FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace IN ('apiary'::regnamespace, "
    "'apiary_part'::regnamespace)) "
    "SELECT string_agg(name || ' ' || rows || ' ' || indexes, ' ' ORDER BY rows + indexes DESC) FROM (SELECT name, "
    "sum(rows) AS rows, sum(indexes) AS indexes FROM size GROUP BY 1) s WHERE rows + indexes > 1000000";

/// Returns bytes of a session.
double measure(std::size_t sessions, std::size_t packets) {
    const auto between = std::chrono::milliseconds(86'400'000) / static_cast<std::int64_t>(sessions);
    const auto start = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()) - 25h;
    BusyNight night(1, start, std::max(1ms, between), packets);
    const test::TestDatabase database;
    writeInto(database, batchesOf(night.records(sessions * (packets + 3) + sessions / 10)));
    const double count = std::stod(database.ask("SELECT count(*) FROM apiary.session"));
    std::istringstream tables(database.ask(kSizes));
    const std::string prefix = "size_" + std::to_string(packets) + "_packets_";
    report(prefix + "sessions", count, "sessions");
    std::string name;
    double total = 0;
    double rows = 0;
    for (double indexes = 0; tables >> name >> rows >> indexes; total += rows + indexes) {
        report(prefix + name, (rows + indexes) / count, "bytes/session");
        report(prefix + name + "_indexes", indexes / count, "bytes/session");
    }
    return total / count;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const std::size_t sessions = argc > 1 ? std::stoul(argv[1]) : 100'000;
        report("size_session_guess", measure(sessions, 8), "bytes/session");
        report("size_session", measure(sessions, 5), "bytes/session", 2048, true);
    } catch (const std::exception& error) {
        std::cerr << "size_bench: " << error.what() << '\n';
        return 1;
    }
}
