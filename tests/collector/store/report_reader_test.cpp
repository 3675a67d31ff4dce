#include "tests/collector/store/report_fixture.hpp"

#include <pqxx/except>
#include <pqxx/transaction>

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <span>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

TEST_F(ReportReaderTest, EveryCountIsTheNumberOfItsRows) {
    for (int round = 0; round < 60; ++round) {
        const auto wanted = randomScope();
        SCOPED_TRACE(round);
        const auto known = data_.in(wanted);
        const auto rows = pages(wanted, 50);
        ASSERT_EQ(rows.size(), known.size());
        for (std::size_t i = 0; i < rows.size(); ++i) {
            ASSERT_EQ(rows[i].session_id(), known[i]->id.view());
        }
        EXPECT_EQ(reader_->totals(wanted).sessions(), known.size());
        const auto step = random_() % 2 == 0 ? 300s * (1 + random_() % 20) : 3600s * (1 + random_() % 30);
        std::uint64_t inSeries = 0;
        const auto reply = reader_->series(wanted, step);
        for (const auto& series : reply.series()) {
            inSeries += series.total();
            EXPECT_EQ(std::accumulate(series.sessions().begin(), series.sessions().end(), std::uint64_t{0}),
                      series.total());
        }
        EXPECT_EQ(inSeries, known.size());
    }
}

TEST_F(ReportReaderTest, FilesEachSessionInItsBucket) {
    for (int round = 0; round < 20; ++round) {
        const auto wanted = randomScope();
        const auto step = round % 2 == 0 ? 600s : 7200s;
        std::map<std::pair<std::string, std::uint64_t>, std::uint64_t> known;
        for (const auto* session : data_.in(wanted)) {
            ++known[{session->protocol,
                     static_cast<std::uint64_t>(bucketOf(session->start(), step).time_since_epoch().count())}];
        }
        std::map<std::pair<std::string, std::uint64_t>, std::uint64_t> charted;
        const auto reply = reader_->series(wanted, step);
        for (const auto& series : reply.series()) {
            ASSERT_EQ(series.sessions_size(), reply.bucket_us_size());
            for (int i = 0; i < series.sessions_size(); ++i) {
                if (series.sessions(i) > 0) {
                    charted[{series.protocol(), reply.bucket_us(i)}] = series.sessions(i);
                }
            }
        }
        EXPECT_EQ(charted, known);
    }
}

TEST_F(ReportReaderTest, AddsUpWhatTheSessionsHold) {
    for (int round = 0; round < 30; ++round) {
        const auto wanted = randomScope();
        std::uint64_t in = 0;
        std::uint64_t out = 0;
        std::uint64_t credentials = 0;
        std::set<std::string> sources;
        for (const auto* session : data_.in(wanted)) {
            in += session->bytesIn;
            out += session->bytesOut;
            credentials += session->credentials.size();
            sources.insert(session->source);
        }
        const auto before = knownBefore(wanted);
        const auto totals = reader_->totals(wanted);
        EXPECT_EQ(totals.bytes_in(), in);
        EXPECT_EQ(totals.bytes_out(), out);
        EXPECT_EQ(totals.credentials(), credentials);
        EXPECT_EQ(totals.sources(), sources.size());
        EXPECT_EQ(totals.new_sources(), static_cast<std::uint64_t>(std::ranges::count_if(
                                            sources, [&](const auto& source) { return !before.contains(source); })));
    }
}

TEST_F(ReportReaderTest, NamesTheLeadersOfEveryField) {
    const auto one = [](auto text) { return std::vector<std::string>{text}; };
    for (int round = 0; round < 20; ++round) {
        SCOPED_TRACE(round);
        const auto wanted = randomScope();
        const auto known = data_.in(wanted);
        const auto expect = [&](v1::TopField field, const auto& keys) {
            const auto got = leaders(wanted, field);
            EXPECT_TRUE(std::ranges::is_sorted(got, [](const auto& a, const auto& b) { return a.second > b.second; }));
            EXPECT_EQ((std::multimap<std::string, std::uint64_t>{got.begin(), got.end()}), counted(known, keys))
                << field;
        };
        expect(v1::TOP_FIELD_SOURCE, [&](const auto& session) { return one(session.source); });
        expect(v1::TOP_FIELD_PROTOCOL, [&](const auto& session) { return one(session.protocol); });
        expect(v1::TOP_FIELD_PORT, [&](const auto& session) { return one(std::to_string(session.port) + "/tcp"); });
        expect(v1::TOP_FIELD_CREDENTIAL, [](const auto& session) { return session.credentials; });
        expect(v1::TOP_FIELD_SENSOR,
               [&](const auto& session) { return one("s" + std::to_string(session.sensor - sensors_[0] + 1)); });
        expect(v1::TOP_FIELD_COUNTRY,
               [&](const auto& session) { return one(session.country.empty() ? std::string("??") : session.country); });
        expect(v1::TOP_FIELD_COMMAND, [](const auto& session) { return session.commands; });
        expect(v1::TOP_FIELD_ARTIFACT, [](const auto& session) {
            std::vector<std::string> digests;
            for (const auto& content : session.artifacts) {
                digests.push_back(hexOf(content));
            }
            return digests;
        });
    }
}

