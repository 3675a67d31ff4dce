#include "agent/record/recording.hpp"

#include "tests/agent/record/recording_fixture.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace apiary::agent {
namespace {

TEST_F(RecordingTest, RecordsAWholeSessionAndItsLog) {
    openAll();
    auto recorder = recording_->open(start());
    recorder->sent(kControl, "220 hello\r\n", Delivery::Whole);
    recorder->received(kControl, "USER me\r\n");
    recorder->observed(Command{"USER", "me"});
    recorder->observed(Credential{"me", "secret", true});
    recorder->observed(Identified{"ftp"});
    recorder->ended(Outcome::TimedOut, {});
    drain();
    const auto closed = closing();
    EXPECT_EQ(closed.outcome(), v1::OUTCOME_TIMED_OUT);
    EXPECT_EQ(closed.bytes_in(), 9U);
    EXPECT_EQ(closed.bytes_out(), 11U);
    EXPECT_EQ(closed.packets(), 2U);
    EXPECT_EQ(closed.events(), 5U);
    EXPECT_EQ(closed.commands(), 1U);
    EXPECT_EQ(closed.credentials(), 1U);
    EXPECT_TRUE(closed.login_accepted());
    EXPECT_EQ(closed.identified(), "ftp");
    expectAgreement(rows());
    const std::string text = file(closed.journal_path());
    EXPECT_NE(text.find(",198.51.100.7:21,192.0.2.1:17943,220 hello\\x0d\\x0a\n"), std::string::npos);
    EXPECT_NE(text.find("*****Protocol FTP TIMED OUT talking to /192.0.2.1 using local port 21"), std::string::npos);
}

TEST_F(RecordingTest, RecordsWhatTheBudgetOfTheJournalRemoved) {
    journalSettings_.files = 1;
    openAll();
    std::thread writing([this] { journal_->run(); });
    std::thread committing([this] { recording_->run(); });
    for (int i = 0; i < 5; ++i) {
        recording_->open(start())->ended(Outcome::Finished, {});
    }
    while (journal_->view().removed < 4) {
        std::this_thread::yield();
    }
    recording_->close();
    committing.join();
    journal_->close();
    writing.join();
    std::uint64_t told = 0;
    for (const v1::Record& record : records()) {
        if (record.has_gap()) {
            EXPECT_EQ(record.gap().what(), "journal");
            EXPECT_GT(record.gap().bytes(), 0U);
            EXPECT_EQ(timeOfMicros(record.gap().from_us()), std::chrono::floor<std::chrono::milliseconds>(start().at));
            EXPECT_TRUE(record.gap().reason().starts_with("text logs removed by the journal's budget: "))
                << record.gap().reason();
            EXPECT_NE(record.gap().reason().find(" for files; "), std::string::npos) << record.gap().reason();
            told += record.gap().records();
        }
    }
    EXPECT_EQ(told, journal_->view().removed);
    EXPECT_LE(rows().size(), 5 * 2 + 2U) << "the first at once, the others together";
}

TEST_F(RecordingTest, BeginsAtTheMillisecondOfItsId) {
    openAll();
    recording_->open(start());
    drain();
    const auto opened = records().at(0);
    EXPECT_EQ(opened.at_us(), 1'492'510'799'123'000U);
    EXPECT_EQ(microsSince1970(Uuid::ofBytes(opened.session_id())->time()), opened.at_us());
}

TEST_F(RecordingTest, NumbersTheRecordsOfASessionAndNeverRunsBackInTime) {
    openAll();
    auto recorder = recording_->open(start());
    for (int i = 0; i < 20; ++i) {
        recorder->received(kControl, "x");
    }
    recorder->ended(Outcome::PeerClosed, {});
    drain();
    std::uint32_t seq = 0;
    std::uint64_t before = 0;
    for (const v1::Record& record : records()) {
        EXPECT_EQ(record.seq(), seq++);
        EXPECT_GE(record.at_us(), before);
        before = record.at_us();
    }
    EXPECT_GE(closing().ended_at_us(), before);
}

TEST_F(RecordingTest, CutsAPacketThatIsTooLongForOneLine) {
    openAll();
    auto recorder = recording_->open(start());
    recorder->received(kControl, std::string(40'000, 'x'));
    recorder->ended(Outcome::PeerClosed, {});
    drain();
    EXPECT_EQ(closing().packets(), 3U);
    EXPECT_EQ(closing().bytes_in(), 40'000U);
    expectAgreement(rows());
}

TEST_F(RecordingTest, WritesAChannelsPacketsWithItsOwnPorts) {
    openAll();
    auto recorder = recording_->open(start());
    recorder->channelOpened(1, Endpoint::of({192, 0, 2, 1}, 40'000), Endpoint::of({198, 51, 100, 7}, 50'000));
    recorder->received(1, "data");
    recorder->channelClosed(1);
    recorder->received(kControl, "x");
    recorder->ended(Outcome::PeerClosed, {});
    drain();
    const std::string text = file(closing().journal_path());
    EXPECT_NE(text.find(",192.0.2.1:40000,198.51.100.7:50000,data\n"), std::string::npos);
    EXPECT_NE(text.find(",192.0.2.1:17943,198.51.100.7:21,x\n"), std::string::npos);
    expectAgreement(rows());
}

TEST_F(RecordingTest, DescribesAnUploadWithItsLastPiece) {
    openAll();
    auto recorder = recording_->open(start());
    recorder->observed(PayloadPiece{.id = 4, .bytes = std::string(20'000, 'a'), .last = false});
    recorder->observed(PayloadPiece{.id = 4, .bytes = "bb", .last = true, .name = "evil.sh", .offered = 50'000});
    recorder->ended(Outcome::PeerClosed, {});
    drain();
    const auto last = records().at(4).payload();
    EXPECT_TRUE(last.last());
    EXPECT_EQ(last.payload(), 4U);
    EXPECT_EQ(last.name(), "evil.sh");
    EXPECT_EQ(last.size(), 50'000U);
    EXPECT_TRUE(last.cut());
    EXPECT_EQ(last.sha256(), view(Sha256::of(std::string(20'000, 'a') + "bb")));
    EXPECT_EQ(rows().at(4).kind, RecordKind::Observation);
    EXPECT_EQ(closing().artifacts(), 1U);
    expectAgreement(rows());
}

TEST_F(RecordingTest, CallsBackOnceTheClosingIsCommitted) {
    openAll();
    int calls = 0;
    recording_->open(start())->ended(Outcome::Finished, [&] {
        ++calls;
        EXPECT_EQ(spool_->lanes().at(0).last, 2U);
    });
    EXPECT_EQ(calls, 0);
    drain();
    EXPECT_EQ(calls, 1);
}

TEST_F(RecordingTest, CallsASessionInterruptedWhoseEndNobodyTold) {
    openAll();
    recording_->open(start());
    drain();
    EXPECT_EQ(closing().outcome(), v1::OUTCOME_INTERRUPTED);
    expectAgreement(rows());
}

TEST_F(RecordingTest, RecordsTlsAndKeepsItOutOfTheLog) {
    openAll();
    auto recorder = recording_->open(start());
    const TlsInfo info{"name", "TLSv1.3"};
    recorder->handshake(kControl, "\x16\x03", &info);
    recorder->handshake(3, "plain", nullptr);
    recorder->ended(Outcome::TlsFailed, {});
    drain();
    EXPECT_TRUE(records().at(1).tls().succeeded());
    EXPECT_EQ(records().at(1).tls().sni(), "name");
    EXPECT_EQ(records().at(1).tls().first(), "\x16\x03");
    EXPECT_EQ(records().at(1).tls().channel(), 0U);
    EXPECT_FALSE(records().at(2).tls().succeeded());
    EXPECT_EQ(records().at(2).tls().channel(), 3U);
    expectAgreement(rows());
}

TEST_F(RecordingTest, RepeatsTheHeadInTheClosing) {
    openAll();
    SessionStart full = start();
    full.syn = std::string("\x45\0\xff", 3);
    full.proxy = Endpoint::of({10, 0, 0, 1}, 443);
    full.transport = Transport::Datagram;
    recording_->open(full);
    drain();
    EXPECT_EQ(closing().head().SerializeAsString(), records().at(0).opened().SerializeAsString());
    EXPECT_EQ(closing().head().syn(), full.syn);
    EXPECT_EQ(closing().head().source().address(), std::string("\xc0\x00\x02\x01", 4));
    EXPECT_EQ(closing().head().proxy().port(), 443U);
    EXPECT_EQ(closing().head().transport(), v1::TRANSPORT_UDP);
}

TEST_F(RecordingTest, FoldsTheRefusalsOfOneSource) {
    openAll();
    Refusal refusal{.source = start().source,
                    .target = start().target,
                    .service = "files",
                    .reason = "waiting time",
                    .at = start().at};
    recording_->refused(refusal);
    refusal.at += std::chrono::milliseconds(5);
    refusal.count = 9;  // held back by the engine meanwhile
    recording_->refused(refusal);
    refusal.count = 1;
    refusal.source = Endpoint::of({192, 0, 2, 9}, 1);
    recording_->refused(refusal);
    drain();
    ASSERT_EQ(records().size(), 2U);
    const auto probe = records().at(0).probe();
    EXPECT_EQ(probe.packets(), 10U);
    EXPECT_EQ(probe.kind(), "refused");
    EXPECT_EQ(probe.reason(), "waiting time");
    EXPECT_EQ(probe.ended_at_us(), 1'492'510'799'128'456U);
    EXPECT_EQ(records().at(1).probe().packets(), 1U);
    EXPECT_EQ(recording_->view().probes, 11U);
}

TEST_F(RecordingTest, RecordsProbesAndWhatIsKnownOfThemByTheirNumberOnly) {
    openAll();
    SeenProbe probe{.source = start().source,
                    .target = start().target,
                    .kind = "closed",
                    .reason = "tool=masscan addresses=256 ttl=64",
                    .first = start().at,
                    .last = start().at + std::chrono::milliseconds(7),
                    .packets = 256};
    recording_->probed(probe);
    probe.kind = "syn";
    recording_->probed(probe);
    recording_->probesLost(3, start().at, start().at);
    recording_->probesLost(4, start().at, start().at + std::chrono::seconds(1));
    drain();
    ASSERT_EQ(records().size(), 3U);
    EXPECT_EQ(records().at(0).probe().kind(), "closed");
    EXPECT_EQ(records().at(0).probe().packets(), 256U);
    EXPECT_EQ(records().at(0).probe().reason(), "tool=masscan addresses=256 ttl=64");
    EXPECT_EQ(records().at(0).probe().ended_at_us(), 1'492'510'799'130'456U);
    EXPECT_EQ(records().at(1).probe().kind(), "syn");
    EXPECT_EQ(records().at(2).gap().what(), "probe");
    EXPECT_EQ(records().at(2).gap().records(), 7U);
    EXPECT_EQ(recording_->view().seen, 519U);
    EXPECT_EQ(recording_->view().probes, 0U);
}

TEST_F(RecordingTest, GivesALogOnlyToSessionsInWhichThePeerSpoke) {
    settings_.rules["files"] = {JournalRule::Which::Spoken};
    openAll();
    for (const bool spoken : {false, true}) {
        auto recorder = recording_->open(start());
        recorder->sent(kControl, "hello", Delivery::Whole);
        if (spoken) {
            recorder->received(kControl, "hi");
        }
        recorder->ended(Outcome::PeerClosed, {});
    }
    drain();
    EXPECT_EQ(recording_->view().unlogged, 1U);
    EXPECT_EQ(journal_->view().files, 1U);
    for (const auto& [session, rows] : rowsBySession()) {
        const Replay replay(rows);
        EXPECT_EQ(replay.closed()->journal_sha256(), view(Sha256::of(replay.text())));
        EXPECT_EQ(replay.closed()->journal_path().empty(), !replay.spoken());
        EXPECT_EQ(file(replay.closed()->journal_path()), replay.spoken() ? replay.text() : "");
    }
}

TEST_F(RecordingTest, GivesALogToASessionThatSaysMuchToASilentPeer) {
    settings_.rules["files"] = {JournalRule::Which::Spoken};
    openAll();
    for (int packets = 3; packets <= 5; ++packets) {  // the log is long enough at the 4th
        auto recorder = recording_->open(start());
        for (int i = 0; i < packets; ++i) {
            recorder->sent(kControl, std::string(16'384, 'x'), Delivery::Whole);
        }
        recorder->ended(Outcome::TimedOut, {});
    }
    drain();
    EXPECT_EQ(recording_->view().unlogged, 1U);
    for (const auto& [session, rows] : rowsBySession()) {
        const Replay replay(rows);
        const bool logged = replay.tally().packets > 3;
        EXPECT_EQ(replay.closed()->journal_path().empty(), !logged);
        EXPECT_EQ(file(replay.closed()->journal_path()), logged ? replay.text() : "");
    }
}

TEST_F(RecordingTest, GivesALogToTheFirstSessionsOfASourceAndHour) {
    settings_.rules["files"] = {JournalRule::Which::FirstOfHour, 2};
    openAll();
    SessionStart later = start();
    later.at += std::chrono::hours(1);
    for (const SessionStart& at : {start(), start(), start(), later}) {
        recording_->open(at);
    }
    drain();
    EXPECT_EQ(recording_->view().unlogged, 1U);
    EXPECT_EQ(journal_->view().files, 3U);
}

TEST_F(RecordingTest, IsFullWhileTooMuchWaits) {
    settings_.queued = 10'000;
    openAll();
    auto recorder = recording_->open(start());
    EXPECT_FALSE(recorder->full());
    recorder->received(kControl, std::string(40'000, 'x'));
    EXPECT_TRUE(recorder->full());
    recorder->ended(Outcome::Limit, {});
    drain();
    EXPECT_FALSE(recorder->full());
}

TEST_F(RecordingTest, HoldsUpSessionsThatMoveMuchBeforeOthers) {
    settings_.queued = 200'000;
    openAll();
    auto large = recording_->open(start());
    auto small = recording_->open(start());
    large->sent(kControl, std::string(70'000, 'x'), Delivery::Whole);
    EXPECT_FALSE(large->full());
    large->sent(kControl, std::string(70'000, 'x'), Delivery::Whole);
    EXPECT_TRUE(large->full());
    EXPECT_FALSE(small->full());
    large->sent(kControl, std::string(400'000, 'x'), Delivery::Whole);
    EXPECT_TRUE(small->full());
    large->ended(Outcome::Limit, {});
    small->ended(Outcome::Limit, {});
    drain();
}

TEST_F(RecordingTest, KeepsASessionInTheLaneInWhichItBegan) {
    openAll();
    auto recorder = recording_->open(start());
    spool_->openLane();
    recording_->open(start());
    recorder->ended(Outcome::Finished, {});
    drain();
    EXPECT_EQ(rows().size(), 2U);
    EXPECT_EQ(spool_->read(1, 0, 99, 99'999).size(), 2U);
}

TEST_F(RecordingTest, KeepsSessionsOfManyThreadsApart) {
    settings_.upkeep = std::chrono::milliseconds(1);
    openAll();
    std::vector<std::thread> loops;
    loops.emplace_back([&] { recording_->run(); });
    loops.emplace_back([&] { recording_->upkeep(); });
    std::thread logging([&] { journal_->run(); });
    std::atomic<int> durable{0};
    std::vector<std::thread> connections;
    for (std::uint16_t thread = 0; thread < 4; ++thread) {
        connections.emplace_back([&, thread] {
            for (std::uint16_t port = 0; port < 50; ++port) {
                SessionStart own = start();
                own.source.port = static_cast<std::uint16_t>(1000 * thread + port);
                auto recorder = recording_->open(own);
                recorder->sent(kControl, std::to_string(own.source.port), Delivery::Whole);
                recording_->refused(
                    {.source = own.source, .target = own.target, .service = {}, .reason = {}, .at = own.at});
                recorder->ended(Outcome::Finished, [&] { ++durable; });
            }
        });
    }
    for (std::thread& connection : connections) {
        connection.join();
    }
    recording_->close();
    for (std::thread& loop : loops) {
        loop.join();
    }
    journal_->close();
    logging.join();
    EXPECT_EQ(durable, 200);
    const auto sessions = rowsBySession();
    EXPECT_EQ(sessions.size(), 200U);
    for (const auto& [session, rows] : sessions) {
        expectAgreement(rows);
    }
}

TEST_F(RecordingTest, LetsTheSpoolFreeWhatIsAcknowledgedOnceTheJournalIsSynced) {
    openAll();
    recording_->open(start());
    recording_->close();
    recording_->run();
    spool_->acknowledge(0, 2);
    journal_->close();
    journal_->run();
    recording_->upkeep();
    const auto left = rows();
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left.at(0).kind, RecordKind::Gap);  // read from the start again, as if the collector had forgotten
}

}  // namespace
}  // namespace apiary::agent
