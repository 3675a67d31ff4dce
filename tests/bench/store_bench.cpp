/// The product's whole transaction (ledger, rows by binary COPY, evidence, rollups) against a bare psql \copy of the
/// same rows into the same tables of a database of its own, one transaction in all. Sessions begin fifty a second, as
/// the records of a spool lie; they are whole in a transaction, or span four. Argument: how many sessions, 20,000 if
/// not given.

#include "collector/ingest/row_builder.hpp"
#include "collector/store/connection.hpp"
#include "collector/store/row_copies.hpp"
#include "collector/store/session_store.hpp"
#include "tests/bench/load.hpp"
#include "tests/bench/recorded_load.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/postgres_fixture.hpp"
#include "tests/support/recorded_session.hpp"

#include <pqxx/transaction>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <libpq-fe.h>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace apiary;
using namespace apiary::bench;
using namespace std::chrono_literals;
using collector::IngestRows;
using Clock = std::chrono::steady_clock;

constexpr std::int32_t kSensor = 1;
constexpr std::chrono::milliseconds kBetween{20};  // the starts of two sessions

const Uuid kStream = test::TestSpool(1).id();

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

collector::Moment now() {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

/// The records of many sessions in the order in which a spool has them, cut where `events` packets are together.
std::vector<v1::Batch> batchesOf(std::size_t sessions, std::size_t events, bool spanning) {
    BusyNight night(1, std::chrono::floor<std::chrono::milliseconds>(now()) - 1h, kBetween);
    test::TestSpool spool(1);
    std::vector<v1::Batch> batches;
    std::size_t packets = 0;
    std::uint64_t cut = 0;
    const auto append = [&](const v1::Record& record) {
        const std::uint64_t seq = spool.append(record);
        packets += record.has_packet() ? 1 : 0;
        if (packets == events) {
            batches.push_back(spool.batch(cut + 1, seq));
            cut = seq;
            packets = 0;
        }
    };
    const std::size_t together = spanning ? events / 2 : 1;
    for (std::size_t done = 0; done < sessions; done += together) {
        std::vector<test::RecordedSession> open;
        std::size_t longest = 0;
        for (std::size_t i = 0; i < together; ++i) {
            open.push_back(night.next());
            longest = std::max(longest, open.back().records().size());
        }
        for (std::size_t step = 0; step < longest; ++step) {
            for (const test::RecordedSession& session : open) {
                if (step < session.records().size()) {
                    append(session.records()[step]);
                }
            }
        }
    }
    if (spool.last() > cut) {
        batches.push_back(spool.batch(cut + 1, spool.last()));
    }
    return batches;
}

/// The rows of each transaction, as ingest makes them.
std::vector<IngestRows> rowsOf(const std::vector<v1::Batch>& batches) {
    std::vector<IngestRows> transactions;
    collector::SessionOwners open;
    for (const v1::Batch& batch : batches) {
        collector::RowBuilder builder(open, {.from = now() - 48h, .to = now() + 24h});
        builder.add({.stream = kStream,
                     .sensorId = kSensor,
                     .clockOffsetMs = 0,
                     .batch = &batch,
                     .from = 0,
                     .to = batch.entries_size(),
                     .first = static_cast<std::int64_t>(batch.first_seq())});
        IngestRows& rows = transactions.emplace_back(builder.build());
        for (const collector::OpenRow& row : rows.opened) {
            open[row.session] = {.sensorId = row.sensorId, .source = row.source, .protocol = row.protocol};
        }
        for (const Uuid& session : rows.openBefore) {
            open.erase(session);
        }
        if (!rows.quarantine.empty()) {
            throw std::runtime_error("a record of the bench was put aside: " + rows.quarantine.front().reason);
        }
    }
    return transactions;
}

std::size_t countOf(const std::vector<IngestRows>& transactions) {
    std::size_t count = 0;
    for (const IngestRows& rows : transactions) {
        count += rows.closed.size() + rows.opened.size() + rows.events.size() + rows.credentials.size() +
                 rows.commands.size();
    }
    return count;
}

void expect(PGconn* raw, PGresult* result, ExecStatusType wanted) {
    const bool good = PQresultStatus(result) == wanted;
    PQclear(result);
    if (!good) {
        throw std::runtime_error(PQerrorMessage(raw));
    }
}

/// A database to write into again and again.
class Target {
public:
    Target() {
        database_.ask("INSERT INTO apiary.sensor(sensor_uuid, name) VALUES (gen_random_uuid(), 'bench')");
        database_.ask("SELECT apiary.ensure_partitions(now() - interval '1 day', now() + interval '1 day')");
        sensor_ = *Uuid::parse(database_.ask("SELECT sensor_uuid FROM apiary.sensor"));
    }

    /// As at the start.
    void empty() const {
        database_.ask(
            "TRUNCATE apiary.session, apiary.event, apiary.credential, apiary.command, apiary.session_open, "
            "apiary.ingest_stream, apiary.source, apiary.credential_seen, apiary.command_seen, "
            "apiary.rollup_5m_protocol, apiary.rollup_5m_facet, apiary.rollup_hour_protocol, "
            "apiary.rollup_hour_sensor, "
            "apiary.rollup_hour_country, apiary.rollup_hour_source, apiary.rollup_hour_credential, "
            "apiary.source_day, apiary.rollup_day_port, apiary.rollup_hour_port, apiary.rollup_hour_command");
    }

    std::string writer() const { return database_.writer(); }
    const Uuid& sensor() const { return sensor_; }

private:
    test::TestDatabase database_;
    Uuid sensor_;
};

/// A transaction of psql's \copy, table by table; the rows lie in files beside it, as PostgreSQL itself writes them.
class BareCopy {
public:
    BareCopy(const Target& target, const std::vector<IngestRows>& transactions) {
        target.empty();
        collector::Connection connection(target.writer());
        pqxx::work work(connection.session());
        std::set<std::string> tables;
        const collector::CommandDigests none;
        for (const IngestRows& rows : transactions) {
            std::vector<collector::CopyRows> copies = collector::copiesOf(rows, 1);
            std::ranges::move(collector::copiesOfClosed(rows, 1, none), std::back_inserter(copies));
            for (const collector::CopyRows& copy : copies) {
                tables.insert(copy.target());
            }
            collector::copyBinary(connection, {.before = {}, .copies = std::move(copies), .after = {}});
        }
        std::ofstream script(file("copy.sql"));
        script << "BEGIN;\n";
        for (const std::string& table : tables) {
            const std::string rows = file(table.substr(0, table.find('(')));
            writeOut(connection.raw(), table, rows);
            script << "\\copy " << table << " from '" << rows << "'\n";
        }
        script << "COMMIT;\n";
    }

    /// Seconds for all of it, psql's own start left out.
    double run(const Target& target) const {
        target.empty();
        const double nothing = psql(target, {"-c", "SELECT"});
        return psql(target, {"-f", file("copy.sql")}) - nothing;
    }

private:
    std::string file(const std::string& name) const { return folder_.path(name); }

    static void writeOut(PGconn* raw, const std::string& table, const std::string& path) {
        const std::size_t columns = table.find('(');
        const std::string query = "COPY (SELECT " + table.substr(columns + 1, table.size() - columns - 2) + " FROM " +
                                  table.substr(0, columns) + ") TO STDOUT";
        expect(raw, PQexec(raw, query.c_str()), PGRES_COPY_OUT);
        std::ofstream out(path, std::ios::binary);
        char* line = nullptr;
        for (int length = 0; (length = PQgetCopyData(raw, &line, 0)) > 0; PQfreemem(line)) {
            out.write(line, length);
        }
        while (PGresult* rest = PQgetResult(raw)) {
            PQclear(rest);
        }
        if (!out.flush()) {
            throw std::runtime_error("cannot write " + path);
        }
    }

    double psql(const Target& target, const std::vector<std::string>& words) const {
        std::vector<std::string> command{
            "/usr/lib/postgresql/15/bin/psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", target.writer()};
        command.insert(command.end(), words.begin(), words.end());
        const auto start = Clock::now();
        Child(command, file("psql.log")).awaitSuccess();
        return secondsSince(start);
    }

    test::TemporaryFolder folder_;
};

/// Seconds for the product.
double writeAll(const Target& target, std::vector<IngestRows> transactions, bool rollups) {
    target.empty();
    collector::SessionStore store(target.writer(), 1);
    store.countInRollups(rollups);
    const std::vector<std::int16_t> lanes{0};
    store.admit(target.sensor(), kStream, lanes);
    IngestRows nothing;
    bool well = store.begin(nothing) && store.conclude(true) && store.settle();
    const auto start = Clock::now();  // connections are open: psql's own start is left out, too
    // As ingest does while batches wait: the rows of one travel while the one before is counted and committed, and one
    // in eight waits for the disk.
    for (std::size_t i = 0; well && i < transactions.size(); ++i) {
        const bool durable = i % 8 == 7 || i + 1 == transactions.size();
        well = store.begin(transactions[i]) && (i == 0 || store.settle()) && store.conclude(durable);
    }
    if (!well || !store.settle()) {
        throw std::runtime_error("not committed: the ledger stood elsewhere, or the database refuses");
    }
    return secondsSince(start);
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

/// Ratios of three runs each, of which the median counts; the ceiling is taken around every one.
void measure(const Target& product, const Target& bareTarget, std::size_t sessions, std::size_t events, bool spanning) {
    const std::vector<IngestRows> transactions = rowsOf(batchesOf(sessions, events, spanning));
    const BareCopy copy(bareTarget, transactions);
    const auto count = static_cast<double>(countOf(transactions));
    std::vector<double> with;
    std::vector<double> without;
    std::vector<double> bare{copy.run(bareTarget)};
    for (int round = 0; round < 3; ++round) {
        const double counted = writeAll(product, transactions, true);
        const double plain = writeAll(product, transactions, false);
        bare.push_back(copy.run(bareTarget));
        const double ceiling = (bare.back() + bare[bare.size() - 2]) / 2;
        with.push_back(ceiling / counted);
        without.push_back(ceiling / plain);
    }
    const std::string name = std::string("store_") + (spanning ? "spanning_" : "whole_") + std::to_string(events);
    report(name + "_bare_copy", count / median(bare), "rows/s");
    report(name + "_transaction", median(with), "of_bare_copy", events < 5000 ? 0.6 : 0.9);
    report(name + "_without_rollups", median(without), "of_bare_copy", events < 5000 ? 0.8 : 1.2);
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t sessions = argc > 1 ? std::stoul(argv[1]) : 20'000;
    try {
        const Target product;
        const Target bare;
        for (const std::size_t events : {1000, 5000}) {
            for (const bool spanning : {false, true}) {
                measure(product, bare, sessions, events, spanning);
            }
        }
    } catch (const std::exception& error) {
        std::cerr << "store_bench: " << error.what() << '\n';
        return 1;
    }
    return 0;
}