/// Ranges within an hour, over its ends and over several, which end on five minutes, on hours, and a microsecond
/// beside.
TEST_F(ReportReaderTest, LeadersAreExactWhereverARangeEnds) {
    using namespace std::chrono_literals;
    std::vector<ReportMoment> edges;
    for (const auto minute : {0min, 5min, 29min, 55min, 60min, 91min, 120min, 185min}) {
        for (const auto beside : {-1us, 0us, 1us}) {
            edges.push_back(begin_ + 30h + minute + beside);
        }
    }
    const auto one = [](auto text) { return std::vector<std::string>{text}; };
    for (std::size_t i = 0; i < edges.size(); ++i) {
        for (std::size_t j = i + 1; j < edges.size(); j += 2) {
            SCOPED_TRACE(std::to_string(i) + " to " + std::to_string(j));
            const auto wanted = scope(edges[i], edges[j]);
            const auto known = data_.in(wanted);
            const auto expect = [&](v1::TopField field, const auto& keys) {
                const auto got = leaders(wanted, field);
                EXPECT_EQ((std::multimap<std::string, std::uint64_t>{got.begin(), got.end()}), counted(known, keys));
            };
            expect(v1::TOP_FIELD_PORT, [&](const auto& session) { return one(std::to_string(session.port) + "/tcp"); });
            expect(v1::TOP_FIELD_SENSOR,
                   [&](const auto& session) { return one("s" + std::to_string(session.sensor - sensors_[0] + 1)); });
            if (known.size() > 40) {  // of few it may be that no country is known at all, which is no answer
                expect(v1::TOP_FIELD_COUNTRY, [&](const auto& session) {
                    return one(session.country.empty() ? std::string("\?\?") : session.country);
                });
            }
        }
    }
}

TEST_F(ReportReaderTest, ComparesWithTheRangeBefore) {
    for (int round = 0; round < 10; ++round) {
        SCOPED_TRACE(round);
        const auto wanted = randomScope();
        auto earlier = wanted;
        earlier.to = wanted.from;
        earlier.from = wanted.from - (wanted.to - wanted.from);
        const auto totals = reader_->totals(wanted, true);
        EXPECT_EQ(totals.previous().sessions(), data_.in(earlier).size());
        EXPECT_EQ(totals.previous().SerializeAsString(), reader_->totals(earlier).SerializeAsString());
        EXPECT_FALSE(reader_->totals(wanted).has_previous());
        for (int field = v1::TOP_FIELD_SOURCE; field <= v1::TOP_FIELD_NETWORK; ++field) {
            std::map<std::string, std::uint64_t> then;
            for (const auto& [key, count] : leaders(earlier, static_cast<v1::TopField>(field))) {
                then[key] = count;
            }
            const auto reply = reader_->top(wanted, static_cast<v1::TopField>(field), 3, true);
            for (const auto& entry : reply.entries()) {
                EXPECT_EQ(entry.previous(), then[entry.key()]) << field << ' ' << entry.key();
            }
        }
    }
}

TEST_F(ReportReaderTest, NamesUserAndSecretOfALeader) {
    const auto reply = reader_->top(scope(begin_, begin_ + 96h), v1::TOP_FIELD_CREDENTIAL, 5);
    ASSERT_GT(reply.entries_size(), 0);
    for (const auto& entry : reply.entries()) {
        EXPECT_TRUE(entry.username().starts_with("user")) << entry.username();
        EXPECT_EQ(entry.key(), entry.username() + " / " + entry.secret());
    }
}

TEST_F(ReportReaderTest, ChartsCredentials) {
    for (int round = 0; round < 10; ++round) {
        const auto wanted = randomScope();
        std::uint64_t known = 0;
        for (const auto* session : data_.in(wanted)) {
            known += session->credentials.size();
        }
        std::uint64_t charted = 0;
        const auto reply = reader_->series(wanted, round % 2 == 0 ? 600s : 7200s, v1::SERIES_FIELD_CREDENTIALS);
        for (const auto& series : reply.series()) {
            charted += std::accumulate(series.sessions().begin(), series.sessions().end(), std::uint64_t{0});
        }
        EXPECT_EQ(charted, known);
    }
}

