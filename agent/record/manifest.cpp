#include "agent/record/manifest.hpp"

#include "agent/journal/log_files.hpp"
#include "agent/record/record_bodies.hpp"
#include "common/concurrent/guarded.hpp"
#include "common/crypto/manifest_chain.hpp"
#include "common/log/log.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <stdexcept>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <unordered_set>
#include <utility>

namespace apiary::agent {
namespace {

namespace fs = std::filesystem;
using Steady = std::chrono::steady_clock;
using std::chrono::sys_days;

constexpr auto kAfterARefusal = std::chrono::minutes(1);

std::string entryBytes(const ManifestEntry& entry) {
    return std::string(entry.session.view()).append(view(entry.digest));
}

[[noreturn]] void refuse(const std::string& path) {
    throw std::runtime_error("the manifest " + path + ": " + std::generic_category().message(errno));
}

/// A file that is appended to: all of a text, or nothing of it.
class AppendedFile {
public:
    explicit AppendedFile(const std::string& path)
        : path_(path), file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640)) {
        struct stat status {};
        if (!file_.open() || ::fstat(file_.number(), &status) != 0) {
            refuse(path);
        }
        size_ = status.st_size;
        if (size_ == 0) {
            const Descriptor folder(::open(fs::path(path).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
            if (!folder.open() || ::fsync(folder.number()) != 0) {
                refuse(path);
            }
        }
    }

    void append(std::string_view text) {
        off_t written = 0;
        while (static_cast<std::size_t>(written) < text.size()) {
            const ssize_t wrote =
                ::write(file_.number(), text.data() + written, text.size() - static_cast<std::size_t>(written));
            if (wrote < 0 && errno != EINTR) {
                const int why = errno;
                cut(size_);
                errno = why;
                refuse(path_);
            }
            written += std::max<ssize_t>(wrote, 0);
        }
        size_ += written;
    }
    void cut(off_t size) {
        if (::ftruncate(file_.number(), size) != 0) {
            refuse(path_);
        }
        size_ = size;
    }
    void sync() const {
        if (::fdatasync(file_.number()) != 0) {
            refuse(path_);
        }
    }

private:
    std::string path_;
    Descriptor file_;
    off_t size_ = 0;
};

/// A piece whose record is not known to be in the spool.
struct UnsentPiece {
    ManifestMark mark;
    std::string entries;
    bool handedOut = false;
};

struct Day {
    std::shared_ptr<AppendedFile> file;  // shared with a sync under way
    std::uint64_t pieced = 0;            // entries in pieces
    Sha256Digest chain{};                // of the last piece
    std::string waiting;                 // entries behind it
    Steady::time_point since;            // of the first of these
    Steady::time_point notBefore;        // of the next try to sign
    std::optional<UnsentPiece> unsent;
    std::string unwritten;  // lines that the disk refused
    bool dirty = false;     // written to since the last sync
};

struct State {
    std::map<sys_days, Day> days;
    std::vector<ManifestEntry> homeless;  // entries of days whose file could not be opened
};
using Days = std::map<sys_days, Day>;

/// True if nothing of a file waits for anything.
bool complete(const std::string& path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    const auto size = static_cast<std::streamoff>(file.tellg());
    std::string tail(6, '\0');  // "#sent" or "#kept", and LF
    if (size < static_cast<std::streamoff>(tail.size())) {
        return false;
    }
    file.seekg(size - static_cast<std::streamoff>(tail.size()));
    file.read(tail.data(), static_cast<std::streamsize>(tail.size()));
    return tail == manifestText(ManifestDone{}) || tail == kKept;
}

/// Whether the record of a piece is among those behind the number that it notes.
bool isIn(const Spool& spool, std::uint32_t day, const ManifestMark& mark) {
    for (std::uint64_t after = mark.after;;) {
        const auto rows = spool.read(mark.lane, after, 1000, std::size_t{1} << 20U);
        if (rows.empty()) {
            return false;
        }
        for (const SpoolRow& row : rows) {
            v1::Record record;
            if (row.kind == RecordKind::Manifest && record.ParseFromString(row.body) && record.has_manifest() &&
                record.manifest().day() == day && record.manifest().first() == mark.first &&
                record.manifest().chain() == view(mark.chain)) {
                return true;
            }
        }
        after = rows.back().seqEnd;
    }
}

std::uint64_t lastOf(const Spool& spool, std::uint32_t lane) {
    const auto lanes = spool.lanes();
    const auto found = std::ranges::find(lanes, lane, &LaneView::lane);
    return found == lanes.end() ? 0 : found->last;
}

}  // namespace

std::optional<ManifestEntry> manifestEntryOf(const std::string& closing) {
    v1::Record record;
    ManifestEntry entry;
    if (!record.ParseFromString(closing) || !record.has_closed() ||
        record.closed().journal_sha256().size() != entry.digest.size()) {
        return std::nullopt;
    }
    entry.session = Uuid::ofBytes(record.session_id()).value_or(Uuid{});
    std::ranges::transform(record.closed().journal_sha256(), entry.digest.begin(),
                           [](char c) { return static_cast<std::uint8_t>(c); });
    entry.path = record.closed().journal_path();
    return entry;
}

class Manifest::Impl {
public:
    explicit Impl(ManifestSettings settings) : settings_(std::move(settings)) {
        if (!settings_.now) {
            settings_.now = [] { return std::chrono::system_clock::now(); };
        }
    }

