#pragma once

#include "agent/journal/log_files.hpp"
#include "agent/record/manifest.hpp"
#include "agent/record/manifest_file.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <unordered_set>
#include <utility>

namespace apiary::agent {

/// A file that is appended to: all of a text, or nothing of it. Throws std::runtime_error where the disk refuses.
class AppendedFile {
public:
    /// Makes it if it is not there; its name is on disk then.
    explicit AppendedFile(const std::string& path);

    void append(std::string_view text);
    void cut(off_t size);
    void sync() const;

private:
    std::string path_;
    Descriptor file_;
    off_t size_ = 0;
};

/// The manifest of one day as its file holds it, with what waits for the next piece. Throws std::runtime_error where
/// the disk refuses; what was to be written is kept then, and comes with the next flush().
class ManifestDay {
public:
    /// Reads the file of that day, or begins it, and takes out of `absent` whom it has. A torn end is cut off; a file
    /// that somebody else wrote to is moved aside.
    ManifestDay(const std::string& path, std::chrono::sys_days day, std::unordered_set<Uuid>& absent);

    void take(std::span<const ManifestEntry> entries);
    void flush();

    /// Makes a piece of what waits, if it is time or `closing`, and none is under way. Its record will come behind
    /// `last` of that lane.
    void cut(const ManifestSettings& settings, bool closing, std::uint32_t lane, std::uint64_t last);

    /// The piece whose record is not known to be in the spool, if there is one and it was not handed out.
    const ManifestMark* unsent() const { return unsent_ && !handedOut_ ? &unsent_->mark : nullptr; }

    /// The record of that piece; it is in the file, synced.
    NewRecord handOut(std::uint32_t currentLane, std::chrono::system_clock::time_point now);

    /// Its record is in the spool. `handedOutOnly`: if handOut() gave it.
    void sent(bool handedOutOnly);

    /// The file, if it was written to since the last call; until spoil() it counts as synced.
    std::shared_ptr<AppendedFile> takeDirty() { return std::exchange(dirty_, false) ? file_ : nullptr; }
    void spoil() { dirty_ = true; }

    /// Leave it alone for a minute.
    void rest();

    /// Nothing waits for anything.
    bool idle() const { return !dirty_ && waiting_.empty() && !unsent_ && unwritten_.empty(); }

    /// The number of that day on the wire.
    std::uint32_t number() const { return number_; }

private:
    using Steady = std::chrono::steady_clock;

    struct Piece {
        ManifestMark mark;
        std::string entries;
    };

    bool read(const std::string& path, std::unordered_set<Uuid>& absent, ManifestReading& reading);

    std::uint32_t number_;
    std::shared_ptr<AppendedFile> file_;  // shared with a sync under way
    std::uint64_t pieced_ = 0;            // entries in pieces
    Sha256Digest chain_{};                // of the last piece
    std::string waiting_;                 // entries behind it
    Steady::time_point since_;            // of the first of these
    Steady::time_point notBefore_;        // of the next try to make a piece
    std::optional<Piece> unsent_;
    bool handedOut_ = false;
    std::string unwritten_;  // lines that the disk refused
    bool dirty_ = true;
};

}  // namespace apiary::agent
