#include "collector/store/report_leaders.hpp"

#include "collector/store/connection.hpp"
#include "collector/store/report_reader.hpp"
#include "collector/store/report_sources.hpp"
#include "tests/collector/store/report_data.hpp"

#include <gtest/gtest.h>
#include <pqxx/transaction>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <tuple>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using test::KnownSession;

constexpr int kSensors = 4;  // even and odd ones belong to different collectors
constexpr auto kSpan = 30h;

std::string shown(const Leader& leader) {
    v1::TopEntry entry;
    setKey(entry, leader.label.find('\x1f') == std::string::npos ? v1::TOP_FIELD_COMMAND : v1::TOP_FIELD_CREDENTIAL,
           leader.label);
    return entry.key();
}

/// Sessions of thirty hours: a few sources, logins and commands come often, most seldom. The second half comes late,
/// and some are tagged anew afterwards.
class ReportLeadersTest : public testing::Test {
protected:
    explicit ReportLeadersTest(int sensors = kSensors) : sensors_(data_.addSensors(sensors)) {
        connection_ = openForReports(database_.writer(), 20s);
        for (int batch = 0; batch < 4; ++batch) {
            std::vector<KnownSession> sessions;
            for (int i = 0; i < 700; ++i) {
                sessions.push_back(session());
            }
            data_.add(sessions);
            known_.insert(known_.end(), sessions.begin(), sessions.end());
        }
    }

    std::string skewed(const std::string& name, int most) {
        const double random = std::uniform_real_distribution<>()(random_);
        return name + std::to_string(static_cast<int>(most * std::pow(random, 4)) + 1);
    }

    KnownSession session() {
        KnownSession made;
        std::array<std::uint8_t, 10> bits{};
        std::ranges::generate(bits, [&] { return static_cast<std::uint8_t>(random_()); });
        made.id = Uuid::v7(randomTime(), bits);
        made.sensor = sensors_[random_() % sensors_.size()];
        made.protocol = "ftp";
        made.traffic = random_() % 8 == 0 ? "known-scanner" : "attack";
        made.source = skewed("192.0.2.", 250);
        made.port = 21;
        for (auto left = random_() % 4; left > 0; --left) {
            made.credentials.push_back("root / " + skewed("pw", 300));
            made.commands.push_back("GET " + skewed("file", 100));
        }
        return made;
    }

    ReportMoment randomTime() {
        return begin_ + std::chrono::microseconds(random_() % static_cast<std::uint64_t>(kSpan / 1us));
    }

    ReportScope randomScope() {
        ReportScope scope;
        std::tie(scope.from, scope.to) = std::minmax({randomTime(), randomTime()});
        scope.traffic = {"attack"};
        if (random_() % 3 == 0) {
            scope.traffic.emplace_back("known-scanner");
        }
        return scope;
    }

    std::vector<const KnownSession*> in(const ReportScope& scope) const {
        std::vector<const KnownSession*> found;
        for (const auto& session : known_) {
            if (session.start() >= scope.from && session.start() < scope.to &&
                std::ranges::count(scope.traffic, session.traffic) > 0) {
                found.push_back(&session);
            }
        }
        return found;
    }

    std::map<std::string, std::uint64_t> counted(const ReportScope& scope, v1::TopField field) const {
        std::map<std::string, std::uint64_t> counts;
        for (const auto* session : in(scope)) {
            const auto keys = field == v1::TOP_FIELD_SOURCE       ? std::vector{session->source}
                              : field == v1::TOP_FIELD_CREDENTIAL ? session->credentials
                                                                  : session->commands;
            for (const auto& key : keys) {
                ++counts[key];
            }
        }
        return counts;
    }

    // The leaders are right, and whoever is left out has no more than the last of them.
    static void expectLeaders(const std::vector<Leader>& leaders, std::map<std::string, std::uint64_t> counts,
                              std::size_t limit) {
        EXPECT_EQ(leaders.size(), std::min(limit, counts.size()));
        EXPECT_TRUE(std::ranges::is_sorted(leaders, std::ranges::greater{}, &Leader::count));
        for (const auto& leader : leaders) {
            EXPECT_EQ(leader.count, counts[shown(leader)]) << leader.label;
            counts.erase(shown(leader));
        }
        for (const auto& [label, count] : counts) {
            EXPECT_LE(count, leaders.back().count) << label;
        }
    }

    /// How many questions were decided.
    int compareLeaders(v1::TopField field, std::uint32_t listed) {
        int decided = 0;
        for (int round = 0; round < 15; ++round) {
            SCOPED_TRACE(round);
            const auto scope = randomScope();
            const auto limit = static_cast<std::uint32_t>(1 + random_() % 6);
            pqxx::work work(connection_->session());
            const auto leaders = findLeaders(work, scope, field, limit, listed);
            if (leaders) {
                ++decided;
                expectLeaders(*leaders, counted(scope, field), limit);
            }
        }
        return decided;
    }

