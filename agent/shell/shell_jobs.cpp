#include "agent/shell/shell_jobs.hpp"

#include "agent/shell/shell_numbers.hpp"
#include "agent/shell/shell_signals.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kTextColumn = 33;
constexpr std::size_t kLongestText = 200;

bool over(const ShellJobs::Job& job, WallTime now) {
    return !job.stopped && job.ends && *job.ends <= now;
}

}  // namespace

ShellJobs::Job& ShellJobs::begin(Job job) {
    int number = std::max(job.number, 1);
    while (std::ranges::any_of(jobs_, [&](const Job& other) { return other.number == number; })) {
        ++number;
    }
    job.number = number;
    job.text.resize(std::min(job.text.size(), kLongestText));
    if (jobs_.size() >= kMost) {
        jobs_.erase(jobs_.begin());
    }
    jobs_.push_back(std::move(job));
    return jobs_.back();
}

ShellJobs::Job* ShellJobs::byProcess(int process) {
    const auto found = std::ranges::find(jobs_, process, &Job::process);
    return found == jobs_.end() ? nullptr : &*found;
}

ShellJobs::Job* ShellJobs::find(std::string_view spec, std::string& problem) {
    if (!spec.starts_with('%')) {
        const auto process = parseNumber<int>(spec);
        Job* job = process ? byProcess(*process) : nullptr;
        problem = job == nullptr ? std::string(spec) + ": no such job" : "";
        return job;
    }
    const std::string_view which = spec.substr(1);
    if (which.empty() || which == "%" || which == "+") {
        problem = jobs_.empty() ? "No current job" : "";
        return jobs_.empty() ? nullptr : &jobs_.back();
    }
    if (which == "-") {
        problem = jobs_.size() < 2 ? "No previous job" : "";
        return jobs_.size() < 2 ? nullptr : &jobs_[jobs_.size() - 2];
    }
    const auto number = parseNumber<int>(which);
    const auto means = [&](const Job& job) {
        return number                   ? job.number == *number
               : which.starts_with('?') ? job.text.find(which.substr(1)) != std::string::npos
                                        : job.text.starts_with(which);
    };
    const auto found = std::ranges::find_if(jobs_, means);
    const auto count = std::ranges::count_if(jobs_, means);
    problem = count == 1 ? "" : std::string(spec) + (count == 0 ? ": no such job" : ": ambiguous");
    return count == 1 ? &*found : nullptr;
}

void ShellJobs::signal(Job& job, int number, WallTime now) {
    const bool shielded = number == kSignalInterrupt || number == kSignalQuit || number == kSignalTerminate ||
                          number == kSignalTerminalStop;  // as long as it is still a copy of the shell
    const bool heeded = !shielded || !job.fresh;
    constexpr int kKill = 9;
    const bool waits = job.stopped && number != kKill && number != kSignalContinue;  // until it goes on
    if (number == 0 || !heeded || over(job, now) || waits) {
        return;
    }
    if (number == kSignalContinue) {
        job.stopped = false;
        std::erase(toldOf_, job.number);
        job.signal = 0;
    } else if (number >= kSignalStop && number <= kSignalTerminalInput + 1) {
        job.stopped = true;
        job.signal = number;
    } else if (number != kSignalChild && number < kLastSignal - 2 && number != 23 && number != 28) {
        job.stopped = false;
        job.signal = number;
        job.status = 128 + number;
        job.output.clear();
        job.ends = now + Millis{20};
    }
}

bool ShellJobs::anyStopped() const {
    return std::ranges::any_of(jobs_, &Job::stopped);
}

void ShellJobs::remove(int number) {
    std::erase_if(jobs_, [&](const Job& job) { return job.number == number; });
    std::erase(toldOf_, number);
}

std::string ShellJobs::line(const Job& job, WallTime now, bool process) const {
    const char sign = &job == &jobs_.back() ? '+' : jobs_.size() > 1 && &job == &jobs_[jobs_.size() - 2] ? '-' : ' ';
    std::string text = '[' + std::to_string(job.number) + ']' + sign + "  ";
    text += process ? std::to_string(job.process) + ' ' : "";
    if (job.stopped || (over(job, now) && job.signal != 0)) {
        text += shellSignalText(job.signal);
    } else if (over(job, now)) {
        text += job.status == 0 ? "Done" : "Done(" + std::to_string(job.status) + ")";
    } else {
        text += "Running";
    }
    text.resize(std::max(kTextColumn, text.size() + 1), ' ');
    return text + job.text + '\n';
}

std::string ShellJobs::takeNews(WallTime now) {
    std::string words;
    std::string text;
    for (std::size_t i = jobs_.size(); i-- > 0;) {
        Job& job = jobs_[i];
        const bool told = std::ranges::find(toldOf_, job.number) != toldOf_.end();
        if (job.stopped && !told && !job.fresh) {
            text += line(job, now, false);
            toldOf_.push_back(job.number);
        } else if (over(job, now)) {
            words.insert(0, std::exchange(job.output, {}));
            text += line(job, now, false);
            remove(job.number);
        }
    }
    return words + text;
}

std::string ShellJobs::lines(WallTime now, bool process, std::optional<int> number) {
    std::string text;
    for (std::size_t i = jobs_.size(); i-- > 0;) {
        const Job job = jobs_[i];
        if (!number || *number == job.number) {
            text += line(jobs_[i], now, process);
            if (over(job, now)) {
                remove(job.number);
            }
        }
    }
    return text;
}

}  // namespace apiary::agent
