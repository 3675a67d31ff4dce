#include "collector/store/fleet_repository.hpp"

#include "tests/support/postgres_fixture.hpp"

#include <gtest/gtest.h>
#include <pqxx/pqxx>

#include <array>
#include <limits>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

class FleetRepositoryTest : public testing::Test {
protected:
    std::int32_t enrol(const std::string& name) {
        const auto number = fleet_.registerSensor(Uuid::v4(randomBytes<16>()), name, Sha256::of(name), "ann");
        EXPECT_TRUE(number) << number.error();
        return *number;
    }
    static SensorReport report(std::int32_t sensor) {
        SensorReport made{.sensorId = sensor,
                          .arrivedAt = std::chrono::sys_days{2026y / 11 / 25} + 12h,
                          .clockOffsetMs = -1500,
                          .agentVersion = "1.2",
                          .status = {}};
        made.status.set_applied_version(3);
        made.status.set_spool_records(17);
        made.status.set_spool_oldest_us(1'700'000'000'000'001);
        auto& service = *made.status.add_services();
        service.set_name("ftp");
        service.set_protocol("ftp");
        auto& listen = *service.add_listens();
        listen.set_address(std::string("\x7f\0\0\1", 4));
        listen.set_port(2021);
        auto& other = *service.add_listens();
        other.set_address(std::string(15, '\0') + '\1');
        other.set_port(2021);
        service.set_desired(true);
        service.set_actual(v1::ACTUAL_STATE_FAILED);
        service.set_reason("port 2021 is \"taken\\\"");
        service.set_open_sessions(4);
        service.set_sessions(1'000'000'000'000);
        service.set_refused(2);
        return made;
    }
    SwitchWish wish(std::int32_t sensor, const std::string& service, bool on, std::uint64_t expected = 0) const {
        return {.sensorId = sensor, .service = service, .on = on, .expectedVersion = expected, .requestedBy = "ann"};
    }
    std::uint64_t versionAfter(const SwitchWish& wanted) {
        return std::get<Switched>(fleet_.switchService(wanted)).desired.version();
    }
    std::string audit(const std::string& what) const {
        return database_.ask("SELECT string_agg(" + what + ", ' ' ORDER BY audit_id) FROM apiary.audit_log");
    }

    test::TestDatabase database_;
    Connection connection_{database_.writer()};
    FleetRepository fleet_{connection_};
};

TEST_F(FleetRepositoryTest, EnrolsASensorOnce) {
    const auto uuid = Uuid::v4(randomBytes<16>());
    const auto first = fleet_.registerSensor(uuid, "roof", Sha256::of("a"), "ann");
    const auto renewed = fleet_.registerSensor(uuid, "roof", Sha256::of("b"), "ann");
    EXPECT_EQ(*first, *renewed);
    EXPECT_EQ(fleet_.uuidOf("roof"), uuid);
    EXPECT_EQ(database_.ask("SELECT encode(certificate_sha256, 'hex') FROM apiary.sensor"), hexText(Sha256::of("b")));
    const auto taken = fleet_.registerSensor(Uuid::v4(randomBytes<16>()), "roof", Sha256::of("c"), "ann");
    ASSERT_FALSE(taken);
    EXPECT_NE(taken.error().find("choose another name"), std::string::npos);
    EXPECT_EQ(audit("action"), "enrol_sensor renew_sensor");
}

TEST_F(FleetRepositoryTest, RevokesASensorForGood) {
    const auto uuid = Uuid::v4(randomBytes<16>());
    const auto roof = *fleet_.registerSensor(uuid, "roof", Sha256::of("a"), "ann");
    const std::array<std::int32_t, 2> both{enrol("yard"), roof};
    EXPECT_TRUE(fleet_.revoked(both).empty());
    ASSERT_TRUE(fleet_.revoke("roof", "ann"));
    EXPECT_EQ(fleet_.revoked(both), std::vector<std::int32_t>{roof});
    EXPECT_FALSE(fleet_.revoke("roof", "ann"));
    EXPECT_FALSE(fleet_.registerSensor(uuid, "roof", Sha256::of("b"), "ann"));
    EXPECT_EQ(audit("refused::text"), "false false false true");
}

TEST_F(FleetRepositoryTest, GivesAReportBackAsItCame) {
    const auto roof = enrol("roof");
    const auto sent = report(roof);
    fleet_.saveReport(sent, 1);
    const auto records = fleet_.sensors();
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(records[0].reportedAt, sent.arrivedAt);
    EXPECT_EQ(records[0].agentVersion, "1.2");
    EXPECT_EQ(records[0].clockOffsetMs, -1500);
    auto expected = sent.status;
    expected.mutable_services(0)->set_reason("port 2021 is \"taken\\\\\"");  // escaped, as people will see it
    EXPECT_EQ(records[0].status.SerializeAsString(), expected.SerializeAsString());
}

TEST_F(FleetRepositoryTest, KeepsTheNewestReport) {
    const auto roof = enrol("roof");
    auto newer = report(roof);
    fleet_.saveReport(newer, 1);
    auto older = report(roof);
    older.arrivedAt -= 1s;
    older.agentVersion = "1.1";
    fleet_.saveReport(older, 1);
    EXPECT_EQ(fleet_.sensors()[0].agentVersion, "1.2");
    older.arrivedAt -= 40 * 24h;
    fleet_.saveReport(older, 1);
    EXPECT_EQ(fleet_.sensors()[0].agentVersion, "1.1") << "the clock was set back";
}

TEST_F(FleetRepositoryTest, KeepsAReportOfNothing) {
    const auto roof = enrol("roof");
    fleet_.saveReport({.sensorId = roof, .arrivedAt = {}, .clockOffsetMs = 0, .agentVersion = {}, .status = {}}, 1);
    EXPECT_EQ(fleet_.sensors()[0].status.services_size(), 0);
}

TEST_F(FleetRepositoryTest, StoresTextsOfASensorEscaped) {
    const auto roof = enrol("roof");
    auto hostile = report(roof);
    hostile.status.mutable_services(0)->set_name(std::string("x\0'; DROP TABLE apiary.sensor; --", 33));
    hostile.agentVersion = std::string(1000, '\n');
    fleet_.saveReport(hostile, 1);
    const auto records = fleet_.sensors();
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(records[0].status.services(0).name(), "x\\x00'; DROP TABLE apiary.sensor; --");
    EXPECT_LE(records[0].agentVersion.size(), 256U);
}

TEST_F(FleetRepositoryTest, ShowsAllSensorsWhateverAbsurditiesOneReports) {
    const auto roof = enrol("roof");
    const auto cellar = enrol("cellar");
    constexpr auto kMost = ~std::uint64_t{0};
    auto absurd = report(roof);
    absurd.clockOffsetMs = std::numeric_limits<std::int32_t>::min();
    v1::SensorStatus& status = absurd.status;
    status.set_applied_version(kMost);
    status.set_spool_records(kMost);
    status.set_lost_records(kMost);
    status.set_egress_refused(kMost);
    auto& bound = *status.add_bounds();
    bound.set_used(kMost);
    bound.set_full_at_us(kMost);
    auto& service = *status.mutable_services(0);
    service.add_listens()->set_address("no address");
    service.mutable_listens(0)->set_port(70'000);
    service.set_actual(static_cast<v1::ActualState>(77));
    service.set_open_sessions(~0U);
    service.set_sessions(kMost);
    service.set_refused(kMost);
    service.set_last_session_us(kMost);
    service.mutable_self_test()->set_at_us(kMost);
    *status.add_services() = service;  // the same name twice
    fleet_.saveReport(absurd, 1);
    fleet_.saveReport(report(cellar), 1);
    const auto records = fleet_.sensors();
    ASSERT_EQ(records.size(), 2U);
    EXPECT_EQ(records[0].status.services(0).sessions(), 1'000'000'000'000U);
    EXPECT_EQ(records[1].status.services(0).sessions(), std::uint64_t{1} << 62U);
    EXPECT_EQ(records[1].status.services_size(), 2);
    EXPECT_EQ(records[1].status.spool_records(), std::uint64_t{1} << 62U);
}

TEST_F(FleetRepositoryTest, ShowsWhatAnEarlierVersionStoredUnbounded) {
    const auto roof = enrol("roof");
    fleet_.saveReport(report(roof), 1);
    database_.ask(
        "UPDATE apiary.sensor_state SET applied_version = -1, spool_records = -1, services = "
        "jsonb_set(jsonb_set(services, '{0,sessions}', '18446744073709551615'), '{0,refused}', "
        "'18446744073709551615')");
    const auto records = fleet_.sensors();
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(records[0].status.services(0).refused(), std::uint64_t{1} << 62U);
    EXPECT_EQ(records[0].status.spool_records(), 0U);
}

TEST_F(FleetRepositoryTest, AddsEachWishToThoseBefore) {
    const auto roof = enrol("roof");
    const auto yard = enrol("yard");
    EXPECT_EQ(versionAfter(wish(roof, "ftp", false)), 1U);
    EXPECT_EQ(versionAfter(wish(roof, "telnet", true, 1)), 2U);
    EXPECT_EQ(versionAfter(wish(roof, "ftp", true)), 3U);
    EXPECT_EQ(versionAfter(wish(yard, "ftp", true)), 1U);
    const std::array<std::int32_t, 2> both{roof, yard};
    const auto newest = fleet_.newestDesired(both);
    ASSERT_EQ(newest.at(roof).services_size(), 2);
    EXPECT_EQ(newest.at(roof).services(0).name(), "ftp");
    EXPECT_TRUE(newest.at(roof).services(0).on());
    EXPECT_TRUE(newest.at(roof).services(1).on());
    EXPECT_EQ(newest.at(yard).services_size(), 1);
    EXPECT_EQ(fleet_.sensors()[0].desired.version(), 3U);
}

TEST_F(FleetRepositoryTest, TellsWhoseWishesAreMissing) {
    const std::array<std::int32_t, 1> roof{enrol("roof")};
    EXPECT_TRUE(fleet_.newestDesired(roof).empty());
    EXPECT_TRUE(fleet_.newestDesired({}).empty());
}

TEST_F(FleetRepositoryTest, RefusesAWishOnAnOlderVersion) {
    const auto roof = enrol("roof");
    versionAfter(wish(roof, "ftp", false));
    versionAfter(wish(roof, "ftp", true));
    const auto outcome = fleet_.switchService(wish(roof, "ftp", false, 1));
    EXPECT_EQ(std::get<VersionConflict>(outcome).newest, 2U);
    EXPECT_EQ(audit("refused::text"), "false false false true");
}

TEST_F(FleetRepositoryTest, KnowsWhichServicesASensorHas) {
    const auto roof = enrol("roof");
    fleet_.saveReport(report(roof), 1);
    EXPECT_EQ(versionAfter(wish(roof, "ftp", false)), 1U);
    const auto outcome = fleet_.switchService(wish(roof, "gopher", true));
    EXPECT_EQ(std::get<NoSuchTarget>(outcome).reason, "sensor roof has no service 'gopher'; it has ftp");
    EXPECT_TRUE(std::holds_alternative<NoSuchTarget>(fleet_.switchService(wish(roof, "a b", true))));
    EXPECT_TRUE(std::holds_alternative<NoSuchTarget>(fleet_.switchService(wish(roof + 1, "ftp", true))));
    ASSERT_TRUE(fleet_.revoke("roof", "ann"));
    EXPECT_TRUE(std::holds_alternative<NoSuchTarget>(fleet_.switchService(wish(roof, "ftp", true))));
}

TEST_F(FleetRepositoryTest, NotesARefusal) {
    fleet_.recordRefusal(wish(1, "ftp", false), "this needs the role operator");
    EXPECT_EQ(database_.ask("SELECT operator || ' ' || refused || ' ' || new_value::text FROM apiary.audit_log"),
              R"(ann true {"on": false, "reason": "this needs the role operator", "service": "ftp"})");
}

TEST_F(FleetRepositoryTest, ServesIngestAcrossALostConnection) {
    const auto roof = enrol("roof");
    FleetStore store(database_.writer(), 1);
    store.store(report(roof));
    database_.ask(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE application_name LIKE '%fleet' AND datname = current_database()");
    EXPECT_ANY_THROW(store.store(report(roof)));
    store.store(report(roof));
    const std::array<std::int32_t, 1> one{roof};
    EXPECT_TRUE(store.newest(one).empty());
    EXPECT_TRUE(store.revoked(one).empty());
}

TEST_F(FleetRepositoryTest, AddsMinutesOfCoverageAndFailedVisitsOnce) {
    const auto roof = enrol("roof");
    const auto hour = std::chrono::sys_days{2026y / 11 / 26} + 12h;
    const auto ftp = Endpoint::of({127, 0, 0, 1}, 21);
    CoverageNews news;
    news.rows.push_back(
        {.hour = hour, .sensorId = roof, .target = ftp, .transport = "tcp", .protocol = "ftp", .minutes = 0b111});
    news.failed.push_back(
        {.sensorId = roof, .service = "ftp", .target = ftp, .transport = "tcp", .protocol = "ftp", .at = hour + 61min});
    const std::string stored =
        "SELECT string_agg(concat_ws(' ', to_char(hour_at AT TIME ZONE 'UTC', 'HH24'), host(target), target_port, "
        "bit_count(minutes), up_seconds, self_tests_failed), ', ' ORDER BY hour_at) FROM apiary.coverage_hour";
    fleet_.addCoverage(news);
    fleet_.addCoverage(news);
    EXPECT_EQ(database_.ask(stored), "12 127.0.0.1 21 3 180 0, 13 127.0.0.1 21 0 0 1");
    news.rows[0].minutes = 0b1100;
    fleet_.addCoverage(news);
    EXPECT_EQ(database_.ask(stored), "12 127.0.0.1 21 4 240 0, 13 127.0.0.1 21 0 0 1");
    EXPECT_EQ(database_.ask("SELECT minutes::bigint FROM apiary.coverage_hour_protocol ORDER BY hour_at LIMIT 1"),
              "15");
}

}  // namespace
}  // namespace apiary::collector
