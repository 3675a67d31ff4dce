#include "collector/store/column_values.hpp"
#include "collector/store/report_sql.hpp"
#include "tests/collector/store/report_fixture.hpp"

#include <pqxx/transaction>

#include <array>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

struct KnownProbe {
    Uuid id;
    std::int32_t sensor = 0;
    std::string source;
    std::string traffic;
    std::string tool;  // empty: none
    std::int32_t packets = 0;

    bool fits(const ReportScope& wanted) const {
        return start() >= wanted.from && start() < wanted.to &&
               (wanted.sensors.empty() || std::ranges::count(wanted.sensors, sensor) > 0) &&
               std::ranges::count(wanted.traffic, traffic) > 0 && (wanted.source.empty() || wanted.source == source);
    }
    ReportMoment start() const { return std::chrono::time_point_cast<std::chrono::microseconds>(id.time()); }
};

constexpr const char* kInsert = R"(
    INSERT INTO apiary.probe(probe_id, started_at, ended_at, sensor_id, collector_id, source, target, target_port, kind, packets,
        reason, tool, tags, country)
    SELECT u, apiary.uuid_time(u), apiary.uuid_time(u) + interval '9 s', s, 1, a, '198.51.100.1', CASE WHEN p % 2 = 0 THEN 23 END,
        CASE WHEN p % 2 = 0 THEN 'syn' ELSE 'icmp' END, p, 'addresses=256 ttl=243', nullif(l, ''),
        CASE WHEN t = 'attack' THEN '{}' ELSE ARRAY[t] END, 'NL'
      FROM unnest($1::uuid[], $2::int[], $3::inet[], $4::text[], $5::text[], $6::int[]) x(u, s, a, t, l, p))";

/// The same with 600 probes in these four days, several of them in one millisecond.
class ReportProbesTest : public ReportReaderTest {
protected:
    ReportProbesTest() {
        static constexpr std::array<const char*, 5> kTools{"masscan", "masscan", "zmap", "nmap", ""};
        static constexpr std::array<const char*, 4> kTraffic{"attack", "attack", "known-scanner", "self-test"};
        std::vector<std::string> ids, sources, traffic, tools;
        std::vector<std::int32_t> sensors, packets;
        for (int i = 0; i < 600; ++i) {
            std::array<std::uint8_t, 10> bits{};
            std::ranges::generate(bits, [this] { return static_cast<std::uint8_t>(random_()); });
            const auto at = i % 4 == 3 ? probes_.back().start() : randomTime();
            probes_.push_back({.id = Uuid::v7(at, bits),
                               .sensor = sensors_[random_() % sensors_.size()],
                               .source = data_.all()[random_() % data_.all().size()].source,
                               .traffic = kTraffic[random_() % kTraffic.size()],
                               .tool = kTools[random_() % kTools.size()],
                               .packets = static_cast<std::int32_t>(random_() % 1000)});
            const auto& probe = probes_.back();
            ids.push_back(probe.id.text());
            sensors.push_back(probe.sensor);
            sources.push_back(probe.source);
            traffic.push_back(probe.traffic);
            tools.push_back(probe.tool);
            packets.push_back(probe.packets);
        }
        Connection connection(database_.superuser());
        connection.session().set_variable("default_transaction_read_only", "off");
        pqxx::work work(connection.session());
        work.exec_params(kInsert, arrayText(ids), arrayText(sensors), arrayText(sources), arrayText(traffic),
                         arrayText(tools), arrayText(packets));
        work.exec_params("SELECT apiary.rollup_add_probes($1::uuid[])", arrayText(ids));
        work.commit();
    }

