#pragma once

#include "collector/store/report_reader.hpp"
#include "common/crypto/digest.hpp"
#include "tests/collector/store/report_data.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace apiary::collector {

inline ReportMoment today() {
    return std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
}

inline std::string hexOf(const std::string& content) {
    Sha256 sha;
    sha.update(content);
    std::string hex;
    for (const std::uint8_t byte : sha.finish()) {
        hex += "0123456789abcdef"[byte / 16];
        hex += "0123456789abcdef"[byte % 16];
    }
    return hex;
}

/// 0 is Monday 00 to 01 h.
inline int weekHour(const test::KnownSession& session) {
    const auto day = std::chrono::floor<std::chrono::days>(session.start());
    const auto hour = std::chrono::floor<std::chrono::hours>(session.start() - day).count();
    return (static_cast<int>(std::chrono::weekday(day).iso_encoding()) - 1) * 24 + static_cast<int>(hour);
}

/// Some 1,200 random sessions of four days, five sensors, every kind of traffic.
class ReportReaderTest : public testing::Test {
protected:
    ReportReaderTest() {
        sensors_ = data_.addSensors(5);
        data_.addRandom(1200, begin_, begin_ + std::chrono::hours(96), random_);
        connection_ = openForReports(database_.writer(), std::chrono::seconds(5));
        reader_ = std::make_unique<ReportReader>(*connection_);
        hasty_ = std::make_unique<ReportReader>(
            *connection_,
            SearchLimits{
                .rows = 20, .deeds = 15, .pairs = 15, .sources = 6, .ofSources = 40, .hashed = 12, .readAtOnce = 60});
    }

    ReportScope scope(ReportMoment from, ReportMoment to) const {
        ReportScope made;
        made.from = from;
        made.to = to;
        made.traffic = {"attack"};
        return made;
    }

    // Ends on no edge of anything, now and then on one; filters of every kind.
    ReportScope randomScope() {
        auto made = scope(randomTime(), randomTime());
        if (made.from > made.to) {
            std::swap(made.from, made.to);
        }
        const std::size_t sensors = random_() % 3;
        made.sensors.assign(sensors_.begin(),
                            sensors_.begin() + (sensors == 2 ? 5 : static_cast<std::ptrdiff_t>(sensors)));
        if (random_() % 3 == 0) {
            made.protocols = {"ftp", "telnet"};
        }
        if (random_() % 3 == 0) {
            made.traffic = {"attack", "self-test"};
        } else if (random_() % 3 == 0) {
            made.traffic = {"known-scanner"};
        }
        if (random_() % 5 == 0) {
            made.source = data_.all()[random_() % data_.all().size()].source;
        }
        return made;
    }
    ReportMoment randomTime() {
        const auto at =
            begin_ + std::chrono::microseconds(
                         random_() % static_cast<std::uint64_t>(std::chrono::hours(96) / std::chrono::microseconds(1)));
        switch (random_() % 6) {
            case 0:
                return bucketOf(at, std::chrono::minutes(5));
            case 1:
                return bucketOf(at, std::chrono::hours(24));
            default:
                return at;
        }
    }

    std::vector<v1::SessionRow> pages(const ReportScope& wanted, std::uint32_t limit,
                                      const SessionFilter& filter = {}) {
        return pages(*reader_, wanted, limit, filter);
    }
    static std::vector<v1::SessionRow> pages(ReportReader& reader, const ReportScope& wanted, std::uint32_t limit,
                                             const SessionFilter& filter) {
        std::vector<v1::SessionRow> rows;
        PageKey key;
        for (bool more = true; more;) {
            const auto page = reader.listSessions(wanted, key, limit, filter);
            rows.insert(rows.end(), page.rows().begin(), page.rows().end());
            more = page.more();
            if (more) {
                key.before = Uuid::ofBytes(rows.back().session_id());
            }
        }
        return rows;
    }

    std::vector<std::pair<std::string, std::uint64_t>> leaders(const ReportScope& wanted, v1::TopField field,
                                                               std::uint32_t limit = 100) {
        std::vector<std::pair<std::string, std::uint64_t>> entries;
        const auto reply = reader_->top(wanted, field, limit);
        for (const auto& entry : reply.entries()) {
            entries.emplace_back(entry.key(), entry.count());
        }
        return entries;
    }

    /// Sources of the scope's traffic that were there before its range.
    std::set<std::string> knownBefore(const ReportScope& wanted) const {
        std::set<std::string> sources;
        for (const auto& session : data_.all()) {
            if (session.start() < wanted.from && std::ranges::count(wanted.traffic, session.traffic) > 0) {
                sources.insert(session.source);
            }
        }
        return sources;
    }

    // The same by hand; equal counts in any order.
    template <typename Keys>
    static std::multimap<std::string, std::uint64_t> counted(const std::vector<const test::KnownSession*>& sessions,
                                                             Keys keys) {
        std::map<std::string, std::uint64_t> counts;
        for (const auto* session : sessions) {
            for (const auto& key : keys(*session)) {
                ++counts[key];
            }
        }
        return {counts.begin(), counts.end()};
    }

    std::mt19937_64 random_{20261125};
    const ReportMoment begin_ = today() - std::chrono::hours(96);
    test::TestDatabase database_;
    test::ReportData data_{database_};
    std::vector<std::int32_t> sensors_;
    std::unique_ptr<Connection> connection_;
    std::unique_ptr<ReportReader> reader_;
    std::unique_ptr<ReportReader> hasty_;  // takes for popular what comes a few times
};

}  // namespace apiary::collector
