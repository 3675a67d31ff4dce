#include "collector/ingest/row_builder.hpp"

#include "tests/support/recorded_session.hpp"

#include <gtest/gtest.h>

#include <string>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using test::RecordedSession;
using test::TestSpool;

constexpr Moment kNow{1'800'000'000s};
constexpr std::int32_t kSensor = 7;

/// What becomes of all records of a spool, where the sessions `open` are known.
IngestRows build(const TestSpool& spool, const SessionOwners& open = {}, std::int64_t committed = 0) {
    const v1::Batch batch = spool.all();
    RowBuilder builder(open, {.from = kNow - 24h * 90, .to = kNow + 24h});
    builder.add({.stream = spool.id(),
                 .sensorId = kSensor,
                 .clockOffsetMs = 12,
                 .batch = &batch,
                 .from = 0,
                 .to = batch.entries_size(),
                 .first = committed + 1});
    return builder.build();
}

RecordedSession session() {
    return RecordedSession({.start = kNow - 1h});
}

/// A record of `session` that says what `change` makes it say.
template <typename Change>
std::string reasonFor(RecordedSession recorded, Change change) {
    TestSpool spool(1);
    v1::Record last = recorded.records().back();
    for (std::size_t i = 0; i + 1 < recorded.records().size(); ++i) {
        spool.append(recorded.records()[i]);
    }
    change(last);
    spool.append(last);
    const IngestRows rows = build(spool);
    EXPECT_EQ(rows.quarantine.size(), 1U);
    EXPECT_EQ(rows.quarantine.empty() ? "" : rows.quarantine.back().record, last.SerializeAsString());
    return rows.quarantine.empty() ? "none" : rows.quarantine.back().reason;
}

TEST(RowBuilderTest, BelievesAVisitOfTheAgentOnlyFromItsOwnMachine) {
    const auto visited = [](Endpoint source, Endpoint target) {
        TestSpool spool(1);
        const RecordedSession recorded =
            RecordedSession({.start = kNow - 1h, .source = source, .target = target}).close();
        for (v1::Record record : recorded.records()) {
            if (record.has_opened()) {
                record.mutable_opened()->set_self_test(true);
            } else if (record.has_closed()) {
                record.mutable_closed()->mutable_head()->set_self_test(true);
            }
            spool.append(record);
        }
        const IngestRows rows = build(spool);
        return rows.closed.size() == 1 && rows.closed[0].head.visit;
    };
    EXPECT_TRUE(visited(Endpoint::of({127, 0, 0, 1}, 40000), Endpoint::of({127, 0, 0, 1}, 21)));
    EXPECT_TRUE(visited(Endpoint::of({198, 51, 100, 1}, 40000), Endpoint::of({198, 51, 100, 1}, 21)));
    EXPECT_FALSE(visited(Endpoint::of({192, 0, 2, 9}, 40000), Endpoint::of({198, 51, 100, 1}, 21)));
}

TEST(RowBuilderTest, PutsAsideWhatIsOfADayThatRetentionHasDropped) {
    TestSpool spool(1);
    spool.append(session().received("a").close());
    const v1::Batch batch = spool.all();
    const SessionOwners none;
    for (const auto& [kept, aside] : {std::pair(kNow - 1h, 0U), std::pair(kNow, 3U)}) {
        RowBuilder builder(none, {.from = kNow - 24h * 90, .to = kNow + 24h, .keptFrom = kept});
        builder.add({.stream = spool.id(),
                     .sensorId = kSensor,
                     .clockOffsetMs = 0,
                     .batch = &batch,
                     .from = 0,
                     .to = batch.entries_size(),
                     .first = 1});
        const IngestRows rows = builder.build();
        ASSERT_EQ(rows.quarantine.size(), aside);
        if (aside > 0) {
            EXPECT_EQ(rows.quarantine.front().reason, "of a day that retention has dropped");
        }
    }
}

TEST(RowBuilderTest, MakesOneRowOfASessionThatCameWhole) {
    TestSpool spool(1);
    spool.append(session().received("a").sent("bc").login("u", "s", true).close(v1::OUTCOME_TIMED_OUT));
    const IngestRows rows = build(spool);
    ASSERT_EQ(rows.closed.size(), 1U);
    EXPECT_EQ(rows.closed[0].outcome, "timed_out");
    EXPECT_EQ(rows.closed[0].bytesOut, 2);
    EXPECT_EQ(rows.closed[0].clockOffsetMs, 12);
    EXPECT_EQ(rows.closed[0].head.sensorId, kSensor);
    EXPECT_TRUE(rows.opened.empty());
    EXPECT_TRUE(rows.openBefore.empty());
    EXPECT_EQ(rows.events.size(), 2U);
    EXPECT_EQ(rows.ledger[0].last, 5);
}

TEST(RowBuilderTest, LeavesASessionOpenThatHasNotEnded) {
    TestSpool spool(1);
    spool.append(session().received("a"));
    const IngestRows rows = build(spool);
    EXPECT_EQ(rows.opened.size(), 1U);
    EXPECT_EQ(rows.opened[0].scope, "special");
    EXPECT_TRUE(rows.closed.empty());
}

TEST(RowBuilderTest, KnowsTheSourceOfEvidenceFromASessionOpenedBefore) {
    RecordedSession recorded = session();
    TestSpool spool(1);
    recorded.login("a", "b");
    spool.append(recorded.records().back());
    const Endpoint source = Endpoint::of({203, 0, 113, 9}, 0);
    const IngestRows rows = build(spool, {{recorded.id(), {.sensorId = kSensor, .source = source, .protocol = "ftp"}}});
    ASSERT_EQ(rows.credentials.size(), 1U);
    EXPECT_EQ(rows.credentials[0].key.source, source);
    EXPECT_EQ(rows.credentials[0].method, "password");
}

TEST(RowBuilderTest, NamesTheSessionsThatItHasToAskFor) {
    RecordedSession recorded = session().received("a");
    TestSpool spool(1);
    spool.append(recorded.records().back());
    const v1::Batch batch = spool.all();
    const SessionOwners none;
    RowBuilder builder(none, {.from = kNow - 24h, .to = kNow + 24h});
    builder.add({.stream = spool.id(), .sensorId = 1, .batch = &batch, .from = 0, .to = 1, .first = 1});
    EXPECT_EQ(builder.unknown(), std::vector{recorded.id()});
    EXPECT_EQ(builder.build().quarantine[0].reason, "its session is not open");
}

TEST(RowBuilderTest, PutsAsideWhatAnotherSensorsSessionIsToldToHold) {
    RecordedSession recorded = session().received("a");
    TestSpool spool(1);
    spool.append(recorded.records().back());
    const IngestRows rows = build(spool, {{recorded.id(), {.sensorId = kSensor + 1, .source = {}, .protocol = "ftp"}}});
    EXPECT_EQ(rows.quarantine.at(0).reason, "session of another sensor");
    EXPECT_TRUE(rows.events.empty());
}

TEST(RowBuilderTest, KeepsOnWhichChannelAHandshakeWas) {
    TestSpool spool(1);
    RecordedSession recorded = session().received("a");
    v1::Record record = recorded.records().back();
    record.mutable_tls()->set_version("TLSv1.3");
    record.mutable_tls()->set_channel(2);
    spool.append(recorded.records().front());
    spool.append(record);
    const IngestRows rows = build(spool);
    ASSERT_EQ(rows.events.size(), 1U);
    EXPECT_EQ(rows.events[0].kind, EventKind::Tls);
    EXPECT_EQ(rows.events[0].channel, 2);
    EXPECT_EQ(reasonFor(session().received("a"), [](auto& r) { r.mutable_tls()->set_channel(1U << 15U); }),
              "a handshake out of bounds");
}

TEST(RowBuilderTest, PutsAsideWhatIsOutOfBounds) {
    const auto changed = [](auto change) { return reasonFor(session().received("a"), change); };
    EXPECT_EQ(changed([](auto& r) { r.mutable_packet()->set_bytes(std::string(16385, 'x')); }),
              "a packet out of bounds");
    EXPECT_EQ(changed([](auto& r) { r.mutable_packet()->set_channel(1U << 31U); }), "a packet out of bounds");
    EXPECT_EQ(changed([](auto& r) { r.set_seq(1U << 31U); }), "number in the session out of range");
    EXPECT_EQ(changed([](auto& r) { r.set_at_us(~0ULL); }), "time outside the window");
    EXPECT_EQ(changed([](auto& r) { r.set_session_id("short"); }), "without a session");
    EXPECT_EQ(changed([](auto& r) { r.clear_what(); }), "of a kind that this collector does not know");
}

TEST(RowBuilderTest, PutsAsideAnEndThatCannotBe) {
    const auto changed = [](auto change) {
        return reasonFor(session().close(), [&](v1::Record& r) { change(*r.mutable_closed()); });
    };
    EXPECT_EQ(changed([](auto& c) { c.set_outcome(v1::OUTCOME_UNSPECIFIED); }), "unknown outcome");
    EXPECT_EQ(changed([](auto& c) { c.set_ended_at_us(1); }), "ended before it began, or in the future");
    EXPECT_EQ(changed([](auto& c) { c.set_bytes_in(~0ULL); }), "a count out of range");
    EXPECT_EQ(changed([](auto& c) { c.set_bytes_out(1ULL << 62U); }), "a count out of range");
    EXPECT_EQ(changed([](auto& c) { c.mutable_head()->set_protocol("Not a name"); }), "not a name of a protocol");
    EXPECT_EQ(changed([](auto& c) { c.mutable_head()->mutable_source()->set_address("abc"); }),
              "an address that is none");
    EXPECT_EQ(changed([](auto& c) { c.mutable_head()->set_session_id(std::string(16, 'x')); }),
              "head of another session");
}

TEST(RowBuilderTest, TakesNothingOfASessionAfterItsEnd) {
    TestSpool spool(1);
    RecordedSession recorded = session().received("a");
    const v1::Record packet = recorded.records().back();
    recorded.close();
    spool.append(recorded);
    spool.append(packet);
    spool.append(recorded.records().back());
    const IngestRows rows = build(spool);
    EXPECT_EQ(rows.closed.size(), 1U);
    ASSERT_EQ(rows.quarantine.size(), 2U);
    EXPECT_EQ(rows.quarantine[0].reason, "its session is not open");
    EXPECT_EQ(rows.quarantine[1].reason, "the session has ended already");
}

TEST(RowBuilderTest, KeepsAGapThatWasCommittedInPartFromWhereItGoesOn) {
    TestSpool spool(1);
    v1::Gap gap;
    gap.set_what("payload");
    gap.set_reason("disk budget");
    spool.appendGap(10, gap);
    const IngestRows rows = build(spool, {}, 4);
    ASSERT_EQ(rows.gaps.size(), 1U);
    EXPECT_EQ(rows.gaps[0].firstSeq, 5);
    EXPECT_EQ(rows.gaps[0].lastSeq, 10);
    EXPECT_EQ(rows.ledger[0].first, 5);
}

TEST(RowBuilderTest, WritesDownADroppedRunOfPacketsInItsPlace) {
    RecordedSession recorded = session();
    TestSpool spool(1);
    spool.append(recorded);
    v1::Record record = recorded.received("x").records().back();
    record.mutable_dropped()->set_packets(7);
    record.mutable_dropped()->set_reason("disk budget");
    spool.append(record);
    const IngestRows rows = build(spool);
    ASSERT_EQ(rows.events.size(), 1U);
    EXPECT_EQ(rows.events[0].kind, EventKind::Gap);
    EXPECT_EQ(rows.events[0].bytes, "7 disk budget");
}

TEST(RowBuilderTest, DigestsTheCommandsOfAWholeSession) {
    TestSpool spool(1);
    spool.append(session().command("USER", "a").command("SYST", "").close());
    const IngestRows rows = build(spool);
    EXPECT_EQ(rows.closed.at(0).commandDigest, Sha256::of("USER a\nSYST"));
}

v1::Record piece() {
    v1::Record record;
    record.set_at_us(static_cast<std::uint64_t>(kNow.time_since_epoch().count()));
    v1::ManifestPiece& manifest = *record.mutable_manifest();
    manifest.set_day(
        static_cast<std::uint32_t>(std::chrono::floor<std::chrono::days>(kNow).time_since_epoch().count()));
    manifest.set_first(3);
    manifest.set_entries(std::string(96, 'e'));
    manifest.set_chain(std::string(32, 'c'));
    manifest.set_signature("signature");
    manifest.set_certificate("certificate");
    return record;
}

TEST(RowBuilderTest, TakesTheToolOfAProbeOutOfItsReason) {
    struct Said {
        std::string kind;
        std::string reason;
        std::string tool;
        std::string left;
    };
    const std::vector<Said> all{{"closed", "tool=masscan addresses=256 ttl=64", "masscan", "addresses=256 ttl=64"},
                                {"syn", "ttl=64 tool=x", "", "ttl=64 tool=x"},
                                {"udp", "tool=zmap", "zmap", ""},
                                {"icmp", "tool=" + std::string(300, 'x'), std::string(64, 'x'), ""},
                                {"refused", "tool=masscan waiting time", "", "tool=masscan waiting time"}};
    TestSpool spool(1);
    for (const Said& said : all) {
        v1::Record record;
        const Uuid id = Uuid::v7(kNow - 1h, {});
        record.set_at_us(1);
        record.mutable_probe()->set_probe_id(id.bytes.data(), id.bytes.size());
        record.mutable_probe()->set_ended_at_us(1'800'000'000'000'000U - 3'600'000'000U);
        record.mutable_probe()->mutable_source()->set_address(std::string("\xc0\x00\x02\x01", 4));
        record.mutable_probe()->mutable_target()->set_address(std::string("\x0a\x09\x00\x01", 4));
        record.mutable_probe()->set_kind(said.kind);
        record.mutable_probe()->set_reason(said.reason);
        spool.append(record);
    }
    const IngestRows rows = build(spool);
    ASSERT_EQ(rows.probes.size(), all.size()) << (rows.quarantine.empty() ? "" : rows.quarantine[0].reason);
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(rows.probes[i].tool.substr(0, 10), all[i].tool.substr(0, 10)) << all[i].reason;
        EXPECT_LE(rows.probes[i].tool.size(), 100U);
        EXPECT_EQ(rows.probes[i].reason, all[i].left);
    }
}

