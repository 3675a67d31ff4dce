#pragma once

#include "agent/protocol/session.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// The commands in the background of one interactive shell, and the one that was stopped. Copied with each line that is
/// run anew. Bounded; past the bound a command runs unseen.
class ShellJobs {
public:
    static constexpr std::size_t kMost = 64;

    /// A command that was stopped while it read the terminal, to be run anew with what it has read.
    struct Reader {
        std::string text = {};
        std::vector<std::string> typed = {};
        std::size_t shown = 0;     // bytes of its output that are out
        std::size_t observed = 0;  // commands of it that were reported
    };

    struct Job {
        int number = 0;  // in brackets, from 1
        int process = 0;
        std::string text = {};              // as ash writes it: shellText()
        std::optional<WallTime> ends = {};  // nothing: it goes on until it is killed
        int status = 0;                     // when it ends by itself
        int signal = 0;                     // that ended it, or stopped it
        bool stopped = false;
        bool fresh = true;        // it has not run yet: this line began it, and no other program since
        std::string output = {};  // what it says when it ends
        std::shared_ptr<const Reader> reader = {};  // shared by the copies of the list that lines keep
    };

    /// With the lowest free number, unless it has one; the new one is the current one.
    Job& begin(Job job);

    /// %1, %%, %+, %-, %text or the number of a process. Null, and in `problem` why.
    Job* find(std::string_view spec, std::string& problem);
    Job* byProcess(int process);

    /// A signal comes. A fresh job does not heed those that its shell does not heed either.
    void signal(Job& job, int number, WallTime now);

    bool anyStopped() const;
    bool empty() const { return jobs_.empty(); }
    std::vector<Job>& list() { return jobs_; }
    const std::vector<Job>& list() const { return jobs_; }
    void remove(int number);

    /// What the prompt says of those that are over at that moment, newest first, and forgets them: with their last
    /// words before it. Stopped ones are told of once.
    std::string takeNews(WallTime now);
    /// The lines of `jobs`: all of them, or the one; those that are over are forgotten. `process`: with its number.
    std::string lines(WallTime now, bool process, std::optional<int> number = {});

private:
    std::string line(const Job& job, WallTime now, bool process) const;

    std::vector<Job> jobs_;    // the current one is the last
    std::vector<int> toldOf_;  // stopped ones
};

}  // namespace apiary::agent
