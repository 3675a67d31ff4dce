/// What each stage of a record's way costs by itself, in microseconds a record: the spool's commit, the text log, the
/// wire, the rows, the COPY, the rollups. Argument: how many records, 200,000 if not given.

#include "agent/journal/journal.hpp"
#include "agent/journal/journal_format.hpp"
#include "agent/spool/spool.hpp"
#include "collector/ingest/row_builder.hpp"
#include "collector/store/session_store.hpp"
#include "tests/bench/load.hpp"
#include "tests/bench/recorded_load.hpp"
#include "tests/support/postgres_fixture.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <exception>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <variant>
#include <vector>

namespace {

using namespace apiary;
using namespace apiary::bench;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kTogether = 1000;  // records of a commit of the spool, and of a batch
constexpr std::size_t kBatches = 5;      // of a transaction

double microsSince(Clock::time_point start) {
    return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

collector::Moment anHourAgo() {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()) - 1h;
}

void spoolStage(const Folder& folder, const std::vector<std::string>& records) {
    agent::SpoolSettings settings;
    settings.path = (folder.path() / "spool.db").string();
    settings.bytes = std::uint64_t{4} << 30U;
    settings.gapBody = [](const agent::SpoolSettings::Lost&) { return std::string(); };
    auto spool = agent::Spool::open(std::move(settings));
    if (!spool) {
        throw std::runtime_error(spool.error());
    }
    const auto start = Clock::now();
    for (std::size_t first = 0; first < records.size(); first += kTogether) {
        std::vector<agent::NewRecord> batch;
        for (std::size_t i = first; i < std::min(first + kTogether, records.size()); ++i) {
            batch.push_back({.lane = 0,
                             .session = {},
                             .kind = agent::RecordKind::Payload,
                             .at = std::chrono::system_clock::now(),
                             .body = records[i]});
        }
        (*spool)->append(batch, [](std::chrono::milliseconds) { return true; });
    }
    report("stage_spool_append", microsSince(start) / static_cast<double>(records.size()), "us/record");
}

/// Lines of logs that turn over every ten records, as sessions do.
void journalStage(const Folder& folder, std::size_t records) {
    agent::JournalSettings settings;
    settings.directory = (folder.path() / "journal").string();
    settings.agentStart = std::chrono::system_clock::now();
    auto journal = agent::JournalWriter::open(settings);
    if (!journal) {
        throw std::runtime_error(journal.error());
    }
    const Endpoint source = Endpoint::of({192, 0, 2, 1}, 40000);
    const Endpoint target = Endpoint::of({198, 51, 100, 7}, 21);
    const std::string packet(60, 'x');
    const auto start = Clock::now();
    std::thread writing([&] { (*journal)->run(); });
    for (std::size_t done = 0; done < records; done += 10) {
        const auto now = std::chrono::system_clock::now();
        std::array<std::uint8_t, 10> random{};
        std::memcpy(random.data(), &done, sizeof done);
        const Uuid session = Uuid::v7(now, random);
        agent::JournalText text{.session = session,
                                .path = (*journal)->folder() + "/" + agent::sessionPath("ftp", source, session),
                                .text = {},
                                .last = true};
        agent::appendHeader(text.text, now);
        for (int i = 0; i < 8; ++i) {
            agent::appendPacket(text.text, now, source, target, packet);
        }
        agent::appendFooter(text.text, "ftp", agent::Ending::Finished, source, 21, now);
        std::vector<agent::JournalText> texts;
        texts.push_back(std::move(text));
        while ((*journal)->full()) {
            std::this_thread::yield();
        }
        (*journal)->write(std::move(texts));
    }
    (*journal)->close();
    writing.join();
    report("stage_journal", microsSince(start) / static_cast<double>(records), "us/record");
}

/// The message of a batch written and read, as both ends do; TLS comes on top.
void wireStage(const std::vector<std::unique_ptr<v1::Batch>>& batches, double records) {
    const auto start = Clock::now();
    std::size_t entries = 0;
    for (const auto& batch : batches) {
        v1::FromSensor sent;
        v1::Batch& wire = *sent.mutable_batch();
        wire.set_first_seq(batch->first_seq());
        wire.set_last_seq(batch->last_seq());
        for (const v1::Entry& entry : batch->entries()) {
            *wire.add_entries() = entry;
        }
        v1::FromSensor received;
        if (!received.ParseFromString(sent.SerializeAsString())) {
            throw std::runtime_error("a batch cannot be read");
        }
        entries += static_cast<std::size_t>(received.batch().entries_size());
    }
    if (static_cast<double>(entries) != records) {
        throw std::runtime_error("entries were lost on the wire");
    }
    report("stage_wire", microsSince(start) / records, "us/record");
}

std::vector<collector::IngestRows> rowsOf(const std::vector<std::unique_ptr<v1::Batch>>& batches, const Uuid& stream,
                                          std::int32_t sensor, const collector::Window& window) {
    std::vector<collector::IngestRows> transactions;
    collector::SessionOwners open;
    for (std::size_t first = 0; first < batches.size(); first += kBatches) {
        collector::RowBuilder builder(open, window);
        for (std::size_t i = first; i < std::min(first + kBatches, batches.size()); ++i) {
            const v1::Batch& batch = *batches[i];
            builder.add({.stream = stream,
                         .sensorId = sensor,
                         .clockOffsetMs = 0,
                         .batch = &batch,
                         .from = 0,
                         .to = batch.entries_size(),
                         .first = static_cast<std::int64_t>(batch.first_seq())});
        }
        transactions.push_back(builder.build());
        for (const collector::OpenRow& row : transactions.back().opened) {
            open[row.session] = {.sensorId = row.sensorId, .source = row.source, .protocol = row.protocol};
        }
    }
    return transactions;
}

struct Written {
    double rows = 0;  // microseconds for each record
    double copy = 0;
};

/// In transactions of 5,000 records, as ingest writes a backlog.
Written write(const std::vector<std::unique_ptr<v1::Batch>>& batches, bool rollups, double records) {
    const test::TestDatabase database;
    const Uuid sensor = Uuid::v4({1});
    const Uuid stream = Uuid::v4({2});
    database.ask("INSERT INTO apiary.sensor(sensor_uuid, name) VALUES ('" + sensor.text() + "', 'stage')");
    collector::SessionStore store(database.writer(), 1);
    store.countInRollups(rollups);
    const std::vector<std::int16_t> lanes{0};
    const auto admitted = store.admit(sensor, stream, lanes);
    const auto window = store.window(std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()));
    Written written;
    auto start = Clock::now();
    auto transactions = rowsOf(batches, stream, std::get<collector::Admission>(admitted).sensorId, window);
    written.rows = microsSince(start) / records;
    start = Clock::now();
    for (collector::IngestRows& rows : transactions) {
        if (!std::holds_alternative<collector::Committed>(store.write(rows))) {
            throw std::runtime_error("not committed");
        }
    }
    written.copy = microsSince(start) / records;
    return written;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const Folder folder;
        const auto records = BusyNight(1, anHourAgo(), 20ms).records(argc > 1 ? std::stoul(argv[1]) : 200'000);
        const auto count = static_cast<double>(records.size());
        spoolStage(folder, records);
        journalStage(folder, records.size());
        const auto batches = batchesOf(records);
        wireStage(batches, count);
        const Written plain = write(batches, false, count);
        report("stage_rows", plain.rows, "us/record");
        report("stage_copy", plain.copy, "us/record");
        report("stage_rollups", write(batches, true, count).copy - plain.copy, "us/record");
    } catch (const std::exception& error) {
        std::cerr << "stage_bench: " << error.what() << '\n';
        return 1;
    }
}
