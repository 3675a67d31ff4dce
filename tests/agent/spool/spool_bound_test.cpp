#include "agent/spool/spool.hpp"
#include "tests/agent/spool/spool_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace apiary::agent {
namespace {

constexpr std::uint64_t kSmall = std::uint64_t{1} << 20U;

class SpoolBoundTest : public SpoolTest {
protected:
    /// A session of so many payload records between its opening and its closing.
    void play(std::uint8_t number, int payloads) {
        append(record(number, RecordKind::Opening, "opening"));
        for (int i = 0; i < payloads; ++i) {
            append(record(number, RecordKind::Payload, std::string(1000, 'p')));
        }
        append(record(number, RecordKind::Closing, "closing"));
    }

    std::map<RecordKind, int> kinds() const {
        std::map<RecordKind, int> kinds;
        for (const SpoolRow& row : readAll()) {
            ++kinds[row.kind];
        }
        return kinds;
    }
};

TEST_F(SpoolBoundTest, StaysBelowItsBoundWithoutAHoleAndKeepsEveryOpeningAndClosing) {
    open(settings(kSmall));
    for (std::uint8_t number = 1; number <= 50; ++number) {
        play(number, 100);
    }
    EXPECT_LE(std::filesystem::file_size(path()), kSmall);
    EXPECT_EQ(kinds()[RecordKind::Opening], 50);
    EXPECT_EQ(kinds()[RecordKind::Closing], 50);
    std::uint64_t next = 1;
    for (const SpoolRow& row : readAll()) {
        EXPECT_EQ(row.seq, next);
        next = row.seqEnd + 1;
    }
    EXPECT_EQ(next, 50U * 102 + 1);
    EXPECT_EQ(spool_->lost(), 5000U - static_cast<unsigned>(kinds()[RecordKind::Payload]));
}

TEST_F(SpoolBoundTest, DropsTheLongestSessionFirst) {
    open(settings(kSmall));
    play(1, 10);
    play(2, 700);
    play(3, 300);
    std::map<Uuid, int> payloads;
    for (const SpoolRow& row : readAll()) {
        payloads[row.session] += row.kind == RecordKind::Payload ? 1 : 0;
    }
    EXPECT_EQ(payloads[session(1)], 10);
    EXPECT_LT(payloads[session(2)], 700);
    EXPECT_GT(spool_->lost(), 0U);
}

TEST_F(SpoolBoundTest, MergesNeighboursIntoOneGapThatCountsThemAll) {
    open(settings(kSmall));
    play(1, 1200);
    std::uint64_t lost = 0;
    int gaps = 0;
    for (const SpoolRow& row : readAll()) {
        if (row.kind == RecordKind::Gap) {
            ++gaps;
            lost += row.seqEnd - row.seq + 1;
            EXPECT_EQ(row.body, "payload " + std::to_string(row.seqEnd - row.seq + 1) + " spool full");
        }
    }
    EXPECT_EQ(lost, spool_->lost());
    EXPECT_EQ(gaps, 1);
}

TEST_F(SpoolBoundTest, LeavesATraceInTheSession) {
    auto traced = settings(kSmall);
    traced.droppedBody = [](const SpoolRow& first, const SpoolSettings::Lost& lost) {
        return "dropped of " + std::to_string(first.session.bytes[15]) + " " + first.body.substr(0, 3) + " " +
               std::to_string(lost.records > 100 ? 1 : 0);
    };
    open(traced);
    play(9, 1000);
    const auto all = readAll();
    EXPECT_EQ(all.at(1).session, session(9));
    EXPECT_EQ(all.at(1).kind, RecordKind::Observation);
    EXPECT_EQ(all.at(1).body, "dropped of 9 ppp 1");
    EXPECT_EQ(all.at(2).kind, RecordKind::Gap);
}

TEST_F(SpoolBoundTest, KeepsTheTracesWhenEvidenceGoesToo) {
    auto bounded = settings(kSmall);
    bounded.droppedBody = [](const SpoolRow&, const SpoolSettings::Lost& lost) {
        return "trace " + std::to_string(lost.records);
    };
    open(bounded);
    constexpr std::uint8_t kSessions = 20;
    for (std::uint8_t number = 1; number <= kSessions; ++number) {
        play(number, 100);
    }
    append(record(100, RecordKind::Opening));
    for (int i = 0; i < 3000; ++i) {
        append(record(static_cast<std::uint8_t>(1 + i % 30), RecordKind::Observation, std::string(1900, 'e')));
    }
    std::map<Uuid, std::uint64_t> told;
    std::map<Uuid, std::uint64_t> left;
    std::uint64_t inGaps = 0;
    std::uint64_t marks = 0;
    for (const SpoolRow& row : readAll()) {
        if (row.body.starts_with("trace ")) {
            told[row.session] += std::stoull(row.body.substr(6));
            ++marks;
        }
        left[row.session] += row.kind == RecordKind::Payload ? 1 : 0;
        inGaps += row.kind == RecordKind::Gap ? row.seqEnd - row.seq + 1 : 0;
    }
    for (std::uint8_t number = 1; number <= kSessions; ++number) {
        EXPECT_EQ(told[session(number)] + left[session(number)], 100U) << int{number};
    }
    EXPECT_GT(marks, 0U);
    EXPECT_EQ(inGaps + marks, spool_->lost()) << "each number once";
}

TEST_F(SpoolBoundTest, DropsOfSessionsOnlyWhatTheTextLogsHold) {
    auto patient = settings(kSmall);
    patient.logPatience = std::chrono::hours(1);
    open(patient);
    spool_->journalled(0, 0);
    append(record(1, RecordKind::Opening));
    for (int i = 0; i < 2000 && !spool_->wantsLogs(); ++i) {
        append(record(1, RecordKind::Payload, std::string(1000, 'p')));
    }
    EXPECT_EQ(spool_->lost(), 0U);
    EXPECT_FALSE(spool_->full()) << "there will be room";
    const std::uint64_t held = spool_->lanes().at(0).last - 100;
    int waits = 0;
    for (int i = 0; i < 200; ++i) {
        const NewRecord next = record(1, RecordKind::Payload, std::string(1000, 'p'));
        spool_->append({&next, 1}, [&](std::chrono::milliseconds) {
            ++waits;
            EXPECT_EQ(spool_->lost(), 0U);
            spool_->journalled(0, held);
            return true;
        });
    }
    EXPECT_EQ(waits, 1);
    EXPECT_FALSE(spool_->wantsLogs());
    EXPECT_GT(spool_->lost(), 0U);
    for (const SpoolRow& row : readAll()) {
        EXPECT_TRUE(row.kind != RecordKind::Gap || row.seqEnd <= held);
    }
}

TEST_F(SpoolBoundTest, DropsAllTheSameWhenTheTextLogsAreNotWritten) {
    auto impatient = settings(kSmall);
    impatient.logPatience = std::chrono::milliseconds(0);
    open(impatient);
    spool_->journalled(0, 0);
    play(1, 1200);
    EXPECT_GT(spool_->lost(), 0U);
}

TEST_F(SpoolBoundTest, FreesNothingOfANewLaneThatNoTextLogHolds) {
    open(settings(kSmall));
    spool_->journalled(0, 0);
    EXPECT_EQ(spool_->openLane(), 1U);
    append({record(1, RecordKind::Opening, "a", 1), record(1, RecordKind::Closing, "b", 1)});
    spool_->acknowledge(1, 2);
    spool_->release();
    EXPECT_EQ(rows(1), "1:a\n2:b\n");
    spool_->journalled(1, 2);
    spool_->release();
    EXPECT_EQ(spool_->read(1, 0, 10, 1000).at(0).kind, RecordKind::Gap);
}

TEST_F(SpoolBoundTest, GivesTheRestOfAGapThatGrewOverASentNumber) {
    open(settings(kSmall));
    play(1, 1200);
    const auto all = readAll();
    const auto gap = std::ranges::find_if(all, [](const SpoolRow& row) { return row.seqEnd > row.seq + 1; });
    ASSERT_NE(gap, all.end());
    const auto rest = spool_->read(0, gap->seq, 1, 1000).at(0);
    EXPECT_EQ(rest.seq, gap->seq + 1);
    EXPECT_EQ(rest.seqEnd, gap->seqEnd);
}

TEST_F(SpoolBoundTest, IsFullOfSmallSessionsWhosePayloadWouldFreeNothing) {
    open(settings(kSmall));
    int sessions = 0;
    for (; !spool_->full() && sessions < 10'000; ++sessions) {
        const auto number = static_cast<std::uint8_t>(1 + sessions % 200);
        append(record(number, RecordKind::Opening, std::string(150, 'o')));
        append(record(number, RecordKind::Payload, "220 hello"));
        append(record(number, RecordKind::Closing, std::string(300, 'c')));
    }
    EXPECT_TRUE(spool_->full());
    EXPECT_GT(sessions, 1000);
    EXPECT_EQ(kinds()[RecordKind::Payload], sessions);
    EXPECT_EQ(spool_->lost(), 0U);
    append(record(201, RecordKind::Closing, std::string(300, 'c')));  // what is under way still has room
    spool_->acknowledge(0, static_cast<std::uint64_t>(3 * sessions));
    spool_->release();
    EXPECT_FALSE(spool_->full());
}

TEST_F(SpoolBoundTest, IsNotTooFullToWriteDownWhichSessionsAreOpenAndFreeTheRest) {
    open(settings(kSmall));
    spool_->journalled(0, 0);
    for (int i = 0; i < 1'000; ++i) {
        NewRecord opening = record(static_cast<std::uint8_t>(1 + i % 250), RecordKind::Opening);
        opening.session.bytes[14] = static_cast<std::uint8_t>(1 + i / 250);
        append(std::move(opening));
    }
    const auto fill = [this] {
        for (;;) {
            append({record(251, RecordKind::Opening, std::string(500, 'o')), record(251, RecordKind::Closing)});
        }
    };
    EXPECT_THROW(fill(), std::runtime_error);
    const std::uint64_t last = spool_->lanes().at(0).last;
    spool_->acknowledge(0, last);
    spool_->journalled(0, last);
    spool_->release();
    EXPECT_LT(spool_->usage().used, kSmall / 2);
}

TEST_F(SpoolBoundTest, DropsALongSessionThatComesIntoAFullSpool) {
    open(settings(kSmall));
    while (!spool_->full()) {
        append(record(1, RecordKind::Opening, std::string(500, 'o')));
    }
    play(2, 100);
    EXPECT_LT(kinds()[RecordKind::Payload], 100);
    EXPECT_GT(spool_->lost(), 0U);
    EXPECT_LE(std::filesystem::file_size(path()), kSmall);
}

TEST_F(SpoolBoundTest, IsNotFullOfPagesThatAreNearlyEmpty) {
    open(settings(kSmall));
    for (int i = 0; i < 2'000 && !spool_->full(); ++i) {  // packets of two long sessions in turns: no run to join
        append(record(static_cast<std::uint8_t>(1 + i % 2), RecordKind::Payload, std::string(5000, 'p')));
        append(record(3, RecordKind::Closing));
    }
    EXPECT_FALSE(spool_->full());
    EXPECT_GT(spool_->lost(), 1500U);
}

TEST_F(SpoolBoundTest, IsNotFullOfSmallPacketsOfSessionsInTurns) {
    open(settings(kSmall));
    constexpr int kSessions = 40;
    for (int i = 0; i < 15'000 && !spool_->full(); ++i) {
        const auto number = static_cast<std::uint8_t>(1 + i % kSessions);
        append(record(number, i < kSessions ? RecordKind::Opening : RecordKind::Payload, std::string(40, 'p')));
    }
    EXPECT_FALSE(spool_->full());
    EXPECT_GT(spool_->lost(), 0U);
}

TEST_F(SpoolBoundTest, DropsProbesBeforeEvidenceAndTellsThemFromPayload) {
    open(settings(kSmall));
    play(1, 20);
    for (int i = 0; i < 2000; ++i) {
        append(record(0, RecordKind::Probe, std::string(300, 'b')));
    }
    append(record(2, RecordKind::Opening));
    for (int i = 0; i < 200; ++i) {
        append(record(2, RecordKind::Observation, std::string(1900, 'e')));
    }
    EXPECT_EQ(kinds()[RecordKind::Observation], 200);
    std::uint64_t payload = 0;
    std::uint64_t probes = 0;
    for (const SpoolRow& row : readAll()) {
        if (row.kind == RecordKind::Gap) {
            const std::uint64_t span = row.seqEnd - row.seq + 1;
            const bool probe = row.body.starts_with("probe ");
            EXPECT_EQ(row.body, (probe ? "probe " : "payload ") + std::to_string(span) + " spool full");
            (probe ? probes : payload) += span;
        }
    }
    EXPECT_EQ(payload, 20U) << "payload goes first";
    EXPECT_GT(probes, 0U);
    EXPECT_EQ(probes + payload, spool_->lost());
}

TEST_F(SpoolBoundTest, CountsTheContactsOfDroppedProbes) {
    auto counting = settings(kSmall);
    counting.contacts = [](std::string_view body) { return std::stoull(std::string(body)); };
    open(counting);
    std::uint64_t contacts = 0;
    for (int i = 1; i <= 5000; ++i) {
        append(record(0, RecordKind::Probe, std::to_string(i) + std::string(300, ' ')));
        contacts += static_cast<std::uint64_t>(i);
    }
    std::uint64_t there = 0;
    std::uint64_t gone = 0;
    for (const SpoolRow& row : readAll()) {
        const bool gap = row.kind == RecordKind::Gap;
        (gap ? gone : there) += std::stoull(gap ? row.body.substr(std::string_view("probe ").size()) : row.body);
    }
    EXPECT_GT(gone, spool_->lost());
    EXPECT_EQ(there + gone, contacts);
}

TEST_F(SpoolBoundTest, TakesNewRecordsAgainOnceTheOldAreAcknowledged) {
    open(settings(kSmall));
    play(1, 1200);
    spool_->acknowledge(0, 1202);
    spool_->release();
    const std::uint64_t lost = spool_->lost();
    play(2, 500);
    EXPECT_EQ(spool_->lost(), lost);
    EXPECT_EQ(readAll(0, 1202).size(), 502U);
}

TEST_F(SpoolBoundTest, GivesUpWithAWordWhenNothingMayBeDropped) {
    open(settings(kSmall));
    EXPECT_THROW(
        {
            for (std::uint8_t number = 1; number < 255; ++number) {
                append(record(number, RecordKind::Closing, std::string(8000, 'c')));
            }
        },
        std::runtime_error);
    const auto last = readAll().back().seq;
    spool_->acknowledge(0, last);
    spool_->release();
    EXPECT_EQ(append(record(1, RecordKind::Closing)), last + 1);
}

}  // namespace
}  // namespace apiary::agent
