#include "agent/record/upkeep.hpp"

#include "agent/record/recovery.hpp"
#include "common/log/log.hpp"

#include <stdexcept>
#include <string>
#include <utility>

namespace apiary::agent {

Upkeep::Upkeep(Spool& spool, JournalWriter& journal, Manifest* manifest, std::chrono::milliseconds between)
    : spool_(spool), journal_(journal), manifest_(manifest), between_(between) {}

void Upkeep::begin(std::vector<Uuid> unfinished) {
    unfinished_ = std::move(unfinished);
    for (const LaneView& lane : spool_.lanes()) {
        spool_.journalled(lane.lane, 0);
        handed_.with([&](Marks& marks) { marks[lane.lane] = lane.last; });
    }
}

void Upkeep::handed(std::span<const NewRecord> records, std::span<const std::uint64_t> numbers) {
    handed_.with([&](Marks& marks) {
        for (std::size_t i = 0; i < records.size(); ++i) {
            marks[records[i].lane] = numbers[i];
        }
    });
}

void Upkeep::run() {
    bool more = true;
    bool troubled = false;
    while (more) {
        {
            std::unique_lock lock(mutex_);
            due_.wait_for(lock, between_, [this] { return isStopped_ || isWanted_; });
            isWanted_ = false;
            more = !isStopped_;
        }
        try {
            settle();
            troubled = false;
        } catch (const std::runtime_error& error) {
            if (!std::exchange(troubled, true)) {
                log::error("record: cannot settle journal and spool, trying again: " + std::string(error.what()));
            }
        }
    }
}

void Upkeep::wake() {
    {
        const std::lock_guard lock(mutex_);
        isWanted_ = true;
    }
    due_.notify_all();
}

void Upkeep::stop() {
    {
        const std::lock_guard lock(mutex_);
        isStopped_ = true;
    }
    due_.notify_all();
}

/// What was written down must not go while its log lacks it. A spool that needs the room comes first.
void Upkeep::finishLogs() {
    if (unfinished_.empty()) {
        return;
    }
    unfinished_ = completeLogs(spool_, journal_, unfinished_);
    if (unfinished_.empty()) {
        log::info("journal: the logs of the run before are complete");
    } else if (!spool_.wantsLogs()) {
        throw std::runtime_error("no room for " + std::to_string(unfinished_.size()) +
                                 " logs of the run before: make some on the disk of the journal");
    } else {
        log::error("journal: the spool is at its bound, and there is no room for " +
                   std::to_string(unfinished_.size()) + " logs of the run before: they stay cut short");
        unfinished_.clear();
    }
}

void Upkeep::settle() {
    finishLogs();
    const Marks marks = handed_.with([](const Marks& present) { return present; });
    journal_.sync();
    if (manifest_ != nullptr) {
        manifest_->sync();
    }
    for (const auto& [lane, seq] : marks) {
        spool_.journalled(lane, seq);
    }
    spool_.release();
}

}  // namespace apiary::agent
