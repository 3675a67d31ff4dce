#include "collector/store/manifest_repository.hpp"
#include "common/crypto/manifest_chain.hpp"
#include "common/crypto/signature.hpp"
#include "tests/collector/store/session_store_fixture.hpp"
#include "tests/support/certificates.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace apiary::collector {
namespace {

using test::RecordedSession;
using test::TestSpool;

/// Sessions of one day, and pieces of its manifest as a sensor makes them.
class ManifestStoreTest : public SessionStoreTest {
protected:
    static RecordedSession session(std::uint64_t random) {
        const auto yesterday = std::chrono::floor<std::chrono::days>(now()) - std::chrono::days(1);
        RecordedSession made({.start = yesterday + std::chrono::hours(10), .random = random});
        made.received("USER a\r\n").close();
        return made;
    }

    static std::string entryOf(const RecordedSession& session) {
        return std::string(session.id().view()).append(view(Sha256::of(session.journal())));
    }

    v1::Record piece(std::uint64_t first, const std::string& entries, const Sha256Digest& before = {}) const {
        v1::Record record;
        record.set_at_us(static_cast<std::uint64_t>(now().time_since_epoch().count()));
        v1::ManifestPiece& piece = *record.mutable_manifest();
        piece.set_day(static_cast<std::uint32_t>(day_.time_since_epoch().count()));
        piece.set_first(first);
        piece.set_entries(entries);
        const Sha256Digest chain = manifestChain(before, piece.day(), first, entries);
        piece.set_chain(chain.data(), chain.size());
        const auto signature = signBy(identity_.certificate, identity_.key, piece.chain());
        piece.set_signature(signature->bytes);
        piece.set_certificate(signature->certificate);
        return record;
    }

    Sha256Digest chainOf(const v1::Record& record) const {
        Sha256Digest chain{};
        std::copy(record.manifest().chain().begin(), record.manifest().chain().end(), chain.begin());
        return chain;
    }

    std::string flaws() {
        return database_.ask(
            "SELECT string_agg(first || ': ' || coalesce(flaw, 'none'), ', ' ORDER BY piece_id) FROM "
            "apiary.manifest_piece");
    }

    /// Takes down `records`, one batch each.
    void take(const std::vector<v1::Record>& records, std::uint64_t spoolId = 9) {
        TestSpool spool(spoolId);
        std::vector<v1::Batch> batches;
        for (const v1::Record& record : records) {
            const std::uint64_t number = spool.append(record);
            batches.push_back(spool.batch(number, number));
        }
        send(spool, std::move(batches));
        EXPECT_EQ(count("quarantine"), "0");
    }

