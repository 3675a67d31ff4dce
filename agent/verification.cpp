#include "agent/verification.hpp"

#include "agent/journal/removal_list.hpp"
#include "agent/record/manifest_file.hpp"
#include "common/crypto/manifest_chain.hpp"
#include "common/crypto/pem.hpp"
#include "common/crypto/signature.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace apiary::agent {
namespace {

namespace fs = std::filesystem;

/// An entry may be there before its log is whole: a running agent writes that within a fraction of this.
constexpr auto kBeingWritten = std::chrono::seconds(10);
constexpr auto kSecondLook = std::chrono::milliseconds(700);

enum class Found { AsWritten, Changed, Missing, Incomplete };

std::optional<Sha256Digest> digestOfFile(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return std::nullopt;
    }
    Sha256 digest;
    std::array<char, 65536> block{};
    while (file.read(block.data(), block.size()) || file.gcount() > 0) {
        digest.update({block.data(), static_cast<std::size_t>(file.gcount())});
    }
    return digest.finish();
}

class DayVerification {
public:
    DayVerification(const EvidencePlaces& evidence, const std::string& ca, const RemovedList& removed,
                    std::chrono::sys_days day, std::ostream& out)
        : evidence_(evidence),
          ca_(ca),
          removed_(removed),
          day_(day),
          file_(evidence.manifests + '/' + dayName(day)),
          out_(out) {}

    std::size_t run() {
        std::error_code none;
        const bool fresh = fs::file_time_type::clock::now() - fs::last_write_time(file_, none) < kBeingWritten;
        const ManifestReading reading =
            readManifest(file_, [this](ManifestLine line) { std::visit([this](auto& one) { take(one); }, line); });
        if (reading.torn) {
            flaw("changed " + file_ + ": behind byte " + std::to_string(reading.sound) +
                 " it is not what an agent writes");
        }
        if (fs::exists(file_ + ".damaged", none)) {
            flaw("changed " + file_ + ".damaged: the agent found it not as it had written it, and began anew");
        }
        if (fresh && !doubtful_.empty()) {
            std::this_thread::sleep_for(kSecondLook);
        }
        for (const ManifestEntry& entry : std::exchange(doubtful_, {})) {
            judge(entry, fresh ? look(entry) : lookOf_.at(entry.session));
        }
        tellMissing();
        summarise();
        return flaws_;
    }

private:
    void take(ManifestEntry& entry) {
        waiting_.append(entry.session.view()).append(view(entry.digest));
        if (entry.path.empty()) {
            ++unlogged_;
        } else if (const Found found = look(entry); found == Found::AsWritten) {
            ++asWritten_;
        } else {
            lookOf_[entry.session] = found;
            doubtful_.push_back(std::move(entry));
        }
    }

    void take(const ManifestMark& mark) {
        const std::string what = "changed " + file_ + ": the piece of " + std::to_string(mark.count) +
                                 " entries from number " + std::to_string(mark.first) + " ";
        ++pieces_;
        const bool follows = mark.first == pieced_ && mark.count <= waiting_.size() / kManifestEntry;
        const std::size_t size = std::min<std::size_t>(mark.count, waiting_.size() / kManifestEntry) * kManifestEntry;
        if (!follows || mark.chain != manifestChain(chain_, static_cast<std::uint32_t>(day_.time_since_epoch().count()),
                                                    mark.first, std::string_view(waiting_).substr(0, size))) {
            flaw(what + "does not continue what stands before it, or its entries are not those that were chained");
        }
        if (mark.signature.empty()) {
            ++unsigned_;
        } else if (!signatureHolds(mark.certificate, view(mark.chain), mark.signature)) {
            flaw(what + "is not signed by its key");
        } else if (!ca_.empty() && mark.certificate != trusted_) {
            if (const Status issued = issuedBy(mark.certificate, ca_); issued) {
                trusted_ = mark.certificate;
            } else {
                flaw(what + "is signed by a strange key: " + issued.error());
            }
        }
        pieced_ = mark.first + mark.count;
        chain_ = mark.chain;
        waiting_.erase(0, size);
    }

    void take(const ManifestDone&) {}

    Found look(const ManifestEntry& entry) const {
        const fs::path path = fs::path(evidence_.journal) / entry.path;
        if (const auto digest = digestOfFile(path)) {
            return *digest == entry.digest ? Found::AsWritten : Found::Changed;
        }
        std::error_code none;
        return fs::exists(path.string() + ".incomplete", none) ? Found::Incomplete : Found::Missing;
    }