    void recover(std::vector<ManifestEntry> closed, const Spool& spool) {
        std::error_code failed;
        fs::create_directories(settings_.folder, failed);
        std::map<sys_days, std::vector<ManifestEntry>> byDay;
        for (ManifestEntry& entry : closed) {
            byDay[dayOf(entry.session)].push_back(std::move(entry));
        }
        for (const auto& [day, path] : files()) {
            if (!complete(path)) {
                byDay.try_emplace(day);
            }
        }
        state_.with([&](State& state) {
            Days& days = state.days;
            for (auto& [number, entries] : byDay) {
                std::unordered_set<Uuid> absent;
                for (const ManifestEntry& entry : entries) {
                    absent.insert(entry.session);
                }
                Day& day = load(days, number, absent);
                std::erase_if(entries, [&](const ManifestEntry& entry) { return absent.erase(entry.session) == 0; });
                take(day, entries);
                flush(day);
                if (day.unsent && isIn(spool, count(number), day.unsent->mark)) {
                    day.file->append(manifestText(ManifestDone{}));
                    day.unsent.reset();
                }
            }
            tidy(days);
        });
    }

    void add(std::span<const ManifestEntry> closed) {
        state_.with([&](State& state) {
            state.homeless.insert(state.homeless.end(), closed.begin(), closed.end());
            try {
                write(state);
            } catch (const std::runtime_error& error) {
                complain(error.what());
            }
        });
    }

    std::vector<NewRecord> due(const Spool& spool, bool closing) {
        const std::uint32_t lane = spool.currentLane();
        const std::uint64_t last = lastOf(spool, lane);
        return state_.with([&](State& state) {
            std::vector<NewRecord> records;
            for (auto& [number, day] : state.days) {
                try {
                    if (!day.unsent && isDue(day, closing)) {
                        cut(day, number, lane, last);
                    }
                    if (day.unsent && !day.unsent->handedOut) {
                        day.unsent->handedOut = true;
                        records.push_back(recordOf(*day.unsent, count(number), lane));
                    }
                } catch (const std::runtime_error& error) {
                    day.notBefore = Steady::now() + kAfterARefusal;
                    complain(error.what());
                }
            }
            if (const auto today = std::chrono::floor<std::chrono::days>(settings_.now()); today != tidied_) {
                tidied_ = today;
                tidy(state.days);
            }
            return records;
        });
    }

    void committed() {
        state_.with([&](State& state) {
            for (auto& [number, day] : state.days) {
                if (day.unsent && day.unsent->handedOut) {
                    day.unwritten += manifestText(ManifestDone{});
                    day.unsent.reset();
                }
            }
            try {
                write(state);
            } catch (const std::runtime_error& error) {
                complain(error.what());
            }
        });
    }

