#pragma once

#include "agent/record/manifest_file.hpp"
#include "agent/spool/spool.hpp"
#include "common/crypto/signature.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

struct ManifestSettings {
    std::string folder;            // made if it is not there: one file a day
    std::string journalDirectory;  // files go with the logs of their day
    /// Signs a chain. Without it there is no collector: pieces are not signed, and stay in the files.
    std::function<Result<Signature>(std::string_view chain)> sign = {};
    std::size_t most = 5000;                                          // entries of a piece
    std::chrono::milliseconds every = std::chrono::minutes(10);       // a piece is due when its oldest entry is so old
    std::uint64_t bytes = std::uint64_t{128} << 20U;                  // of all files; those of two days stay whatever
    std::function<std::chrono::system_clock::time_point()> now = {};  // which day it is; empty: the system's clock
};

/// The entry of a session by its serialised closing record; nothing if that is none, or without a digest.
std::optional<ManifestEntry> manifestEntryOf(const std::string& closing);

/// The manifest of the sessions that are over, by the day (UTC) on which each began: chained, signed in pieces, and the
/// pieces put into the spool like any record, so that the collector holds the head of the chain minutes later.
///
/// No entry is lost or doubled, whenever the agent dies: an entry is appended to its day's file behind the commit of
/// the closing, the spool's rows are freed only behind sync(), and recover() adds what the file does not have of the
/// closings that come from behind the last sync. A piece is in the file, synced, before its record goes to the spool;
/// whether it got there is looked up at the next start.
///
/// add(), due() and committed() belong to one thread, recover() to the one before it; sync() to any.
class Manifest {
public:
    explicit Manifest(ManifestSettings settings);
    ~Manifest();
    Manifest(const Manifest&) = delete;
    Manifest& operator=(const Manifest&) = delete;

    /// Takes up what an earlier run left. `closed` are the sessions whose closing may have come behind the last sync().
    /// Throws std::runtime_error if the files cannot be read or written.
    void recover(std::vector<ManifestEntry> closed, const Spool& spool);

    /// These sessions' closings are committed. Never fails: what the disk refuses is written later, before sync()
    /// returns.
    void add(std::span<const ManifestEntry> closed);

    /// The records of the pieces that are due, for the spool's present lane; with `closing` of all that waits. Commit
    /// them, then call committed().
    std::vector<NewRecord> due(const Spool& spool, bool closing);
    void committed();

    /// All that was added is on disk. Throws std::runtime_error if the disk refuses: free no rows of the spool then.
    void sync();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace apiary::agent
