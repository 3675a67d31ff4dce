#include "collector/evidence_administration.hpp"

#include "collector/administration.hpp"
#include "collector/pki/sensor_certificate.hpp"
#include "collector/store/connection.hpp"
#include "collector/store/manifest_repository.hpp"
#include "common/crypto/manifest_chain.hpp"
#include "common/crypto/signature.hpp"
#include "common/text/escape.hpp"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

namespace apiary::collector {
namespace {

constexpr std::size_t kAtOnce = 500;  // entries of one question: each costs the rendering of a transcript

/// Walks one manifest. Holds 16 bytes for each session of the day, and no more than a piece besides.
class ManifestWalk {
public:
    ManifestWalk(ManifestRepository& repository, const ManifestRepository::Sensor& sensor, std::chrono::sys_days day,
                 std::string pki)
        : repository_(repository), sensor_(sensor), day_(day), pki_(std::move(pki)) {}

    std::size_t run(const std::vector<PieceHead>& heads) {
        StoredPiece last;
        for (const PieceHead& head : heads) {
            StoredPiece piece = repository_.piece(head.pieceId);
            if (takePiece(head, piece)) {
                compareRows(piece.entries);
                last = std::move(piece);
            }
        }
        findTwice();
        findRowsWithoutEntry(last);
        return flaws_;
    }

    /// Of a day whose rows are gone only the manifest is looked at.
    std::size_t runWithoutRows(const std::vector<PieceHead>& heads) {
        for (const PieceHead& head : heads) {
            takePiece(head, repository_.piece(head.pieceId));
        }
        return flaws_;
    }

    void summarise() const {
        std::cout << pieces_ << " pieces with " << sessions_.size() << " entries: " << altered_ << " rows altered, "
                  << missing_ << " missing, " << extra_ << " not in the manifest, " << differing_
                  << " transcripts differ, " << dropped_ << " not compared; " << flaws_ << " flaws\n";
    }

private:
    /// Judges a piece by those before; false if its entries do not count.
    bool takePiece(const PieceHead& head, const StoredPiece& piece) {
        const std::string what =
            "the piece of " + std::to_string(head.count) + " entries from number " + std::to_string(head.first) + " ";
        if (head.first < next_) {
            flaw(what + "numbers entries that another one has; it came at " + piece.receivedAt);
            return false;
        }
        ++pieces_;
        if (head.first > next_) {
            flaw("entries " + std::to_string(next_) + " to " + std::to_string(head.first - 1) +
                 " of the manifest are in no piece");
        } else if (piece.chain !=
                   view(manifestChain(chain_, static_cast<std::uint32_t>(day_.time_since_epoch().count()),
                                      static_cast<std::uint64_t>(head.first), piece.entries))) {
            flaw(what + "does not continue the chain, or its entries are not those that were chained");
        }
        if (!signatureHolds(piece.certificate, piece.chain, piece.signature)) {
            flaw(what + "is not signed by the key of its certificate");
        } else if (piece.certificate != trusted_) {
            if (const std::string stranger = strangerTo(sensor_.uuid, piece.certificate, pki_); stranger.empty()) {
                trusted_ = piece.certificate;
            } else {
                flaw(what + "is signed by a key that is not the sensor's: " + stranger);
            }
        }
        next_ = head.first + head.count;
        std::copy(piece.chain.begin(), piece.chain.end(), chain_.begin());  // 32 bytes, says the table
        return true;
    }

    void compareRows(std::string_view entries) {
        for (std::size_t at = 0; at < entries.size(); at += kManifestEntry) {
            sessions_.push_back(Uuid::ofBytes(entries.substr(at, sizeof(Uuid::bytes))).value_or(Uuid{}));
        }
        for (; !entries.empty(); entries.remove_prefix(std::min(entries.size(), kAtOnce * kManifestEntry))) {
            for (const EntryFinding& finding :
                 repository_.compare(sensor_.id, day_, entries.substr(0, kAtOnce * kManifestEntry))) {
                tell(finding);
            }
        }
    }