TEST(RowBuilderTest, TakesAPieceOfAManifestWhateverItsSignatureIs) {
    TestSpool spool(1);
    spool.append(piece());
    const IngestRows rows = build(spool);
    ASSERT_EQ(rows.manifests.size(), 1U);
    EXPECT_EQ(rows.manifests[0].sensorId, kSensor);
    EXPECT_EQ(rows.manifests[0].first, 3);
    EXPECT_EQ(rows.manifests[0].entries, std::string(96, 'e'));
    EXPECT_EQ(rows.manifests[0].madeAt, kNow);
    EXPECT_TRUE(rows.quarantine.empty());
}

TEST(RowBuilderTest, PutsAsideWhatIsNoPieceOfAManifest) {
    TestSpool spool(1);
    for (const auto change :
         {+[](v1::ManifestPiece& one) { one.set_entries(std::string(95, 'e')); },
          +[](v1::ManifestPiece& one) { one.clear_entries(); }, +[](v1::ManifestPiece& one) { one.set_chain("short"); },
          +[](v1::ManifestPiece& one) { one.set_day(1); }, +[](v1::ManifestPiece& one) { one.set_day(4'000'000'000U); },
          +[](v1::ManifestPiece& one) { one.set_first(~std::uint64_t{0}); },
          +[](v1::ManifestPiece& one) { one.set_certificate(std::string(20'000, 'x')); }}) {
        v1::Record record = piece();
        change(*record.mutable_manifest());
        spool.append(record);
    }
    const IngestRows rows = build(spool);
    EXPECT_EQ(rows.quarantine.size(), 7U);
    EXPECT_TRUE(rows.manifests.empty());
}

}  // namespace
}  // namespace apiary::collector