    test::TemporaryFolder keys_;
    test::TestAuthority authority_{keys_, "authority"};
    TlsIdentity identity_ = authority_.issue("sensor", "URI:apiary:sensor/x");
    const std::chrono::sys_days day_ = std::chrono::floor<std::chrono::days>(now()) - std::chrono::days(1);
};

TEST_F(ManifestStoreTest, StoresPiecesThatContinueEachOther) {
    const v1::Record first = piece(0, entryOf(session(1)) + entryOf(session(2)));
    take({first, piece(2, entryOf(session(3)), chainOf(first))});
    EXPECT_EQ(flaws(), "0: none, 2: none");
    EXPECT_EQ(database_.ask("SELECT concat_ws(' ', pieces, flawed, entries, missing, sensor) FROM apiary.manifest_day"),
              "2 0 3 0 first");
    EXPECT_EQ(database_.ask("SELECT string_agg(number || ' ' || session_id, ',' ORDER BY number) FROM "
                            "apiary.manifest_entry WHERE number = 2"),
              "2 " + session(3).id().text());
}

TEST_F(ManifestStoreTest, TakesAPieceOnceHoweverOftenItComes) {
    const v1::Record first = piece(0, entryOf(session(1)));
    take({first});
    take({first}, 10);  // a spool that was put back sends it under another id
    EXPECT_EQ(flaws(), "0: none");
}

TEST_F(ManifestStoreTest, FindsNoFaultWithPiecesThatComeInAnotherOrder) {
    const v1::Record first = piece(0, entryOf(session(1)));
    const v1::Record second = piece(1, entryOf(session(2)), chainOf(first));
    take({second});
    EXPECT_EQ(database_.ask("SELECT missing FROM apiary.manifest_day"), "1");
    take({first}, 10);
    EXPECT_EQ(flaws(), "1: none, 0: none");
    EXPECT_EQ(database_.ask("SELECT missing FROM apiary.manifest_day"), "0");
}

TEST_F(ManifestStoreTest, KeepsAPieceWhoseChainDoesNotContinueAndSaysSo) {
    const v1::Record first = piece(0, entryOf(session(1)));
    take({first, piece(1, entryOf(session(2)))});
    EXPECT_EQ(flaws(), "0: none, 1: its chain does not continue the piece before");
}

TEST_F(ManifestStoreTest, KeepsAnotherHistoryThatComesLaterAndSaysSo) {
    take({piece(0, entryOf(session(1)) + entryOf(session(2))), piece(0, entryOf(session(3)))});
    EXPECT_EQ(flaws(), "0: none, 0: it numbers entries that came before, and otherwise");
}

TEST_F(ManifestStoreTest, KeepsAPieceThatIsNotSignedByTheSensorAndSaysSo) {
    v1::Record changed = piece(0, entryOf(session(1)));
    char& last = changed.mutable_manifest()->mutable_signature()->back();
    last = static_cast<char>(last ^ 1);
    take({changed});
    EXPECT_EQ(flaws(), "0: its signature is not by the key of its certificate");
    store_.checkManifests([](const Uuid&, std::string_view) { return "it was issued to somebody else"; });
    take({piece(0, entryOf(session(2)))}, 10);
    EXPECT_EQ(database_.ask("SELECT flaw FROM apiary.manifest_piece ORDER BY piece_id DESC LIMIT 1"),
              "its certificate is not the sensor's: it was issued to somebody else");
}

TEST_F(ManifestStoreTest, PutsAsideWhatIsNoPieceAtAll) {
    TestSpool spool(9);
    v1::Record odd = piece(0, entryOf(session(1)) + "x");
    spool.append(odd);
    odd.mutable_manifest()->set_entries(entryOf(session(1)));
    odd.mutable_manifest()->set_day(1);
    spool.append(odd);
    send(spool, {spool.all()});
    EXPECT_EQ(database_.ask("SELECT string_agg(reason, ', ' ORDER BY seq) FROM apiary.quarantine"),
              "a piece of a manifest out of bounds, time outside the window");
    EXPECT_EQ(count("manifest_piece"), "0");
}

TEST_F(ManifestStoreTest, FindsWhatBecameOfTheRows) {
    TestSpool spool(1);
    std::string entries;
    std::vector<std::string> ids;
    for (std::uint64_t i = 1; i <= 6; ++i) {
        const RecordedSession made = session(i);
        spool.append(made);
        ids.push_back(made.id().text());
        entries += i < 6 ? entryOf(made) : "";
    }
    send(spool, {spool.all()});
    take({piece(0, entries)});
    const auto change = [&](const std::string& what, std::size_t which) {
        database_.ask(what + " WHERE session_id = '" + ids[which] + "' AND started_at = apiary.uuid_time(session_id)");
    };
    change("UPDATE apiary.session SET journal_sha256 = sha256('forged')", 0);
    change("UPDATE apiary.event SET bytes = 'forged'", 1);
    change("DELETE FROM apiary.session", 2);
    change("UPDATE apiary.event SET kind = 5, bytes = '1 spool full'", 3);

    Connection connection(database_.writer());
    ManifestRepository repository(connection);
    ASSERT_EQ(repository.sensor("first")->id, sensorId_);
    EXPECT_TRUE(repository.hasRows(day_));
    EXPECT_FALSE(repository.hasRows(day_ - std::chrono::days(300)));
    const auto heads = repository.pieces(sensorId_, day_);
    ASSERT_EQ(heads.size(), 1U);
    const StoredPiece stored = repository.piece(heads[0].pieceId);
    EXPECT_EQ(stored.entries, entries);
    const auto found = repository.compare(sensorId_, day_, stored.entries);
    ASSERT_EQ(found.size(), 4U);
    EXPECT_EQ(found[0].row, EntryFinding::Row::Altered);
    EXPECT_EQ(found[0].transcript, EntryFinding::Transcript::Same);
    EXPECT_EQ(found[1].row, EntryFinding::Row::AsClosed);
    EXPECT_EQ(found[1].transcript, EntryFinding::Transcript::Differs);
    EXPECT_EQ(found[2].row, EntryFinding::Row::Missing);
    EXPECT_EQ(found[3].transcript, EntryFinding::Transcript::Dropped);
    EXPECT_EQ(found[3].reason, "1 spool full");
    // The sixth has no entry, though the piece was made long after it had ended.
    const auto before = repository.rowsBefore(sensorId_, day_, stored, Uuid{});
    EXPECT_EQ(before.size(), 5U);
    EXPECT_TRUE(std::ranges::find(before, *Uuid::parse(ids[5])) != before.end());
}

}  // namespace
}  // namespace apiary::collector