    void tell(const EntryFinding& finding) {
        const std::string id = finding.session.text();
        const std::string reason = finding.reason.empty() ? "" : ": " + escapeCut(finding.reason, 256);
        if (finding.row == EntryFinding::Row::Missing) {
            ++missing_;
            flaw("missing row " + id + reason);
            return;
        }
        if (finding.row == EntryFinding::Row::Altered) {
            ++altered_;
            flaw("altered row " + id + reason);
        }
        if (finding.transcript == EntryFinding::Transcript::Differs) {
            ++differing_;
            flaw("transcript of " + id + " differs" + reason);
        } else if (finding.transcript == EntryFinding::Transcript::Dropped) {
            ++dropped_;
            std::cout << "transcript of " << id << " cannot be compared, packets were dropped" << reason << '\n';
        }
    }

    void findTwice() {
        std::ranges::sort(sessions_);
        for (auto at = std::ranges::adjacent_find(sessions_); at != sessions_.end();
             at = std::adjacent_find(std::next(at), sessions_.end())) {
            flaw("session " + at->text() + " is in the manifest twice");
        }
    }

    void findRowsWithoutEntry(const StoredPiece& last) {
        if (sessions_.empty()) {
            return;
        }
        for (Uuid after;;) {
            const std::vector<Uuid> rows = repository_.rowsBefore(sensor_.id, day_, last, after);
            if (rows.empty()) {
                return;
            }
            for (const Uuid& row : rows) {
                if (!std::ranges::binary_search(sessions_, row)) {
                    ++extra_;
                    flaw("row " + row.text() + " not in the manifest");
                }
            }
            after = rows.back();
        }
    }

    void flaw(const std::string& text) {
        std::cout << text << '\n';
        ++flaws_;
    }

    ManifestRepository& repository_;
    const ManifestRepository::Sensor sensor_;
    const std::chrono::sys_days day_;
    const std::string pki_;
    std::int64_t next_ = 0;
    Sha256Digest chain_{};
    std::string trusted_;  // a certificate of the sensor's
    std::vector<Uuid> sessions_;
    std::size_t flaws_ = 0;
    std::size_t pieces_ = 0;
    std::size_t altered_ = 0;
    std::size_t missing_ = 0;
    std::size_t extra_ = 0;
    std::size_t differing_ = 0;
    std::size_t dropped_ = 0;
};

/// Nothing of a day that retention has removed is missing.
std::size_t withoutRows(ManifestRepository& repository, const std::vector<PieceHead>& heads, ManifestWalk walk,
                        const std::string& where, std::chrono::sys_days day) {
    const std::size_t flaws = walk.runWithoutRows(heads);
    std::cout << where << "rows removed by retention; ";
    if (heads.empty()) {
        std::cout << (repository.manifestsRemoved(day) ? "manifest removed by retention" : "no manifest") << '\n';
    } else {
        std::cout << "of the manifest " << heads.size() << " pieces are kept, " << flaws << " flaws\n";
    }
    return flaws;
}

}  // namespace

Result<std::size_t> verifyDay(const CollectorConfig& config, const std::string& name, const std::string& dayText) {
    const auto day = parseDay(dayText);
    if (!day) {
        return Error{day.error()};
    }
    Connection connection(config.writer);
    ManifestRepository repository(connection);
    const auto sensor = repository.sensor(name);
    if (!sensor) {
        return Error{"no sensor is called '" + name + "'"};
    }
    const std::vector<PieceHead> heads = repository.pieces(sensor->id, *day);
    if (repository.rowsRemoved(*day)) {
        return withoutRows(repository, heads, ManifestWalk(repository, *sensor, *day, config.pki),
                           name + ' ' + dayText + ": ", *day);
    }
    if (heads.empty()) {
        return Error{"sensor " + name + " sent no manifest of " + dayText +
                     ": it had no session, or sends none, or somebody deleted it"};
    }
    if (!repository.hasRows(*day)) {
        return Error{"there are no rows of " + dayText + ", and retention has not removed them: see audit_log"};
    }
    ManifestWalk walk(repository, *sensor, *day, config.pki);
    const std::size_t flaws = walk.run(heads);
    std::cout << name << ' ' << dayText << ": ";
    walk.summarise();
    return flaws;
}

}  // namespace apiary::collector
