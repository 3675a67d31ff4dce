#include "collector/store/report_reader.hpp"

#include "common/crypto/digest.hpp"
#include "tests/collector/store/report_data.hpp"

#include <gtest/gtest.h>
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

ReportMoment today() {
    return std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
}

std::string hexOf(const std::string& content) {
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
int weekHour(const test::KnownSession& session) {
    const auto day = std::chrono::floor<std::chrono::days>(session.start());
    const auto hour = std::chrono::floor<std::chrono::hours>(session.start() - day).count();
    return (static_cast<int>(std::chrono::weekday(day).iso_encoding()) - 1) * 24 + static_cast<int>(hour);
}

/// Some 1,200 random sessions of four days, five sensors, every kind of traffic.
class ReportReaderTest : public testing::Test {
protected:
    ReportReaderTest() {
        sensors_ = data_.addSensors(5);
        data_.addRandom(1200, begin_, begin_ + 96h, random_);
        connection_ = openForReports(database_.writer(), 5s);
        reader_ = std::make_unique<ReportReader>(*connection_);
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
        const auto at = begin_ + std::chrono::microseconds(random_() % static_cast<std::uint64_t>(96h / 1us));
        switch (random_() % 6) {
            case 0:
                return bucketOf(at, 5min);
            case 1:
                return bucketOf(at, 24h);
            default:
                return at;
        }
    }

    std::vector<v1::SessionRow> pages(const ReportScope& wanted, std::uint32_t limit) {
        std::vector<v1::SessionRow> rows;
        PageKey key;
        for (bool more = true; more;) {
            const auto page = reader_->listSessions(wanted, key, limit);
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
    const ReportMoment begin_ = today() - 96h;
    test::TestDatabase database_;
    test::ReportData data_{database_};
    std::vector<std::int32_t> sensors_;
    std::unique_ptr<Connection> connection_;
    std::unique_ptr<ReportReader> reader_;
};

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
        std::set<std::string> before;
        for (const auto& session : data_.all()) {
            if (session.start() < wanted.from && std::ranges::count(wanted.traffic, session.traffic) > 0) {
                before.insert(session.source);
            }
        }
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

// Each filter, and several at once, page by page.
TEST_F(ReportReaderTest, ListsWhatAFilterLetsThrough) {
    const auto has = [](const auto& values, auto fits) { return std::ranges::any_of(values, fits); };
    for (int round = 0; round < 60; ++round) {
        SCOPED_TRACE(round);
        const auto wanted = randomScope();
        SessionFilter filter;
        if (random_() % 3 == 0) {
            filter.sourceNetwork = random_() % 2 == 0 ? "192.0.2.16/28" : "2001:db8::/124";
        }
        if (random_() % 3 == 0) {
            filter.ports = {21, 23};
        }
        if (random_() % 3 == 0) {
            filter.username = "user1";
        }
        if (random_() % 3 == 0) {
            filter.secret = "pw2";
        }
        if (random_() % 3 == 0) {
            filter.outcomes = {"reset"};
        }
        if (random_() % 3 == 0) {
            filter.commandText = random_() % 2 == 0 ? "T file1" : "NOOP";
        }
        if (random_() % 4 == 0) {
            filter.command = "GET file" + std::to_string(random_() % 6);
        }
        const std::string content = "content" + std::to_string(random_() % 4);
        if (random_() % 4 == 0) {
            filter.artifact = hexOf(content);
        }
        if (random_() % 4 == 0) {
            filter.weekHours = {0, 25, 26, 27, 28, 60, 61, 62, 100, 101, 102, 167};
        }
        if (random_() % 4 == 0) {
            filter.transports = {random_() % 3 == 0 ? "udp" : "tcp"};
        }
        const auto inside = [&](const std::string& source) {
            const auto last =
                std::stoul(source.substr(source.find_last_of(".:") + 1), nullptr, source.starts_with("2001") ? 16 : 10);
            return filter.sourceNetwork.starts_with("2001") ? source.starts_with("2001") && last < 16
                                                            : source.starts_with("192") && last / 16 == 1;
        };
        const auto tries = [&](const std::string& pair) {
            return (!filter.username || pair.starts_with(*filter.username + " / ")) &&
                   (!filter.secret || pair.ends_with(" / " + *filter.secret));
        };
        const auto types = [&](const std::string& command) {
            return command.find(filter.commandText) != std::string::npos;
        };
        const auto says = [&](const std::string& command) { return command == filter.command; };
        const auto offers = [&](const std::string& artifact) { return artifact == content; };
        const int named = (filter.username || filter.secret ? 1 : 0) + (filter.commandText.empty() ? 0 : 1) +
                          (filter.command.empty() ? 0 : 1) + (filter.artifact.empty() ? 0 : 1);
        std::vector<std::string> known;
        std::uint64_t times = 0;
        for (const auto* session : data_.in(wanted)) {
            const bool tried = has(session->credentials, tries);
            if ((filter.sourceNetwork.empty() || inside(session->source)) &&
                (filter.ports.empty() || session->port == 21 || session->port == 23) &&
                ((!filter.username && !filter.secret) || tried) &&
                (filter.outcomes.empty() || session->outcome == "reset") &&
                (filter.commandText.empty() || has(session->commands, types)) &&
                (filter.command.empty() || has(session->commands, says)) &&
                (filter.artifact.empty() || has(session->artifacts, offers)) &&
                (filter.weekHours.empty() ||
                 has(filter.weekHours, [&](int hour) { return hour == weekHour(*session); })) &&
                (filter.transports.empty() || filter.transports.front() == "tcp")) {
                known.emplace_back(session->id.view());
                if (named == 1) {
                    times += static_cast<std::uint64_t>(
                        filter.username || filter.secret ? std::ranges::count_if(session->credentials, tries)
                        : !filter.commandText.empty()    ? std::ranges::count_if(session->commands, types)
                        : !filter.command.empty()        ? std::ranges::count_if(session->commands, says)
                                                         : std::ranges::count_if(session->artifacts, offers));
                }
            }
        }
        std::vector<std::string> listed;
        PageKey key;
        for (bool more = true; more;) {
            const auto page = reader_->listSessions(wanted, key, 7, filter);
            for (const auto& row : page.rows()) {
                listed.push_back(row.session_id());
            }
            more = page.more();
            if (more) {
                key.before = Uuid::ofBytes(listed.back());
            }
        }
        EXPECT_EQ(listed, known);
        const auto counted = reader_->count(wanted, filter);
        EXPECT_EQ(counted.sessions(), known.size());
        EXPECT_EQ(counted.times(), times);
        EXPECT_FALSE(counted.more());
    }
}

// More of one login than are looked up one by one, and fewer.
TEST_F(ReportReaderTest, ListsAPopularLoginLikeARareOne) {
    const auto known = data_.in(scope(begin_, begin_ + 96h)).size();
    database_.ask(
        "INSERT INTO apiary.credential(session_id, started_at, seq, at, sensor_id, source, protocol, username, secret, "
        "username_text, secret_text, digest) SELECT session_id, started_at, 1000 + k, started_at, sensor_id, source, "
        "protocol, '', '', 'many', 'pw', sha256('many') FROM apiary.session, generate_series(1, 8) k; "
        "UPDATE apiary.session SET credentials = credentials + 1");
    SessionFilter filter;
    filter.username = "many";
    filter.secret = "pw";
    EXPECT_EQ(reader_->listSessions(scope(begin_, begin_ + 96h), {}, 5000, filter).rows_size(),
              static_cast<int>(known));
    EXPECT_EQ(reader_->count(scope(begin_, begin_ + 96h), filter).sessions(), known);
    const auto few = scope(begin_, begin_ + 3h);
    const auto listed = reader_->listSessions(few, {}, 5000, filter);
    EXPECT_EQ(listed.rows_size(), static_cast<int>(data_.in(few).size()));
    EXPECT_EQ(reader_->count(few, filter).times(), 8 * data_.in(few).size());
}

TEST_F(ReportReaderTest, CountsTheWholeListWithoutAFilter) {
    for (int round = 0; round < 10; ++round) {
        const auto wanted = randomScope();
        EXPECT_EQ(reader_->count(wanted, {}).sessions(), data_.in(wanted).size());
    }
}

TEST_F(ReportReaderTest, TakesAFilterForAValueAndNeverForAStatement) {
    const auto wanted = scope(begin_, begin_ + 96h);
    SessionFilter filter;
    filter.username = "x' OR '1'='1";
    EXPECT_EQ(reader_->listSessions(wanted, {}, 10, filter).rows_size(), 0);
    filter = {};
    filter.commandText = "%";
    EXPECT_EQ(reader_->listSessions(wanted, {}, 10, filter).rows_size(), 0);
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
