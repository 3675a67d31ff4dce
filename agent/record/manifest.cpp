#include "agent/record/manifest.hpp"

#include "agent/record/manifest_day.hpp"
#include "common/concurrent/guarded.hpp"
#include "common/log/log.hpp"
#include "proto/apiary/v1/session.pb.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <system_error>
#include <unordered_set>
#include <utility>

namespace apiary::agent {
namespace {

namespace fs = std::filesystem;
using std::chrono::sys_days;

using Days = std::map<sys_days, ManifestDay>;

struct State {
    Days days;
    std::vector<ManifestEntry> homeless;  // entries of days whose file could not be opened
};

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
                ManifestDay& day = load(days, number, absent);
                std::erase_if(entries, [&](const ManifestEntry& entry) { return absent.erase(entry.session) == 0; });
                if (const ManifestMark* unsent = day.unsent(); unsent && isIn(spool, day.number(), *unsent)) {
                    day.sent(false);
                }
                day.take(entries);
                day.flush();
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
                    day.cut(settings_, closing, lane, last);
                    if (day.unsent() != nullptr) {
                        records.push_back(day.handOut(lane, settings_.now()));
                        troubled_ = false;
                    }
                } catch (const std::runtime_error& error) {
                    day.rest();
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
                day.sent(true);
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
                if (auto file = day.takeDirty()) {
                    files.push_back(std::move(file));
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
                    day.spoil();
                }
            });
            throw;
        }
    }

private:
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
                ManifestDay& day = known != state.days.end() ? known->second : load(state.days, number, none);
                day.take({&entry, 1});
            } catch (const std::runtime_error& error) {
                refusal = error.what();
                state.homeless.push_back(std::move(entry));
            }
        }
        for (auto& [number, day] : state.days) {
            day.flush();
        }
        if (!refusal.empty()) {
            throw std::runtime_error(refusal);
        }
    }

    /// Takes what the file of that day has out of `absent`.
    ManifestDay& load(Days& days, sys_days day, std::unordered_set<Uuid>& absent) {
        return days.insert_or_assign(day, ManifestDay(pathOf(day), day, absent)).first->second;
    }

    /// Lets go of days that are over, and removes the files of those whose logs are gone.
    void tidy(Days& days) {
        const auto keepFrom = std::chrono::floor<std::chrono::days>(settings_.now()) - std::chrono::days(1);
        std::erase_if(days, [&](const auto& one) { return one.first < keepFrom && one.second.idle(); });
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