    /// Those of a scope with the marks of some tool, newest first; protocols do not apply.
    std::vector<const KnownProbe*> in(const ReportScope& wanted) const {
        std::vector<const KnownProbe*> found;
        for (const auto& probe : probes_) {
            if (!probe.tool.empty() && probe.fits(wanted)) {
                found.push_back(&probe);
            }
        }
        std::ranges::sort(found, [](const auto* a, const auto* b) { return a->id > b->id; });
        return found;
    }
    std::map<std::string, std::uint64_t> byTool(const ReportScope& wanted) const {
        std::map<std::string, std::uint64_t> counts;
        for (const auto* probe : in(wanted)) {
            ++counts[probe->tool];
        }
        return counts;
    }

    std::vector<KnownProbe> probes_;
};

TEST_F(ReportProbesTest, CountsToolsAsTheRowsDo) {
    std::uint64_t all = 0;
    for (int round = 0; round < 60; ++round) {
        SCOPED_TRACE(round);
        const auto wanted = randomScope();
        const auto got = leaders(wanted, v1::TOP_FIELD_TOOL);
        EXPECT_TRUE(std::ranges::is_sorted(got, [](const auto& a, const auto& b) { return a.second > b.second; }));
        EXPECT_EQ((std::map<std::string, std::uint64_t>{got.begin(), got.end()}), byTool(wanted));
        all += got.size();
    }
    EXPECT_GT(all, 60U);
}

TEST_F(ReportProbesTest, TotalsCountThemAllAsTheRowsDo) {
    for (int round = 0; round < 60; ++round) {
        SCOPED_TRACE(round);
        const auto wanted = randomScope();
        const auto known = std::ranges::count_if(probes_, [&](const auto& probe) { return probe.fits(wanted); });
        EXPECT_EQ(reader_->totals(wanted).probes(), static_cast<std::uint64_t>(known));
    }
}

TEST_F(ReportProbesTest, ComparesToolsWithTheRangeBefore) {
    for (int round = 0; round < 20; ++round) {
        SCOPED_TRACE(round);
        const auto wanted = randomScope();
        auto earlier = byTool(before(wanted));
        const auto reply = reader_->top(wanted, v1::TOP_FIELD_TOOL, 2, true);
        EXPECT_EQ(reply.entries_size(), static_cast<int>(std::min<std::size_t>(2, byTool(wanted).size())));
        for (const auto& entry : reply.entries()) {
            EXPECT_EQ(entry.previous(), earlier[entry.key()]);
        }
    }
}

TEST_F(ReportProbesTest, ListsTheProbesThatAnEntryCounts) {
    for (int round = 0; round < 30; ++round) {
        SCOPED_TRACE(round);
        const auto wanted = randomScope();
        for (const auto& [tool, count] : leaders(wanted, v1::TOP_FIELD_TOOL)) {
            auto known = in(wanted);
            std::erase_if(known, [&](const auto* probe) { return probe->tool != tool; });
            std::vector<v1::ProbeRow> rows;
            PageKey key;
            for (bool more = true; more;) {
                const auto page = reader_->listProbes(wanted, tool, key, 7);
                EXPECT_EQ(page.probes(), rows.empty() ? count : 0U);
                rows.insert(rows.end(), page.rows().begin(), page.rows().end());
                more = page.more();
                key.before = Uuid::ofBytes(rows.back().probe_id());
            }
            ASSERT_EQ(rows.size(), count);
            for (std::size_t i = 0; i < rows.size(); ++i) {
                ASSERT_EQ(rows[i].probe_id(), known[i]->id.view());
            }
        }
    }
}

TEST_F(ReportProbesTest, ShowsAProbeAsItIs) {
    const auto wanted = scope(begin_, begin_ + 96h);
    const auto& known = *in(wanted).front();
    const auto row = reader_->listProbes(wanted, known.tool, {}, 1).rows(0);
    EXPECT_EQ(row.started_at_us(), static_cast<std::uint64_t>(known.start().time_since_epoch().count()));
    EXPECT_EQ(row.ended_at_us(), row.started_at_us() + 9'000'000);
    EXPECT_EQ(row.sensor(), "s" + std::to_string(known.sensor - sensors_[0] + 1));
    EXPECT_EQ(row.target().address(), std::string("\xc6\x33\x64\x01", 4));
    EXPECT_EQ(row.target().port(), known.packets % 2 == 0 ? 23U : 0U);
    EXPECT_EQ(row.kind(), known.packets % 2 == 0 ? "syn" : "icmp");
    EXPECT_EQ(row.packets(), static_cast<std::uint64_t>(known.packets));
    EXPECT_EQ(row.tool(), known.tool);
    EXPECT_EQ(row.reason(), "addresses=256 ttl=243");
    EXPECT_EQ(row.country(), "NL");
    EXPECT_EQ(row.traffic(), "attack");
}

