#include "agent/record/manifest_day.hpp"

#include "agent/record/record_bodies.hpp"
#include "common/crypto/manifest_chain.hpp"
#include "common/log/log.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <stdexcept>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace apiary::agent {
namespace {

constexpr auto kAfterARefusal = std::chrono::minutes(1);

std::string entryBytes(const ManifestEntry& entry) {
    return std::string(entry.session.view()).append(view(entry.digest));
}

[[noreturn]] void refuse(const std::string& path) {
    throw std::runtime_error("the manifest " + path + ": " + std::generic_category().message(errno));
}

}  // namespace

AppendedFile::AppendedFile(const std::string& path)
    : path_(path), file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640)) {
    struct stat status {};
    if (!file_.open() || ::fstat(file_.number(), &status) != 0) {
        refuse(path);
    }
    size_ = status.st_size;
    if (size_ == 0) {
        const auto folder = std::filesystem::path(path).parent_path();
        const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!opened.open() || ::fsync(opened.number()) != 0) {
            refuse(path);
        }
    }
}

void AppendedFile::append(std::string_view text) {
    off_t end = size_;
    while (!text.empty()) {
        const ssize_t wrote = ::write(file_.number(), text.data(), text.size());
        if (wrote < 0 && errno != EINTR) {
            const int why = errno;
            cut(size_);
            errno = why;
            refuse(path_);
        }
        end += std::max<ssize_t>(wrote, 0);
        text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(wrote, 0)));
    }
    size_ = end;
}

void AppendedFile::cut(off_t size) {
    if (::ftruncate(file_.number(), size) != 0) {
        refuse(path_);
    }
    size_ = size;
}

void AppendedFile::sync() const {
    if (::fdatasync(file_.number()) != 0) {
        refuse(path_);
    }
}

ManifestDay::ManifestDay(const std::string& path, std::chrono::sys_days day, std::unordered_set<Uuid>& absent)
    : number_(static_cast<std::uint32_t>(std::max<std::int64_t>(day.time_since_epoch().count(), 0))),
      since_(Steady::now()) {
    ManifestReading reading;
    std::unordered_set<Uuid> left = absent;
    const bool own = read(path, left, reading) && !reading.damaged;
    if (own) {
        absent = std::move(left);
    } else {
        log::error("the manifest " + path +
                   " is not as the agent wrote it: it is moved aside, and the day begins anew");
        std::error_code failed;
        std::filesystem::rename(path, path + ".damaged", failed);
        pieced_ = 0;
        chain_ = {};
        waiting_.clear();
        unsent_.reset();
    }
    file_ = std::make_shared<AppendedFile>(path);
    if (own && reading.torn) {
        file_->cut(static_cast<off_t>(reading.sound));
    }
    if (unsent_ && unsent_->mark.signature.empty()) {
        unsent_.reset();
        file_->append(kKept);
    }
}

/// False if the pieces do not fit the entries.
bool ManifestDay::read(const std::string& path, std::unordered_set<Uuid>& absent, ManifestReading& reading) {
    bool fits = true;
    reading = readManifest(path, [&](ManifestLine line) {
        if (const auto* entry = std::get_if<ManifestEntry>(&line)) {
            absent.erase(entry->session);
            waiting_ += entryBytes(*entry);
        } else if (auto* mark = std::get_if<ManifestMark>(&line)) {
            fits = fits && mark->first == pieced_ && mark->count <= waiting_.size() / kManifestEntry;
            const std::size_t size = fits ? mark->count * kManifestEntry : 0;
            pieced_ += mark->count;
            chain_ = mark->chain;
            unsent_ = Piece{.mark = std::move(*mark), .entries = waiting_.substr(0, size)};
            waiting_.erase(0, size);
        } else {
            unsent_.reset();
        }
    });
    return fits;
}

void ManifestDay::take(std::span<const ManifestEntry> entries) {
    if (waiting_.empty()) {
        since_ = Steady::now();
    }
    for (const ManifestEntry& entry : entries) {
        waiting_ += entryBytes(entry);
        unwritten_ += manifestText(entry);
    }
}

void ManifestDay::flush() {
    if (!unwritten_.empty()) {
        file_->append(unwritten_);
        unwritten_.clear();
        dirty_ = true;
    }
}

void ManifestDay::cut(const ManifestSettings& settings, bool closing, std::uint32_t lane, std::uint64_t last) {
    const auto now = Steady::now();
    const bool isTime = closing || waiting_.size() >= settings.most * kManifestEntry || now >= since_ + settings.every;
    if (unsent_ || waiting_.empty() || now < notBefore_ || !isTime) {
        return;
    }
    flush();
    Piece piece;
    piece.entries = waiting_.substr(0, settings.most * kManifestEntry);
    piece.mark.first = pieced_;
    piece.mark.count = piece.entries.size() / kManifestEntry;
    piece.mark.chain = manifestChain(chain_, number_, pieced_, piece.entries);
    if (settings.sign) {
        auto signature = settings.sign(view(piece.mark.chain));
        if (!signature) {
            throw std::runtime_error("the manifest cannot be signed, trying again: " + signature.error());
        }
        piece.mark.signature = std::move(signature->bytes);
        piece.mark.certificate = std::move(signature->certificate);
        piece.mark.lane = lane;
        piece.mark.after = last;
    }
    file_->append(manifestText(piece.mark) + std::string(settings.sign ? "" : kKept));
    dirty_ = true;
    pieced_ += piece.mark.count;
    chain_ = piece.mark.chain;
    waiting_.erase(0, piece.entries.size());
    since_ = now;
    if (settings.sign) {
        unsent_ = std::move(piece);
    }
}

NewRecord ManifestDay::handOut(std::uint32_t currentLane, std::chrono::system_clock::time_point now) {
    file_->sync();
    const auto& [mark, entries] = *unsent_;
    // The lane that the file names is where the next start looks.
    NewRecord made{
        .lane = std::min(mark.lane, currentLane), .session = {}, .kind = RecordKind::Manifest, .at = now, .body = {}};
    made.body = recordBody({}, 0, now, [&, &mark = mark, &entries = entries](v1::Record& record) {
        auto& manifest = *record.mutable_manifest();
        manifest.set_day(number_);
        manifest.set_first(mark.first);
        manifest.set_entries(entries);
        manifest.set_chain(mark.chain.data(), mark.chain.size());
        manifest.set_signature(mark.signature);
        manifest.set_certificate(mark.certificate);
    });
    handedOut_ = true;
    return made;
}

void ManifestDay::sent(bool handedOutOnly) {
    if (unsent_ && (handedOut_ || !handedOutOnly)) {
        unwritten_ += manifestText(ManifestDone{});
        unsent_.reset();
        handedOut_ = false;
    }
}

void ManifestDay::rest() {
    notBefore_ = Steady::now() + kAfterARefusal;
}

}  // namespace apiary::agent
