#include "agent/spool/spool.hpp"

#include "agent/spool/durable_spool.hpp"
#include "common/crypto/digest.hpp"
#include "common/log/log.hpp"
#include "common/text/stamp.hpp"

#include <array>
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

constexpr std::size_t kNoteLength = 80;

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

/// Whether more numbers were given out than the file knows of.
bool behind(const SpoolLedger& ledger, const SpoolNote& note) {
    const auto lane = ledger.lanes.find(note.lane);
    return lane == ledger.lanes.end() ? note.last > 0 : lane->second.last < note.last;
}

/// Gives a new file its id, and a copied one a new one. Returns what became of the spool that was here before, if it is
/// gone or was set back.
std::string identify(const Opened& opened, const SpoolSettings& settings, const ProcessLock& lock) {
    SpoolFile& file = *opened.file;
    const std::string mark = machineMark(settings.path);
    const Uuid present = file.id();
    const bool fresh = present == Uuid{};
    const bool copied = !fresh && !file.madeHere(mark);
    const auto before = lock.note();
    const bool old = !fresh && before && before->id == present && behind(opened.ledger, *before);
    if (copied && !old) {
        log::warn("spool: " + settings.path + " is a copy, from another machine or another file: it gets a new id");
    }
    if (fresh || copied || old) {
        file.mark(Uuid::v4(randomBytes<16>()), mark);
    }
    if (old) {
        return "the spool's file was set back to an old copy";
    }
    return fresh && before ? "the spool's file was gone or empty" : "";
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

std::optional<SpoolNote> ProcessLock::note() const {
    std::array<char, kNoteLength> text{};
    const ssize_t got = ::pread(descriptor_, text.data(), text.size(), 0);
    std::istringstream words(std::string(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0));
    std::string id;
    SpoolNote note;
    words >> id >> note.lane >> note.last;  // earlier versions wrote the id alone
    const auto parsed = Uuid::parse(id);
    if (!parsed) {
        return std::nullopt;
    }
    note.id = *parsed;
    return note;
}

void ProcessLock::setNote(const SpoolNote& note) const {
    std::string text = note.id.text() + ' ' + std::to_string(note.lane) + ' ' + std::to_string(note.last);
    text.resize(kNoteLength - 1, ' ');
    text += '\n';
    if (::pwrite(descriptor_, text.data(), text.size(), 0) < 0) {
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
        if (const std::string loss = identify(opened, settings, *lock); !loss.empty() && damage.empty()) {
            damage = loss;
            log::error("spool: " + damage + ": " + settings.path);
        }
        auto spool = std::make_unique<DurableSpool>(settings, *std::move(lock), std::move(opened.file),
                                                    std::move(opened.ledger));
        if (!damage.empty()) {
            const auto now = std::chrono::system_clock::now();
            NewRecord gap{.lane = spool->currentLane(), .session = {}, .kind = RecordKind::Gap, .at = now, .body = {}};
            gap.body =
                settings.gapBody({.what = "spool", .records = 0, .bytes = 0, .from = now, .to = now, .reason = damage});
            spool->append(
                {&gap, 1}, [](std::chrono::milliseconds) { return false; }, SpoolRoom::Kept);
        }
        return std::unique_ptr<Spool>(std::move(spool));
    } catch (const std::runtime_error& error) {
        return Error{"cannot open the spool " + settings.path + ": " + error.what() +
                     "; see that its folder is there, writable, and not full"};
    }
}

}  // namespace apiary::agent