TEST_F(ReportReaderTest, FilesActivityByDayOfTheWeekAndHour) {
    for (int round = 0; round < 20; ++round) {
        const auto wanted = randomScope();
        std::vector<std::uint64_t> known(168, 0);
        for (const auto* session : data_.in(wanted)) {
            ++known[static_cast<std::size_t>(weekHour(*session))];
        }
        const auto reply = reader_->activity(wanted);
        EXPECT_EQ((std::vector<std::uint64_t>{reply.sessions().begin(), reply.sessions().end()}), known);
    }
}

TEST_F(ReportReaderTest, CountsTheWholeListWithoutAFilter) {
    for (int round = 0; round < 10; ++round) {
        const auto wanted = randomScope();
        std::set<std::string> sources;
        for (const auto* session : data_.in(wanted)) {
            sources.insert(session->source);
        }
        const auto counted = reader_->count(wanted, {});
        EXPECT_EQ(counted.sessions(), data_.in(wanted).size());
        EXPECT_EQ(counted.sources(), sources.size());
    }
}

TEST_F(ReportReaderTest, CutsLeadersAtTheLimit) {
    const auto wanted = scope(begin_, begin_ + 96h);
    const auto all = leaders(wanted, v1::TOP_FIELD_SOURCE);
    const auto three = leaders(wanted, v1::TOP_FIELD_SOURCE, 3);
    ASSERT_EQ(three.size(), 3U);
    EXPECT_TRUE(std::ranges::equal(three, std::span(all).first(3)));
}

TEST_F(ReportReaderTest, CountsNothingInAnEmptyRange) {
    const auto wanted = scope(begin_ + 1h, begin_ + 1h);
    EXPECT_EQ(reader_->totals(wanted).sessions(), 0U);
    EXPECT_EQ(reader_->series(wanted, 300s).bucket_us_size(), 0);
    EXPECT_EQ(reader_->listSessions(wanted, {}, 10).rows_size(), 0);
}

TEST_F(ReportReaderTest, ShowsARowAsItIs) {
    const auto rows = pages(scope(begin_, begin_ + 96h), 1000);
    const auto known = data_.in(scope(begin_, begin_ + 96h));
    const auto& row = rows.front();
    EXPECT_EQ(row.sensor_id(), known.front()->sensor);
    EXPECT_EQ(row.sensor(), "s" + std::to_string(known.front()->sensor - sensors_[0] + 1));
    EXPECT_EQ(row.protocol(), known.front()->protocol);
    EXPECT_EQ(row.started_at_us(), static_cast<std::uint64_t>(known.front()->start().time_since_epoch().count()));
    EXPECT_EQ(row.ended_at_us(), row.started_at_us() + 1'000'000);
    EXPECT_EQ(row.target().address(), std::string("\xc6\x33\x64\x01", 4));
    EXPECT_EQ(row.outcome(), known.front()->outcome);
    EXPECT_EQ(row.traffic(), "attack");
    EXPECT_EQ(row.bytes_in(), known.front()->bytesIn);
}

TEST_F(ReportReaderTest, ShowsTheFirstLoginAndWhenTheSourceWasFirstSeen) {
    const auto rows = pages(scope(begin_, begin_ + 96h), 100);
    const auto known = data_.in(scope(begin_, begin_ + 96h));
    ASSERT_EQ(rows.size(), known.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto& session = *known[i];
        ASSERT_EQ(rows[i].has_first_username(), !session.credentials.empty());
        if (!session.credentials.empty()) {
            EXPECT_EQ(rows[i].first_username() + " / " + rows[i].first_secret(), session.credentials.front());
        }
        auto first = session.start();
        for (const auto& other : data_.all()) {
            first = other.source == session.source ? std::min(first, other.start()) : first;
        }
        EXPECT_EQ(rows[i].source_first_seen_us(), static_cast<std::uint64_t>(first.time_since_epoch().count()));
    }
}

TEST_F(ReportReaderTest, SaysHowManySessionsOfTheSourceCameBefore) {
    for (std::size_t i = 0; i < data_.all().size(); i += 37) {
        const auto& session = data_.all()[i];
        const auto before = std::ranges::count_if(
            data_.all(), [&](const auto& other) { return other.source == session.source && other.id < session.id; });
        const auto detail = reader_->session(session.id);
        ASSERT_TRUE(detail);
        EXPECT_EQ(detail->sessions_before(), static_cast<std::uint64_t>(before));
    }
}

TEST_F(ReportReaderTest, ListsTagsOfTheirSessions) {
    auto wanted = scope(begin_, begin_ + 96h);
    wanted.traffic = {"self-test"};
    for (const auto& row : pages(wanted, 1000)) {
        ASSERT_EQ(row.tags_size(), 1);
        EXPECT_EQ(row.tags(0), "self-test");
    }
}

TEST_F(ReportReaderTest, CannotWrite) {
    EXPECT_THROW(
        {
            pqxx::work work(connection_->session());
            work.exec0("DELETE FROM apiary.session_open");
        },
        pqxx::sql_error);
}

}  // namespace
}  // namespace apiary::collector