    void judge(const ManifestEntry& entry, Found found) {
        switch (found) {
            case Found::AsWritten:
                ++asWritten_;
                break;
            case Found::Changed:
                ++changed_;
                flaw("changed " + entry.path);
                break;
            case Found::Incomplete:
                ++incomplete_;
                flaw("incomplete " + entry.path + ": the disk refused part of it");
                break;
            case Found::Missing:
                if (removed_.paths.contains(entry.path)) {
                    out_ << "removed by the budget " << entry.path << '\n';
                    ++budget_;
                } else {
                    missing_[hourFolder(entry.path) + '/'].push_back(entry.path);
                }
        }
    }

    /// Of a folder that the budget emptied only the number of logs is known that it removed.
    void tellMissing() {
        for (const auto& [folder, paths] : missing_) {
            const auto known = removed_.folders.find(folder);
            const std::uint64_t byBudget = known == removed_.folders.end() ? 0 : known->second;
            const std::uint64_t others = paths.size() - std::min<std::uint64_t>(paths.size(), byBudget);
            if (byBudget > 0 && others > 0) {
                flaw("missing " + std::to_string(others) + " of the " + std::to_string(paths.size()) +
                     " logs that are gone from " + folder +
                     ": the budget removed the others, and which it was is not kept");
            }
            for (const std::string& path : paths) {
                if (byBudget > 0) {
                    out_ << "removed by the budget " << path << (others > 0 ? ", or missing" : "") << '\n';
                } else {
                    flaw("missing " + path);
                }
            }
            budget_ += paths.size() - others;
            lost_ += others;
        }
    }

    void summarise() {
        out_ << dayName(day_) << ": " << asWritten_ << " logs are as they were written, " << changed_ << " changed, "
             << lost_ << " missing, " << incomplete_ << " incomplete, " << budget_ << " removed by the budget; "
             << unlogged_ << " sessions without a log; " << pieces_ << " pieces"
             << (unsigned_ > 0 ? ", " + std::to_string(unsigned_) + " of them not signed" : "") << "; "
             << waiting_.size() / kManifestEntry << " entries wait for the next piece\n";
    }

    void flaw(const std::string& text) {
        out_ << text << '\n';
        ++flaws_;
    }

    const EvidencePlaces& evidence_;
    const std::string& ca_;
    const RemovedList& removed_;
    const std::chrono::sys_days day_;
    const std::string file_;
    std::ostream& out_;

    std::string waiting_;  // entries behind the last piece
    Sha256Digest chain_{};
    std::uint64_t pieced_ = 0;
    std::string trusted_;  // a certificate that our authority issued
    std::vector<ManifestEntry> doubtful_;
    std::map<Uuid, Found> lookOf_;
    std::map<std::string, std::vector<std::string>> missing_;  // by hour's folder
    std::size_t flaws_ = 0;
    std::uint64_t asWritten_ = 0;
    std::uint64_t changed_ = 0;
    std::uint64_t lost_ = 0;
    std::uint64_t incomplete_ = 0;
    std::uint64_t budget_ = 0;
    std::uint64_t unlogged_ = 0;
    std::uint64_t pieces_ = 0;
    std::uint64_t unsigned_ = 0;
};

}  // namespace

std::size_t verifyEvidence(const EvidencePlaces& evidence, std::optional<std::chrono::sys_days> wanted,
                           std::ostream& out) {
    std::vector<std::chrono::sys_days> days;
    std::error_code none;
    for (fs::directory_iterator at(evidence.manifests, none); !none && at != fs::directory_iterator();
         at.increment(none)) {
        const auto day = dayOfName(at->path().filename().string());
        if (day && (!wanted || *day == *wanted)) {
            days.push_back(*day);
        }
    }
    if (days.empty()) {
        out << "missing " << evidence.manifests << '/' << (wanted ? dayName(*wanted) : "")
            << ": there is no manifest to compare with\n";
        return 1;
    }
    std::string ca;
    if (!evidence.ca.empty()) {
        auto text = readPem("CA certificate", evidence.ca);
        if (!text) {
            out << text.error() << '\n';
            return 1;
        }
        ca = *std::move(text);
    }
    const RemovedList removed = readRemoved(evidence.journal);
    std::ranges::sort(days);
    std::size_t flaws = 0;
    for (const auto day : days) {
        flaws += DayVerification(evidence, ca, removed, day, out).run();
    }
    return flaws;
}

}  // namespace apiary::agent
