/// The fuzz target for what a sensor sends: the input is a Batch as it travels, its records bytes within. It goes the
/// whole way to the bytes of COPY, and every row must keep the bounds that the database checks. Built with
/// -fsanitize=fuzzer, or with FUZZ_STANDALONE as a plain program that plays seeded mutations of good batches:
///
///     ingest_replay ROUNDS [FILE ...]
///     ingest_replay --corpus FOLDER       writes good batches to begin with instead

#include "collector/ingest/batch_order.hpp"
#include "collector/ingest/row_builder.hpp"
#include "collector/ingest/text_values.hpp"
#include "collector/store/row_copies.hpp"

#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace apiary;
using namespace apiary::collector;
using namespace std::chrono_literals;

namespace {

constexpr Moment kNow{1'800'000'000s};
constexpr Window kWindow{.from = kNow - 24h * 90, .to = kNow + 24h};

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

bool printable(std::string_view text, std::size_t longest) {
    return text.size() <= longest && std::ranges::all_of(text, [](char c) { return c >= 0x20 && c <= 0x7e; });
}

bool within(Moment at) {
    return kWindow.from <= at && at < kWindow.to;
}

void requireHead(const OpenRow& row) {
    require(within(row.startedAt) && isProtocolName(row.protocol));
    require(printable(row.service, 64) && printable(row.persona, 64) && row.syn.size() <= 1024);
}

void requireFit(const IngestRows& rows) {
    std::ranges::for_each(rows.opened, requireHead);
    for (const ClosedRow& row : rows.closed) {
        requireHead(row.head);
        require(row.endedAt >= row.head.startedAt && !row.outcome.empty());
        require(row.bytesIn >= 0 && row.bytesOut >= 0 && row.packets >= 0 && row.events >= 0 && row.commands >= 0);
        require(printable(row.detected, 64) && printable(row.journalPath, 1024));
    }
    for (const EventRow& row : rows.events) {
        require(row.bytes.size() <= 16384 && row.seq >= 0 && row.channel >= 0 && within(row.at));
    }
    for (const CommandRow& row : rows.commands) {
        require(printable(row.verb, 64) && printable(row.normalized, 256));
    }
    for (const CredentialRow& row : rows.credentials) {
        require(printable(row.method, 64));
    }
    for (const ProbeRow& row : rows.probes) {
        require(within(row.startedAt) && row.endedAt >= row.startedAt && printable(row.reason, 256));
    }
    for (const GapRow& row : rows.gaps) {
        require(row.firstSeq <= row.lastSeq && row.records >= 0 && row.bytes >= 0 && printable(row.reason, 256));
    }
    for (const QuarantineRow& row : rows.quarantine) {
        require(!row.reason.empty());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    [[maybe_unused]] static const auto quiet = google::protobuf::SetLogHandler(nullptr);
    v1::Batch batch;
    if (!batch.ParseFromArray(data, static_cast<int>(size)) || !checkBatch(batch)) {
        return 0;
    }
    SessionOwners open;
    RowBuilder builder(open, kWindow);
    builder.add({.stream = {},
                 .sensorId = 1,
                 .batch = &batch,
                 .from = 0,
                 .to = batch.entries_size(),
                 .first = static_cast<std::int64_t>(batch.first_seq())});
    // Half of the sessions that nobody opened here were opened before, some by another sensor.
    for (const Uuid& session : builder.unknown()) {
        if (session.bytes[15] % 2 == 0) {
            open[session] = {.sensorId = 1 + session.bytes[15] % 4 / 2, .source = {}, .protocol = "ftp"};
        }
    }
    const IngestRows rows = builder.build();
    requireFit(rows);
    std::size_t made = rows.closed.size() + rows.opened.size() + rows.events.size() + rows.credentials.size() +
                       rows.commands.size() + rows.probes.size() + rows.gaps.size() + rows.quarantine.size();
    require(made <= static_cast<std::size_t>(batch.entries_size()));
    const CommandDigests none;
    std::vector<CopyRows> copies = copiesOf(rows, 1);
    std::ranges::move(copiesOfClosed(rows, 1, none), std::back_inserter(copies));
    for (CopyRows& copy : copies) {
        while (!copy.next().empty()) {
        }
    }
    return 0;
}

#ifdef FUZZ_STANDALONE

#include "tests/support/recorded_session.hpp"

#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace {

void play(const std::string& input) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

/// Damages the record of one entry, so that the batch around it stays whole.
void damage(v1::Batch& batch, std::mt19937_64& random) {
    v1::Entry& entry = *batch.mutable_entries(static_cast<int>(random() % static_cast<unsigned>(batch.entries_size())));
    std::string& record = *entry.mutable_record();
    for (auto changes = 1 + random() % 6; changes > 0 && !record.empty(); --changes) {
        const std::size_t at = random() % record.size();
        switch (random() % 3) {
            case 0:
                record[at] = static_cast<char>(random());
                break;
            case 1:
                record.erase(at, 1 + random() % 8);
                break;
            default:
                record.insert(at, record.substr(random() % record.size(), 1 + random() % 8));
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 2 && std::string(argv[1]) == "--corpus") {
        for (std::uint64_t seed = 1; seed <= 20; ++seed) {
            std::mt19937_64 random(seed);
            test::TestSpool spool(seed);
            spool.append(test::randomSession(random, kNow - 48h, kNow - 1h));
            std::ofstream(std::string(argv[2]) + "/" + std::to_string(seed), std::ios::binary)
                << spool.all().SerializeAsString();
        }
        return 0;
    }
    for (int i = 2; i < argc; ++i) {
        std::ifstream in(argv[i], std::ios::binary);
        play({std::istreambuf_iterator<char>(in), {}});
    }
    std::mt19937_64 random(1);
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 1000;
    for (int i = 0; i < rounds; ++i) {
        test::TestSpool spool(1);
        for (auto sessions = 1 + random() % 3; sessions > 0; --sessions) {
            spool.append(test::randomSession(random, kNow - 48h, kNow - 1h));
        }
        v1::Gap gap;
        gap.set_what("payload");
        spool.appendGap(1 + random() % 9, gap);
        v1::Batch batch = spool.all();
        for (auto damages = random() % 12; damages > 0; --damages) {
            damage(batch, random);
        }
        const std::string input = batch.SerializeAsString();
        play(input);
        play(input.substr(0, random() % input.size()));
    }
    std::cout << "played " << 2 * rounds << " batches\n";
}

#endif
