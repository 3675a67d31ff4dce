#include "agent/spool/spool.hpp"

#include "agent/spool/durable_spool.hpp"
#include "common/crypto/digest.hpp"
#include "common/log/log.hpp"
#include "common/text/stamp.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kLongestNote = std::size_t{64} << 10U;
constexpr const char* kShut = "shut";

/// A mark that a copy of the file does not share: another machine has another machine id, any copy another inode. The
/// device is left out: its number may change at a reboot.
std::string machineMark(const std::string& path) {
    std::string mark;
    std::ifstream("/etc/machine-id") >> mark;
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) {
        mark += '/' + std::to_string(status.st_ino);
    }
    return hexText(Sha256::of(mark));
}

/// Moves a damaged file and what belongs to it out of the way; returns its new name.
std::string moveAside(const std::string& path) {
    std::string stamp = isoStamp(std::chrono::system_clock::now());
    std::erase(stamp, ':');
    std::string aside = path + ".damaged-" + stamp;
    for (const char* part : {"", "-wal", "-shm"}) {
        std::error_code none;
        std::filesystem::rename(path + part, aside + part, none);
    }
    return aside;
}

struct Opened {
    std::unique_ptr<SpoolFile> file;
    SpoolLedger ledger;
};

Opened openFile(const SpoolSettings& settings) {
    Opened opened;
    try {
        opened.file = std::make_unique<SpoolFile>(settings, true);
    } catch (const SqliteError& error) {
        // One of an earlier version gets the tables it lacks, for which a full disk must not be in the way.
        if (!error.full() || !Ballast(settings.path + ".ballast", settings.ballast).give()) {
            throw;
        }
        opened.file = std::make_unique<SpoolFile>(settings, true);
    }
    opened.ledger = opened.file->load();
    return opened;
}

/// What became of the spool that was here before.
struct Loss {
    std::string reason;  // empty: nothing
    std::vector<LostNumbers> numbers;
};

/// What is known to have been given out and is not in the file; of a `fresh` one also that there is nothing.
std::vector<LostNumbers> lostOf(const SpoolNote& note, const SpoolLedger& ledger, bool fresh) {
    std::vector<LostNumbers> lost;
    for (const auto& [number, last] : note.last) {
        const auto lane = ledger.lanes.find(number);
        const std::uint64_t kept = lane == ledger.lanes.end() ? 0 : lane->second.last;
        if (fresh || kept < last) {
            lost.push_back({.spool = note.id, .lane = number, .kept = kept, .last = last, .exact = note.closed});
        }
    }
    return lost;
}

/// Gives a new file its id, and a copied one a new one. Returns what is lost if the spool that was here before is gone
/// or was set back.
Loss identify(const Opened& opened, const SpoolSettings& settings, const ProcessLock& lock) {
    SpoolFile& file = *opened.file;
    const std::string mark = machineMark(settings.path);
    const Uuid present = file.id();
    const bool fresh = present == Uuid{};
    const bool copied = !fresh && !file.madeHere(mark);
    const auto before = lock.note();
    std::vector<LostNumbers> lost;
    if (before && (fresh || before->id == present)) {
        lost = lostOf(*before, opened.ledger, fresh);
    }
    const bool old = !fresh && !lost.empty();
    if (copied && !old) {
        log::warn("spool: " + settings.path + " is a copy, from another machine or another file: it gets a new id");
    }
    if (fresh || copied || old) {
        file.mark(Uuid::v4(randomBytes<16>()), mark);
    }
    if (old) {
        return {"the spool's file was set back to an old copy", std::move(lost)};
    }
    return fresh && before ? Loss{"the spool's file was gone or empty", std::move(lost)} : Loss{};
}

}  // namespace

Result<ProcessLock> ProcessLock::take(const std::string& path) {
    ProcessLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (lock.descriptor_ < 0) {
        return Error{"cannot make " + path + ": " + std::generic_category().message(errno) +
                     "; make its folder, writable for the agent's user"};
    }
    if (::flock(lock.descriptor_, LOCK_EX | LOCK_NB) != 0) {
        return Error{path + " is locked: another agent uses this spool; give each its own state folder"};
    }
    return lock;
}

ProcessLock::ProcessLock(ProcessLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

ProcessLock::~ProcessLock() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

// "ID LANE LAST [LANE LAST ...] [shut]", the current lane first: earlier versions knew of no other, and the first of
// them wrote the id alone. What stands behind the end of the line is of an earlier, longer note.
std::optional<SpoolNote> ProcessLock::note() const {
    std::string text(kLongestNote, '\0');
    const ssize_t got = ::pread(descriptor_, text.data(), text.size(), 0);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    std::istringstream words(text.substr(0, text.find('\n')));
    std::string word;
    words >> word;
    const auto id = Uuid::parse(word);
    if (!id) {
        return std::nullopt;
    }
    SpoolNote note{.id = *id, .last = {}};
    std::uint32_t lane = 0;
    for (std::uint64_t last = 0; words >> lane >> last;) {
        note.last[lane] = last;
    }
    words.clear();
    note.closed = words >> word && word == kShut;
    return note;
}

void ProcessLock::setNote(const SpoolNote& note, bool synced) const {
    std::string text = note.id.text();
    std::for_each(note.last.rbegin(), note.last.rend(), [&](const auto& lane) {
        text += ' ' + std::to_string(lane.first) + ' ' + std::to_string(lane.second);
    });
    text += note.closed ? std::string(" ") + kShut + '\n' : "\n";
    if (::pwrite(descriptor_, text.data(), text.size(), 0) < 0 || (synced && ::fdatasync(descriptor_) != 0)) {
        log::warn("spool: cannot note how far it is: a loss of its file would go unseen");
    }
}

Result<std::unique_ptr<Spool>> Spool::open(SpoolSettings settings) {
    auto lock = ProcessLock::take(settings.path + ".lock");
    if (!lock) {
        return Error{lock.error()};
    }
    std::string damage;
    Opened opened;
    try {
        try {
            opened = openFile(settings);
        } catch (const SqliteError& error) {
            if (!error.damaged()) {
                throw;
            }
            const std::string aside = moveAside(settings.path);
            damage = "the spool's file was damaged and is kept as " + std::filesystem::path(aside).filename().string();
            log::error("spool: " + damage + ": " + error.what());
            opened = openFile(settings);
        }
        Loss loss = identify(opened, settings, *lock);
        if (!damage.empty()) {
            loss.reason = damage;
        } else if (!loss.reason.empty()) {
            log::error("spool: " + loss.reason + ": " + settings.path);
        }
        auto spool = std::make_unique<DurableSpool>(settings, *std::move(lock), std::move(opened.file),
                                                    std::move(opened.ledger));
        if (!loss.reason.empty()) {
            spool->tellOfLoss(loss.numbers, std::chrono::system_clock::now(), loss.reason);
        }
        return std::unique_ptr<Spool>(std::move(spool));
    } catch (const std::runtime_error& error) {
        return Error{"cannot open the spool " + settings.path + ": " + error.what() +
                     "; see that its folder is there, writable, and not full"};
    }
}

}  // namespace apiary::agent