    void compareSources() {
        for (int round = 0; round < 30; ++round) {
            SCOPED_TRACE(round);
            const auto scope = randomScope();
            std::set<std::string> seen;
            std::set<std::string> before;
            for (const auto& session : known_) {
                if (std::ranges::count(scope.traffic, session.traffic) > 0 && session.start() < scope.to) {
                    (session.start() < scope.from ? before : seen).insert(session.source);
                }
            }
            pqxx::work work(connection_->session());
            const auto counts = countSources(work, scope);
            EXPECT_EQ(counts.seen, seen.size());
            EXPECT_EQ(counts.fresh, static_cast<std::uint64_t>(std::ranges::count_if(
                                        seen, [&](const auto& source) { return !before.contains(source); })));
        }
    }

    /// Every fifth session becomes another kind of traffic, as `known retag` has it.
    void retag() {
        std::string ids;
        std::string tags;
        for (std::size_t i = 0; i < known_.size(); i += 5) {
            auto& traffic = known_[i].traffic;
            traffic = traffic == "attack" ? "known-scanner" : "attack";
            ids += (ids.empty() ? "" : ",") + known_[i].id.text();
            tags += std::string(tags.empty() ? "" : ",") + (traffic == "attack" ? "\"\"" : traffic);
        }
        ASSERT_NE(database_.ask("SET search_path = apiary; SELECT retag_sessions('{" + ids + "}'::uuid[], '{" + tags +
                                "}'::text[])"),
                  "0");
    }

    std::mt19937_64 random_{20261126};
    const ReportMoment begin_ =
        std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()) - 48h + 20min + 3us;
    test::TestDatabase database_;
    test::ReportData data_{database_};
    std::vector<std::int32_t> sensors_;
    std::vector<KnownSession> known_;
    std::unique_ptr<Connection> connection_;
};

/// One collector, of which the database knows.
class LoneReportLeadersTest : public ReportLeadersTest {
protected:
    LoneReportLeadersTest() : ReportLeadersTest(1) {}
};

TEST_F(ReportLeadersTest, AreThoseOfTheRowsWhateverTheListsHold) {
    for (const auto field : {v1::TOP_FIELD_SOURCE, v1::TOP_FIELD_CREDENTIAL, v1::TOP_FIELD_COMMAND}) {
        for (const std::uint32_t listed : {1U, 3U, 10U, kListedOfEachHour}) {
            SCOPED_TRACE("field " + std::to_string(field) + ", listed " + std::to_string(listed));
            const int decided = compareLeaders(field, listed);
            if (field == v1::TOP_FIELD_COMMAND || listed == kListedOfEachHour) {
                EXPECT_GT(decided, 0);
            }
        }
    }
}

TEST_F(ReportLeadersTest, AreNotToldByListsThatAreTooShort) {
    EXPECT_LT(compareLeaders(v1::TOP_FIELD_SOURCE, 1), 15);
}

TEST_F(ReportLeadersTest, AreThoseOfTheRowsAfterRetagging) {
    retag();
    for (const auto field : {v1::TOP_FIELD_SOURCE, v1::TOP_FIELD_CREDENTIAL, v1::TOP_FIELD_COMMAND}) {
        SCOPED_TRACE(field);
        compareLeaders(field, 10);
    }
    compareSources();
}

TEST_F(ReportLeadersTest, AreNoneInAnEmptyRange) {
    ReportScope scope;
    scope.from = scope.to = begin_ - 5h;
    scope.traffic = {"attack"};
    pqxx::work work(connection_->session());
    EXPECT_TRUE(findLeaders(work, scope, v1::TOP_FIELD_SOURCE, 5)->empty());
    scope.from -= 90min;
    EXPECT_TRUE(findLeaders(work, scope, v1::TOP_FIELD_SOURCE, 5)->empty());
    EXPECT_EQ(countSources(work, scope).seen, 0U);
}

TEST_F(ReportLeadersTest, KeysAreCountedInOtherRangesToo) {
    for (int round = 0; round < 10; ++round) {
        SCOPED_TRACE(round);
        pqxx::work work(connection_->session());
        const auto leaders = findLeaders(work, randomScope(), v1::TOP_FIELD_COMMAND, 5);
        ASSERT_TRUE(leaders);
        std::vector<std::string> keys;
        for (const auto& leader : *leaders) {
            keys.push_back(leader.key);
        }
        const auto other = randomScope();
        auto counts = counted(other, v1::TOP_FIELD_COMMAND);
        for (const auto& leader : countKeys(work, other, v1::TOP_FIELD_COMMAND, keys)) {
            EXPECT_EQ(leader.count, counts[shown(leader)]);
            std::erase(keys, leader.key);
        }
        for (const auto& key : keys) {
            EXPECT_EQ(counts[key], 0U) << key;
        }
    }
}

TEST_F(ReportLeadersTest, UniqueSourcesAreThoseOfTheRows) {
    compareSources();
}

TEST_F(LoneReportLeadersTest, UniqueSourcesAreThoseOfTheRows) {
    EXPECT_EQ(database_.ask("SELECT count(*) FROM apiary.counted_collector"), "1");
    compareSources();
    retag();
    compareSources();
}

}  // namespace
}  // namespace apiary::collector
