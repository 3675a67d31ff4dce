#include "collector/store/report_search.hpp"

#include "tests/collector/store/report_fixture.hpp"

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

// Which way each filter goes, so that the tests of filters go all of them.
TEST_F(ReportReaderTest, LooksForWhatIsRareFirstAndWalksForWhatIsPopular) {
    const auto wanted = scope(begin_, begin_ + 96h);
    ReportTransaction transaction(connection_->session());
    const auto found = [&](auto set, const SearchLimits& limits) {
        SessionFilter filter;
        set(filter);
        return searchPage(transaction, wanted, firstIdFrom(wanted.to), filter, limits);
    };
    const SearchLimits none{
        .rows = 1, .deeds = 1, .pairs = 1, .sources = 1, .ofSources = 1, .hashed = 1, .readAtOnce = 50};
    const auto command = [](auto& filter) { filter.command = "GET file1"; };
    EXPECT_EQ(found(command, {}).size(), 1U);
    EXPECT_EQ(found(command, {}).front().search.first, Deeds::Commands);
    EXPECT_EQ(found(command, {.deeds = 2}).front().search.first, Deeds::Commands);
    EXPECT_EQ(found(command, {.deeds = 2}).back().search.first, Deeds::Rows);
    const auto text = [](auto& filter) { filter.commandText = "file"; };
    EXPECT_GT(found(text, none).size(), 2U);
    EXPECT_EQ(found(text, none).back().search.first, Deeds::Texts);
    const auto user = [](auto& filter) { filter.username = "user1"; };
    EXPECT_EQ(found(user, {}).size(), 1U);
    EXPECT_GT(found(user, none).size(), 2U);
    const auto fresh = [](auto& filter) { filter.sourceIsNew = true; };
    EXPECT_EQ(found(fresh, {}).front().search.first, Deeds::Sources);
    EXPECT_TRUE(found(fresh, {.sources = 2}).front().search.sourcesHashed);
    EXPECT_EQ(found(fresh, none).front().search.first, Deeds::Rows);
    const auto hours = [](auto& filter) { filter.weekHours = {3, 4, 30}; };
    for (const auto& part : found(hours, {})) {
        EXPECT_LE(part.scope.to - part.scope.from, 2h);
    }
    const auto parts = found(text, none);
    EXPECT_EQ(parts.front().scope.to, wanted.to);
    EXPECT_EQ(parts.back().scope.from, wanted.from);
    for (std::size_t i = 1; i < parts.size(); ++i) {
        EXPECT_EQ(parts[i].scope.to, parts[i - 1].scope.from);
    }
}

TEST_F(ReportReaderTest, LooksForLoginsOnlyInHoursInWhichThereWereAny) {
    const auto wanted = scope(begin_ + 7min, begin_ + 96h);
    ReportTransaction transaction(connection_->session());
    SessionFilter filter;
    filter.loginTried = true;
    for (const bool bySensor : {true, false}) {
        filter.sensors = bySensor ? std::vector{sensors_[0]} : std::vector<std::int32_t>();
        filter.protocols = bySensor ? std::vector<std::string>() : std::vector<std::string>{"ftp"};
        std::set<ReportMoment> hours;
        for (const auto* session : data_.in(wanted)) {
            if (!session->credentials.empty() &&
                (bySensor ? session->sensor == sensors_[0] : session->protocol == "ftp")) {
                hours.insert(std::max(bucketOf(session->start(), 1h), wanted.from));
            }
        }
        const auto parts = searchPage(transaction, wanted, firstIdFrom(wanted.to), filter, {});
        EXPECT_GT(parts.size(), 1U);
        EXPECT_LE(parts.size(), 50U);
        for (const auto& part : parts) {
            EXPECT_TRUE(hours.contains(part.scope.from));
            EXPECT_TRUE(hours.contains(part.scope.to - 1h) || part.scope.from == wanted.from);
        }
        EXPECT_EQ(searchAll(transaction, wanted, filter, {}).size(), 1U);
    }
}

TEST_F(ReportReaderTest, AtASensorThatNeverTookALoginNothingIsLookedFor) {
    const auto quiet = std::stoi(database_.ask(
        "INSERT INTO apiary.sensor(sensor_uuid, name) VALUES (gen_random_uuid(), 'quiet') RETURNING sensor_id"));
    test::KnownSession silent = data_.all().front();
    silent.id = Uuid::v7(begin_ + 5h, {});
    silent.sensor = quiet;
    silent.credentials.clear();
    silent.commands = {"NOOP "};
    data_.add({silent});
    auto wanted = scope(begin_, begin_ + 96h);
    wanted.traffic = {silent.traffic};
    SessionFilter filter;
    filter.sensors = {quiet};
    for (const auto set :
         {+[](SessionFilter& f) { f.loginTried = true; }, +[](SessionFilter& f) { f.username = "user1"; },
          +[](SessionFilter& f) { f.secret = "pw1"; }}) {
        SessionFilter tried = filter;
        set(tried);
        {
            ReportTransaction transaction(connection_->session());
            EXPECT_TRUE(searchPage(transaction, wanted, firstIdFrom(wanted.to), tried, {}).empty());
        }
        EXPECT_EQ(reader_->listSessions(wanted, {}, 10, tried).rows_size(), 0);
        EXPECT_EQ(reader_->count(wanted, tried).sessions(), 0U);
    }
    filter.commandText = "NOOP";
    EXPECT_EQ(reader_->listSessions(wanted, {}, 10, filter).rows_size(), 1);
    filter.without.loginTried = true;
    EXPECT_EQ(reader_->count(wanted, filter).sessions(), 1U);
}

}  // namespace
}  // namespace apiary::collector
