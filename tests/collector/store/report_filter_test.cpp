#include "collector/store/report_search.hpp"
#include "collector/store/report_turned_filter.hpp"
#include "tests/collector/store/report_fixture.hpp"

#include <functional>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

// Each filter, and several at once, page by page.
TEST_F(ReportReaderTest, ListsWhatAFilterLetsThrough) {
    const auto has = [](const auto& values, auto fits) { return std::ranges::any_of(values, fits); };
    for (int round = 0; round < 80; ++round) {
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
        ReportReader& reader = round % 2 == 0 ? *reader_ : *hasty_;
        std::vector<std::string> listed;
        PageKey key;
        for (bool more = true; more;) {
            const auto page = reader.listSessions(wanted, key, 7, filter);
            for (const auto& row : page.rows()) {
                listed.push_back(row.session_id());
            }
            more = page.more();
            if (more) {
                key.before = Uuid::ofBytes(listed.back());
            }
        }
        EXPECT_EQ(listed, known);
        const auto counted = reader.count(wanted, filter);
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

TEST_F(ReportReaderTest, TurnsRoundWhatIsLeftOut) {
    const auto wanted = scope(begin_, begin_ + 96h);
    ReportTransaction transaction(connection_->session());
    SessionFilter filter;
    filter.without.protocols = {"ftp", "http"};
    filter.without.transports = {"udp"};
    filter.without.loginAccepted = true;
    const auto turned = turnedRound(transaction, wanted, filter);
    ASSERT_TRUE(turned);
    EXPECT_EQ(turned->protocols, std::vector<std::string>{"telnet"});
    EXPECT_EQ(turned->transports, std::vector<std::string>{"tcp"});
    EXPECT_EQ(turned->loginAccepted, false);
    EXPECT_EQ(turned->without, SessionConditions{});
    filter.protocols = {"ftp"};
    EXPECT_FALSE(turnedRound(transaction, wanted, filter));
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

/// A condition of a filter, and the same by hand.
struct Condition {
    std::function<void(SessionConditions&)> set;
    std::function<bool(const test::KnownSession&)> holds;
};

// What a session must not be: each condition alone, with and without what it must be.
TEST_F(ReportReaderTest, LeavesOutWhatAFilterSays) {
    const auto has = [](const auto& values, auto fits) { return std::ranges::any_of(values, fits); };
    std::set<std::string> before;
    const std::vector<Condition> conditions{
        {[](auto& c) { c.sourceNetwork = "2001:db8::/32"; },
         [](const auto& s) { return s.source.starts_with("2001"); }},
        {[](auto& c) {
             c.ports = {21, 23};
         },
         [](const auto& s) { return s.port == 21 || s.port == 23; }},
        {[](auto& c) { c.username = "user1"; },
         [&](const auto& s) {
             return has(s.credentials, [](const auto& pair) { return pair.starts_with("user1 / "); });
         }},
        {[](auto& c) { c.secret = "pw2"; },
         [&](const auto& s) { return has(s.credentials, [](const auto& pair) { return pair.ends_with(" / pw2"); }); }},
        {[](auto& c) { c.outcomes = {"reset"}; }, [](const auto& s) { return s.outcome == "reset"; }},
        {[](auto& c) { c.commandText = "T file1"; },
         [&](const auto& s) {
             return has(s.commands, [](const auto& command) { return command.find("T file1") != std::string::npos; });
         }},
        {[](auto& c) { c.command = "NOOP "; },
         [&](const auto& s) { return has(s.commands, [](const auto& command) { return command == "NOOP "; }); }},
        {[](auto& c) { c.artifact = hexOf("content1"); },
         [&](const auto& s) { return has(s.artifacts, [](const auto& name) { return name == "content1"; }); }},
        {[](auto& c) { c.weekHours = {0, 25, 60, 61, 100, 150}; },
         [&](const auto& s) {
             return has(std::vector{0, 25, 60, 61, 100, 150}, [&](int hour) { return hour == weekHour(s); });
         }},
        {[](auto& c) { c.transports = {"udp"}; }, [](const auto&) { return false; }},
        {[](auto& c) { c.loginAccepted = true; }, [](const auto&) { return false; }},
        {[](auto& c) {
             c.countries = {"CA", "CB"};
         },
         [](const auto& s) { return s.country == "CA" || s.country == "CB"; }},
        {[](auto& c) {
             c.countries = {"CA", "??"};
         },
         [](const auto& s) { return s.country == "CA" || s.country.empty(); }},
        {[](auto& c) { c.networks = {"64500"}; }, [](const auto&) { return false; }},
        {[](auto& c) {
             c.protocols = {"ftp", "http"};
         },
         [](const auto& s) { return s.protocol != "telnet"; }},
        {[this](auto& c) {
             c.sensors = {sensors_[1], sensors_[3]};
         },
         [this](const auto& s) { return s.sensor == sensors_[1] || s.sensor == sensors_[3]; }},
        {[](auto& c) { c.loginTried = true; }, [](const auto& s) { return !s.credentials.empty(); }},
        {[](auto& c) { c.loginTried = false; }, [](const auto& s) { return s.credentials.empty(); }},
        {[](auto& c) { c.sourceIsNew = true; }, [&](const auto& s) { return !before.contains(s.source); }},
        {[](auto& c) { c.sourceIsNew = false; }, [&](const auto& s) { return before.contains(s.source); }}};
    for (std::size_t i = 0; i < 4 * conditions.size(); ++i) {
        SCOPED_TRACE(i);
        const auto wanted = randomScope();
        before = knownBefore(wanted);
        const Condition& left = conditions[i % conditions.size()];
        const Condition& also = conditions[random_() % conditions.size()];
        const Condition& kept = conditions[random_() % conditions.size()];
        SessionFilter filter;
        left.set(filter.without);
        const bool two = random_() % 2 == 0;
        if (two) {
            also.set(filter.without);
        }
        const bool must = random_() % 3 == 0;
        if (must) {
            kept.set(filter);
        }
        // What is set twice, such as two lists of countries, is what was set last.
        SessionConditions first;
        left.set(first);
        SessionConditions both = first;
        also.set(both);
        SessionConditions second;
        also.set(second);
        const bool replaced = two && both == second;
        std::vector<std::string> known;
        std::set<std::string> sources;
        for (const auto* session : data_.in(wanted)) {
            if (!(!replaced && left.holds(*session)) && !(two && also.holds(*session)) &&
                (!must || kept.holds(*session))) {
                known.emplace_back(session->id.view());
                sources.insert(session->source);
            }
        }
        std::vector<std::string> listed;
        ReportReader& reader = random_() % 2 == 0 ? *reader_ : *hasty_;
        for (const auto& row : pages(reader, wanted, 11, filter)) {
            listed.push_back(row.session_id());
        }
        EXPECT_EQ(listed, known);
        const auto counted = reader.count(wanted, filter);
        EXPECT_EQ(counted.sessions(), known.size());
        EXPECT_EQ(counted.sources(), sources.size());
    }
}

// What a tile counts, its list has.
TEST_F(ReportReaderTest, ListsBehindATileWhatItCounts) {
    for (int round = 0; round < 30; ++round) {
        SCOPED_TRACE(round);
        const auto wanted = randomScope();
        const auto totals = reader_->totals(wanted);
        SessionFilter tried;
        tried.loginTried = true;
        EXPECT_EQ(reader_->count(wanted, tried).times(), totals.credentials());
        std::uint64_t tries = 0;
        for (const auto& row : pages(wanted, 100, tried)) {
            EXPECT_GT(row.credentials(), 0U);
            tries += row.credentials();
        }
        EXPECT_EQ(tries, totals.credentials());
        SessionFilter fresh;
        fresh.sourceIsNew = true;
        EXPECT_EQ(reader_->count(wanted, fresh).sources(), totals.new_sources());
        std::set<std::string> sources;
        for (const auto& row : pages(*hasty_, wanted, 100, fresh)) {
            sources.insert(row.source().address());
        }
        EXPECT_EQ(sources.size(), totals.new_sources());
        EXPECT_EQ(reader_->count(wanted, {}).sources(), totals.sources());
    }
}

TEST(ParseSessionFilterTest, ReadsWhatMustNotBe) {
    v1::SessionFilter wire;
    wire.mutable_without()->add_target_ports(23);
    wire.mutable_without()->add_protocols("telnet");
    wire.mutable_without()->set_login_tried(true);
    wire.set_source_is_new(true);
    const auto filter = parseSessionFilter(wire);
    ASSERT_TRUE(filter);
    EXPECT_EQ(filter->without.ports, std::vector<std::int32_t>{23});
    EXPECT_EQ(filter->without.protocols, std::vector<std::string>{"telnet"});
    EXPECT_EQ(filter->without.loginTried, true);
    EXPECT_EQ(filter->sourceIsNew, true);
    wire.mutable_without()->mutable_without()->add_target_ports(24);
    EXPECT_FALSE(parseSessionFilter(wire));
    wire.mutable_without()->clear_without();
    wire.mutable_without()->add_protocols("TELNET'");
    EXPECT_FALSE(parseSessionFilter(wire));
}

}  // namespace
}  // namespace apiary::collector