    void sync() {
        std::vector<std::shared_ptr<AppendedFile>> files;
        state_.with([&](State& state) {
            write(state);
            for (auto& [number, day] : state.days) {
                if (std::exchange(day.dirty, false)) {
                    files.push_back(day.file);
                }
            }
        });
        try {
            for (const auto& file : files) {
                file->sync();
            }
        } catch (const std::runtime_error&) {
            state_.with([&](State& state) {
                for (auto& [number, day] : state.days) {
                    day.dirty = true;
                }
            });
            throw;
        }
    }

private:
    static std::uint32_t count(sys_days day) {
        return static_cast<std::uint32_t>(std::max<std::int64_t>(day.time_since_epoch().count(), 0));
    }

    std::string pathOf(sys_days day) const { return settings_.folder + '/' + dayName(day); }

    /// The files of days, the oldest first.
    std::map<sys_days, std::string> files() const {
        std::map<sys_days, std::string> found;
        std::error_code none;
        for (fs::directory_iterator at(settings_.folder, none); !none && at != fs::directory_iterator();
             at.increment(none)) {
            if (const auto day = dayOfName(at->path().filename().string())) {
                found.emplace(*day, at->path().string());
            }
        }
        return found;
    }

    /// Writes all that waits to be written, or as much as the disk takes.
    void write(State& state) {
        std::vector<ManifestEntry> entries = std::exchange(state.homeless, {});
        std::string refusal;
        for (ManifestEntry& entry : entries) {
            try {
                const sys_days number = dayOf(entry.session);
                const auto known = state.days.find(number);
                std::unordered_set<Uuid> none;
                take(known != state.days.end() ? known->second : load(state.days, number, none), {&entry, 1});
            } catch (const std::runtime_error& error) {
                refusal = error.what();
                state.homeless.push_back(std::move(entry));
            }
        }
        for (auto& [number, day] : state.days) {
            flush(day);
        }
        if (!refusal.empty()) {
            throw std::runtime_error(refusal);
        }
    }

    /// Reads a day's file; takes what it has out of `absent`.
    Day& load(Days& days, sys_days number, std::unordered_set<Uuid>& absent) {
        Day day;
        bool odd = false;
        const std::string path = pathOf(number);
        const ManifestReading reading = readManifest(path, [&](ManifestLine line) {
            if (const auto* entry = std::get_if<ManifestEntry>(&line)) {
                absent.erase(entry->session);
                day.waiting += entryBytes(*entry);
            } else if (auto* mark = std::get_if<ManifestMark>(&line)) {
                odd = odd || mark->first != day.pieced || mark->count * kManifestEntry > day.waiting.size();
                const std::size_t size = std::min(mark->count * kManifestEntry, day.waiting.size());
                day.pieced += mark->count;
                day.chain = mark->chain;
                day.unsent = UnsentPiece{.mark = std::move(*mark), .entries = day.waiting.substr(0, size)};
                day.waiting.erase(0, size);
            } else {
                day.unsent.reset();
            }
        });
        if (reading.damaged || odd) {
            log::error("the manifest " + path +
                       " is not as the agent wrote it: it is moved aside, and the day begins anew");
            std::error_code failed;
            fs::rename(path, path + ".damaged", failed);
            day = Day();
        }
        day.file = std::make_shared<AppendedFile>(path);
        if (reading.torn && !reading.damaged && !odd) {
            day.file->cut(static_cast<off_t>(reading.sound));
        }
        if (day.unsent && day.unsent->mark.signature.empty()) {
            day.unsent.reset();
            day.file->append(kKept);
        }
        day.dirty = true;
        day.since = Steady::now();
        return days[number] = std::move(day);
    }

    static void take(Day& day, std::span<const ManifestEntry> entries) {
        if (day.waiting.empty()) {
            day.since = Steady::now();
        }
        for (const ManifestEntry& entry : entries) {
            day.waiting += entryBytes(entry);
            day.unwritten += manifestText(entry);
        }
    }

    static void flush(Day& day) {
        if (day.unwritten.empty()) {
            return;
        }
        day.file->append(day.unwritten);
        day.unwritten.clear();
        day.dirty = true;
    }

    bool isDue(const Day& day, bool closing) const {
        const auto now = Steady::now();
        return !day.waiting.empty() && now >= day.notBefore &&
               (closing || day.waiting.size() >= settings_.most * kManifestEntry || now >= day.since + settings_.every);
    }

