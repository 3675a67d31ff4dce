/// What a session of a scan takes in the database, indexes included, as rows and folded: one source grabs the banner of
/// every address of a /16 within the hour, with three packets and the times of a real client; with the headers of its
/// SYNs, of which half is noise, and without. Partitions are rewritten before each measurement, so that nothing counts
/// that is free. Argument: how many addresses, 65,536 if not given.

#include "collector/store/connection.hpp"
#include "collector/store/fold_repository.hpp"
#include "tests/bench/load.hpp"
#include "tests/bench/recorded_load.hpp"
#include "tests/support/postgres_fixture.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace apiary;
using namespace apiary::bench;
using namespace std::chrono_literals;

constexpr const char* kSize = R"(
    SET default_transaction_read_only = off; SET statement_timeout = 0;
    DO $$
    DECLARE name text;
    BEGIN
      FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'apiary_part'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('CLUSTER apiary_part.%I USING %I', name, name || '_pkey');
      END LOOP;
    END $$;
    SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class WHERE relnamespace = 'apiary_part'::regnamespace AND relkind = 'r')";

std::string bytesOf(std::mt19937_64& random, std::size_t count) {
    std::string bytes;
    while (bytes.size() < count) {
        bytes += static_cast<char>(random());
    }
    return bytes;
}

/// The SYN of a Linux client: what differs from one to the next is where it is in a real one.
std::string synOf(std::mt19937_64& random, const Endpoint& source, const Endpoint& target, std::uint32_t clock) {
    const auto address = [](const Endpoint& endpoint) {
        return std::string(endpoint.address.end() - 4, endpoint.address.end());
    };
    const auto number = [](std::uint32_t value) {
        std::string bytes;
        for (const unsigned shift : {24U, 16U, 8U, 0U}) {
            bytes += static_cast<char>(value >> shift);
        }
        return bytes;
    };
    const std::string ports = number(std::uint32_t{source.port} << 16U | target.port);
    return std::string("\x45\0\0\x3c", 4) + bytesOf(random, 2) + std::string("\x40\0\x34\x06", 4) + bytesOf(random, 2) +
           address(source) + address(target) + ports + bytesOf(random, 4) + std::string("\0\0\0\0\xa0\x02\xfa\xf0", 8) +
           bytesOf(random, 2) + std::string("\0\0\x02\x04\x05\xb4\x04\x02\x08\x0a", 10) + number(clock) +
           std::string("\0\0\0\0\x01\x03\x03\x07", 8);
}

std::vector<std::string> scan(std::size_t addresses, collector::Moment hour, bool syns) {
    std::mt19937_64 random(1);
    std::vector<std::string> records;
    const auto between = 3'500'000us / static_cast<std::int64_t>(std::max<std::size_t>(addresses / 1000, 1));
    for (std::size_t i = 0; i < addresses; ++i) {
        const auto start = hour + between * static_cast<std::int64_t>(i);
        const auto source = Endpoint::of({192, 0, 2, 9}, static_cast<std::uint16_t>(32'768 + random() % 28'000));
        const auto target =
            Endpoint::of({198, 51, static_cast<std::uint8_t>(i >> 8U), static_cast<std::uint8_t>(i)}, 21);
        const auto clock = static_cast<std::uint32_t>(start.time_since_epoch().count() / 1000);
        test::RecordedSession session({.start = start,
                                       .source = source,
                                       .target = target,
                                       .random = random(),
                                       .counted = 0x2f5a'1c3e'0000 + i,
                                       .syn = syns ? synOf(random, source, target, clock) : std::string()});
        session.sent("220 (vsFTPd 3.0.3)\r\n").pass(std::chrono::microseconds(20'000 + random() % 300'000));
        session.received("QUIT\r\n").pass(std::chrono::microseconds(random() % 100)).sent("221 Goodbye.\r\n");
        session.pass(std::chrono::microseconds(random() % 300'000)).close(v1::OUTCOME_FINISHED);
        for (const v1::Record& record : session.records()) {
            records.push_back(record.SerializeAsString());
        }
    }
    return records;
}

void measure(std::size_t addresses, bool syns, double goal) {
    const auto hour = std::chrono::floor<std::chrono::hours>(std::chrono::system_clock::now()) - 3h;
    const test::TestDatabase database;
    const double empty = std::stod(database.ask(kSize));
    writeInto(database, batchesOf(scan(addresses, hour, syns)));
    database.ask(
        "SET default_transaction_read_only = off; SET statement_timeout = 0; INSERT INTO "
        "apiary.fold_service(sensor_id, "
        "service) SELECT DISTINCT sensor_id, service FROM apiary.session; UPDATE apiary.session SET received_at = "
        "date_bin('1 s', ended_at, '2000-01-01') + interval '1 s'");
    const auto count = static_cast<double>(addresses);
    const std::string prefix = syns ? "fold_syn_" : "fold_";
    report(prefix + "session_rows", (std::stod(database.ask(kSize)) - empty) / count, "bytes/session");
    collector::Connection connection(database.writer());
    const auto began = std::chrono::steady_clock::now();
    const auto folded = collector::FoldRepository(connection).fold(1, hour, hour + 2h, [] { return true; });
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    const double size = std::stod(database.ask(kSize)) - empty;
    report(prefix + "session_folded", size / count, "bytes/session", goal, true);
    report(prefix + "in_folds", static_cast<double>(folded.sessions) / count, "of all");
    report(prefix + "rate", static_cast<double>(folded.sessions) / took.count(), "sessions/s");
    if (database.ask("SELECT count(DISTINCT target) FROM apiary.session_summary") != std::to_string(addresses)) {
        throw std::runtime_error("session_summary does not show them all");
    }
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const std::size_t addresses = argc > 1 ? std::stoul(argv[1]) : 65'536;
        measure(addresses, true, 40);
        measure(addresses, false, 20);
    } catch (const std::exception& error) {
        std::cerr << "fold_bench: " << error.what() << '\n';
        return 1;
    }
}
