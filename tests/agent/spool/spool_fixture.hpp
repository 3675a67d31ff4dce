#pragma once

#include "agent/spool/spool.hpp"
#include "tests/support/quick_folder.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdlib.h>
#include <string>
#include <vector>

namespace apiary::agent {

/// A spool in a folder of its own, and short words for what tests do with it.
class SpoolTest : public testing::Test {
protected:
    SpoolTest() {
        std::string folder = quickFolder() + "spoolXXXXXX";
        folder_ = ::mkdtemp(folder.data());
    }
    ~SpoolTest() override { std::filesystem::remove_all(folder_); }

    std::string path() const { return folder_ + "/spool.db"; }

    SpoolSettings settings(std::uint64_t bytes = std::uint64_t{1} << 26U) const {
        SpoolSettings settings;
        settings.path = path();
        settings.bytes = bytes;
        settings.ballast = 4096;
        settings.gapBody = [](const SpoolSettings::Lost& lost) {
            return lost.what + " " + std::to_string(lost.records) + " " + lost.reason +
                   (lost.numbers ? numbersText(*lost.numbers) : "");
        };
        return settings;
    }

    /// " of lane 0: kept 1 of 3", with "or more" if that is not sure.
    static std::string numbersText(const LostNumbers& numbers) {
        return " of lane " + std::to_string(numbers.lane) + ": kept " + std::to_string(numbers.kept) + " of " +
               std::to_string(numbers.last) + (numbers.exact ? "" : " or more");
    }

    void open(const SpoolSettings& settings) {
        spool_.reset();
        auto opened = Spool::open(settings);
        ASSERT_TRUE(opened) << opened.error();
        spool_ = *std::move(opened);
    }
    void open() { open(settings()); }

    static Uuid session(std::uint8_t number) {
        Uuid uuid;
        uuid.bytes[15] = number;
        return uuid;
    }

    static NewRecord record(std::uint8_t number, RecordKind kind, std::string body = "body", std::uint32_t lane = 0) {
        return {.lane = lane,
                .session = number == 0 ? Uuid{} : session(number),
                .kind = kind,
                .at = std::chrono::system_clock::time_point(std::chrono::seconds(1'000'000'000)),
                .body = std::move(body)};
    }

    std::vector<std::uint64_t> append(std::vector<NewRecord> records) {
        return spool_->append(records, [](std::chrono::milliseconds) { return false; });
    }
    std::uint64_t append(NewRecord record) { return append(std::vector{std::move(record)}).front(); }

    std::vector<SpoolRow> readAll(std::uint32_t lane = 0, std::uint64_t after = 0) const {
        return spool_->read(lane, after, 1'000'000, std::size_t{1} << 30U);
    }

    /// Rows as text: "1-3:payload 3 spool full", one a line.
    std::string rows(std::uint32_t lane = 0, std::uint64_t after = 0) const {
        std::string text;
        for (const SpoolRow& row : readAll(lane, after)) {
            text += std::to_string(row.seq);
            text += row.seqEnd > row.seq ? "-" + std::to_string(row.seqEnd) : "";
            text += ":" + row.body + "\n";
        }
        return text;
    }

    std::string folder_;
    std::unique_ptr<Spool> spool_;
};

}  // namespace apiary::agent