    /// Makes a piece of what waits: in the file, synced. Its record will come behind `last`.
    void cut(Day& day, sys_days number, std::uint32_t lane, std::uint64_t last) {
        flush(day);
        UnsentPiece piece;
        piece.entries = day.waiting.substr(0, settings_.most * kManifestEntry);
        piece.mark.first = day.pieced;
        piece.mark.count = piece.entries.size() / kManifestEntry;
        piece.mark.chain = manifestChain(day.chain, count(number), day.pieced, piece.entries);
        if (settings_.sign) {
            auto signature = settings_.sign(view(piece.mark.chain));
            if (!signature) {
                throw std::runtime_error("the manifest cannot be signed, trying again: " + signature.error());
            }
            piece.mark.signature = std::move(signature->bytes);
            piece.mark.certificate = std::move(signature->certificate);
            piece.mark.lane = lane;
            piece.mark.after = last;
        }
        day.file->append(manifestText(piece.mark) + (settings_.sign ? "" : std::string(kKept)));
        day.pieced += piece.mark.count;
        day.chain = piece.mark.chain;
        day.waiting.erase(0, piece.entries.size());
        day.since = Steady::now();
        if (settings_.sign) {
            day.unsent = std::move(piece);
            day.file->sync();
        }
        day.dirty = true;
        troubled_ = false;
    }

    NewRecord recordOf(const UnsentPiece& piece, std::uint32_t day, std::uint32_t lane) const {
        const WallTime now = settings_.now();
        NewRecord made{.lane = lane, .session = {}, .kind = RecordKind::Manifest, .at = now, .body = {}};
        made.body = recordBody({}, 0, now, [&](v1::Record& record) {
            auto& manifest = *record.mutable_manifest();
            manifest.set_day(day);
            manifest.set_first(piece.mark.first);
            manifest.set_entries(piece.entries);
            manifest.set_chain(piece.mark.chain.data(), piece.mark.chain.size());
            manifest.set_signature(piece.mark.signature);
            manifest.set_certificate(piece.mark.certificate);
        });
        return made;
    }

    /// Lets go of days that are over, and removes the files of those whose logs are gone.
    void tidy(Days& days) {
        const auto keepFrom = std::chrono::floor<std::chrono::days>(settings_.now()) - std::chrono::days(1);
        std::erase_if(days, [&](const auto& one) {
            const Day& day = one.second;
            return one.first < keepFrom && !day.dirty && day.waiting.empty() && !day.unsent && day.unwritten.empty();
        });
        const auto present = files();
        std::uint64_t bytes = 0;
        std::error_code none;
        for (const auto& [day, path] : present) {
            bytes += static_cast<std::uint64_t>(fs::file_size(path, none));
        }
        for (const auto& [day, path] : present) {
            const bool mayGo = day < keepFrom && !days.contains(day);
            if (mayGo && (bytes > settings_.bytes || !hasLogs(dayName(day)))) {
                bytes -= static_cast<std::uint64_t>(fs::file_size(path, none));
                fs::remove(path, none);
            }
        }
    }

    bool hasLogs(const std::string& day) const {
        std::error_code none;
        for (fs::directory_iterator run(settings_.journalDirectory, none); !none && run != fs::directory_iterator();
             run.increment(none)) {
            if (fs::exists(run->path() / day, none)) {
                return true;
            }
        }
        return false;
    }

    void complain(const std::string& what) {
        if (!std::exchange(troubled_, true)) {
            log::error(what);
        }
    }

    ManifestSettings settings_;
    Guarded<State> state_;
    sys_days tidied_{};
    bool troubled_ = false;  // and said so
};

Manifest::Manifest(ManifestSettings settings) : impl_(std::make_unique<Impl>(std::move(settings))) {}
Manifest::~Manifest() = default;

void Manifest::recover(std::vector<ManifestEntry> closed, const Spool& spool) {
    impl_->recover(std::move(closed), spool);
}

void Manifest::add(std::span<const ManifestEntry> closed) {
    impl_->add(closed);
}

std::vector<NewRecord> Manifest::due(const Spool& spool, bool closing) {
    return impl_->due(spool, closing);
}

void Manifest::committed() {
    impl_->committed();
}

void Manifest::sync() {
    impl_->sync();
}

}  // namespace apiary::agent
