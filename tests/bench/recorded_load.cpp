#include "tests/bench/recorded_load.hpp"

#include "collector/ingest/row_builder.hpp"
#include "collector/store/session_store.hpp"
#include "tests/support/postgres_fixture.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <stdexcept>
#include <utility>
#include <variant>

namespace apiary::bench {
namespace {

/// As long as a real one.
constexpr const char* kPath =
    "20261126T100000.000Z/2026-11-26/11/FTP/20261126T111959.120Z_45.16.10.20_40001_"
    "019c3f7e-5d60-7c3a-9d3c-0123456789ab.txt";
constexpr std::size_t kEntries = 1000;
constexpr int kGroup = 5000;

}  // namespace

BusyNight::BusyNight(std::uint64_t seed, collector::Moment start, std::chrono::milliseconds between,
                     std::size_t packets)
    : random_(seed), start_(start), between_(between), packets_(packets) {}

test::RecordedSession BusyNight::next() {
    constexpr std::array kProtocols{"ftp", "telnet", "smtp", "http"};
    const auto below = [&](std::uint64_t bound) { return random_() % bound; };
    if (below(8) == 0) {
        source_ =
            Endpoint::of({45, 16, static_cast<std::uint8_t>(below(256)), static_cast<std::uint8_t>(below(256))}, 0);
    }
    source_.port = static_cast<std::uint16_t>(1024 + below(60000));
    start_ += between_;
    test::RecordedSession session({.start = start_,
                                   .source = source_,
                                   .target = Endpoint::of({198, 51, 100, 7}, 21),
                                   .protocol = kProtocols[below(kProtocols.size())],
                                   .random = random_(),
                                   .syn = std::string(60, 's'),
                                   .journalPath = kPath});
    for (std::size_t i = 0; i < packets_; ++i) {
        const std::string packet(30 + below(60), static_cast<char>('a' + below(26)));
        i % 2 == 0 ? session.sent(packet) : session.received(packet);
    }
    if (below(10) < 6) {
        session.login("root", "secret" + std::to_string(below(5000)));
    }
    if (below(2) == 0) {
        session.command("RETR", "file" + std::to_string(below(100)));
    }
    return session.close();
}

std::vector<std::string> BusyNight::records(std::size_t least) {
    std::vector<std::string> records;
    records.reserve(least + 16);
    while (records.size() < least) {
        const test::RecordedSession session = next();
        for (const v1::Record& record : session.records()) {
            records.push_back(record.SerializeAsString());
        }
    }
    return records;
}

std::vector<std::unique_ptr<v1::Batch>> batchesOf(const std::vector<std::string>& records) {
    std::vector<std::unique_ptr<v1::Batch>> batches;
    std::uint64_t seq = 0;
    for (const std::string& record : records) {
        if (seq % kEntries == 0) {
            batches.emplace_back(std::make_unique<v1::Batch>())->set_first_seq(seq + 1);
        }
        v1::Entry& entry = *batches.back()->add_entries();
        entry.set_seq(++seq);
        entry.set_seq_end(seq);
        entry.set_record(record);
        batches.back()->set_last_seq(seq);
    }
    return batches;
}

double writeAlone(const std::vector<std::unique_ptr<v1::Batch>>& batches) {
    return writeInto(test::TestDatabase(), batches);
}

double writeInto(const test::TestDatabase& database, const std::vector<std::unique_ptr<v1::Batch>>& batches) {
    using Clock = std::chrono::steady_clock;
    const Uuid sensor = Uuid::v4({1});
    const Uuid stream = Uuid::v4({2});
    database.ask("INSERT INTO apiary.sensor(sensor_uuid, name) VALUES ('" + sensor.text() + "', 'alone')");
    collector::SessionStore store(database.writer(), 1);
    std::vector<std::int16_t> lanes;
    for (const auto& batch : batches) {
        lanes.push_back(static_cast<std::int16_t>(batch->lane()));
    }
    std::ranges::sort(lanes);
    lanes.erase(std::ranges::unique(lanes).begin(), lanes.end());
    const auto admitted = store.admit(sensor, stream, lanes);
    const auto& admission = std::get<collector::Admission>(admitted);
    for (const std::int16_t lane : lanes) {
        store.position(admission.sensorId, stream, lane);
    }
    const auto start = Clock::now();
    collector::SessionOwners open;
    for (std::size_t from = 0; from < batches.size();) {
        collector::RowBuilder builder(
            open, store.window(std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now())));
        for (int entries = 0; from < batches.size() && entries < kGroup; ++from) {
            const v1::Batch& batch = *batches[from];
            builder.add({.stream = stream,
                         .sensorId = admission.sensorId,
                         .clockOffsetMs = 0,
                         .batch = &batch,
                         .from = 0,
                         .to = batch.entries_size(),
                         .first = static_cast<std::int64_t>(batch.first_seq())});
            entries += batch.entries_size();
        }
        const std::vector<Uuid> unknown = builder.unknown();
        open = store.findOpen(unknown);
        collector::IngestRows rows = builder.build();
        if (!rows.quarantine.empty()) {
            throw std::runtime_error("a record of the bench was put aside: " + rows.quarantine.front().reason);
        }
        if (!std::holds_alternative<collector::Committed>(store.write(rows))) {
            throw std::runtime_error("the store alone did not commit");
        }
    }
    return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace apiary::bench