/// The same when the rows of the first day are gone.
class ReportGoneProbesTest : public ReportProbesTest {
protected:
    ReportGoneProbesTest() {
        database_.ask("UPDATE apiary.retained SET rows_from = '" + day(kept_) + "'");
        database_.ask("DELETE FROM apiary.probe WHERE started_at < '" + day(kept_) + "'");
    }
    static std::string day(ReportMoment at) { return momentText(at).substr(0, 10); }

    const ReportMoment kept_ = begin_ + 24h;
};

TEST_F(ReportGoneProbesTest, CountsTheHoursOfDaysThatAreGoneWhole) {
    for (const auto from : {begin_ + 90min, kept_ - 1us}) {
        const auto wanted = scope(from, begin_ + 96h);
        const auto got = leaders(wanted, v1::TOP_FIELD_TOOL);
        EXPECT_EQ((std::map<std::string, std::uint64_t>{got.begin(), got.end()}),
                  byTool(scope(bucketOf(from, 1h), wanted.to)));
    }
}

TEST_F(ReportGoneProbesTest, ComparesWithDaysThatAreGone) {
    const auto wanted = scope(kept_, begin_ + 48h);
    auto earlier = byTool(scope(begin_, kept_));
    const auto reply = reader_->top(wanted, v1::TOP_FIELD_TOOL, 10, true);
    EXPECT_EQ(reply.entries_size(), 3);
    for (const auto& entry : reply.entries()) {
        EXPECT_EQ(entry.previous(), earlier[entry.key()]);
    }
}

TEST_F(ReportGoneProbesTest, ThoseOfOneSourceAreInRowsAlone) {
    auto wanted = scope(begin_, begin_ + 96h);
    wanted.source = probes_.front().source;
    EXPECT_THROW(reader_->top(wanted, v1::TOP_FIELD_TOOL, 10), RowsGone);
    wanted.from = kept_;
    const auto got = leaders(wanted, v1::TOP_FIELD_TOOL);
    EXPECT_EQ((std::map<std::string, std::uint64_t>{got.begin(), got.end()}), byTool(wanted));
}

TEST_F(ReportGoneProbesTest, ListsNoneOfARangeWhoseRowsAreGone) {
    EXPECT_THROW(reader_->listProbes(scope(kept_ - 1us, begin_ + 96h), "masscan", {}, 10), RowsGone);
    const auto wanted = scope(kept_, begin_ + 96h);
    EXPECT_EQ(reader_->listProbes(wanted, "masscan", {}, 10).probes(), byTool(wanted)["masscan"]);
}

TEST_F(ReportGoneProbesTest, SaysSoWhereTheyWentBeforeTheyWereCounted) {
    database_.ask("UPDATE apiary.retained SET probes_from = '" + day(kept_) + "'");
    EXPECT_THROW(reader_->top(scope(kept_ - 1us, begin_ + 96h), v1::TOP_FIELD_TOOL, 10), RowsGone);
    const auto reply = reader_->top(scope(kept_, begin_ + 48h), v1::TOP_FIELD_TOOL, 10, true);
    EXPECT_EQ(reply.entries_size(), 3);
    for (const auto& entry : reply.entries()) {
        EXPECT_EQ(entry.previous(), 0U) << "of the range before nothing is known";
    }
}

}  // namespace
}  // namespace apiary::collector
