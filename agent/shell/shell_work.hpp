#pragma once

#include "agent/protocol/session.hpp"
#include "agent/shell/shell_files.hpp"
#include "agent/shell/shell_host.hpp"
#include "agent/shell/shell_jobs.hpp"
#include "agent/shell/shell_terminal.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiary::agent {

/// What a file descriptor leads to. Several descriptors may share one, and its offset.
struct ShellStream {
    enum class Kind : std::uint8_t { Terminal, Pipe, File };
    Kind kind = Kind::Terminal;
    std::string path = {};    // of File
    std::string buffer = {};  // of Pipe: all that was written
    std::size_t offset = 0;   // of the next byte to read or write
    bool append = false;
    bool stopsReader = false;  // the terminal, for what runs in the background
};
using ShellStreamPtr = std::shared_ptr<ShellStream>;

/// What one line works with, and how much of it: steps, bytes moved, bytes shown, time, depth. Whatever is used up ends
/// the line quietly, once kMostTime has passed, as if somebody had pressed Control-C then.
class ShellWork {
public:
    static constexpr int kMostSteps = 3000;
    static constexpr std::size_t kMostMoved = std::size_t{8} << 20U;
    static constexpr std::size_t kMostOutput = std::size_t{64} << 10U;
    static constexpr std::size_t kMostPiped = std::size_t{512} << 10U;
    static constexpr std::size_t kMostEvidence = 64;
    static constexpr std::size_t kMostReported = std::size_t{1} << 20U;  // bytes of files, taken down as evidence
    static constexpr std::size_t kWriteCost = 1024;                      // of a write to a file, besides its bytes
    static constexpr int kDeepest = 80;
    static constexpr Millis kMostTime{10'000};

    ShellWork(const ShellHost& host, ShellFiles& files, WallTime now, const std::vector<std::string>& typed,
              int process)
        : host_(host), files_(files), now_(now), typed_(typed), nextProcess_(process) {}

    const ShellHost& host() const { return host_; }
    ShellFiles& files() { return files_; }
    WallTime now() const { return now_; }
    WallTime moment() const { return now_ + takes_; }  // after what it took so far
    std::int64_t seconds() const;

    /// True once nothing more is to be done.
    bool stopped() const { return starved_ || spent_; }
    /// True if it stopped because the user has not typed what it reads.
    bool starved() const { return starved_; }
    void stop() { spent_ = true; }
    bool spent() const { return spent_; }
    /// After a part of a pipe or a command in the background: if that used everything up, the rest gets a little, a
    /// few times. `before` is what spent() was when the part began.
    void goOn(bool before);

    /// Take a step, or move bytes; false if there is none left.
    bool step();
    bool move(std::size_t bytes);

    /// Goes one level deeper while it lives; check stopped().
    class Level {
    public:
        explicit Level(ShellWork& work) : work_(work) {
            if (++work_.depth_ > kDeepest) {
                work_.stop();
            }
        }
        Level(const Level&) = delete;
        Level& operator=(const Level&) = delete;
        ~Level() { --work_.depth_; }

    private:
        ShellWork& work_;
    };

    void wait(Millis time);
    void observe(Command command);
    /// A file is about to be run, removed or emptied: what was written into it becomes evidence.
    void report(const std::string& path);

    int newProcess() { return nextProcess_++; }

    /// What is said to the terminal from here on is that of a command in the background. Returns what to hand back,
    /// true inside another one.
    bool beginBackground() { return std::exchange(background_, true); }
    std::string endBackground(bool outer);
    /// True if the command in the background wanted to read the terminal.
    bool takeStoppedReader() { return std::exchange(readerStopped_, false); }
    /// Said in the background; it comes out when another program has had to be waited for, or behind the prompt.
    void writeLate(std::string_view text) {
        late_.append(text.substr(0, kMostOutput - std::min(kMostOutput, late_.size())));
    }
    std::string takeLate() { return std::move(late_) + std::exchange(last_, {}); }
    /// As writeLate(), of what takes its time: it always comes behind the prompt.
    void writeLast(std::string_view text) {
        last_.append(text.substr(0, kMostOutput - std::min(kMostOutput, last_.size())));
    }
    /// What a command has read, shown and reported before it was stopped is not to be asked for, shown and reported
    /// again.
    void replay(const ShellJobs::Reader& reader);
    /// A place in what is typed, shown and reported, and what has come since.
    struct Mark {
        std::size_t typed = 0;
        std::size_t shown = 0;
        std::size_t commands = 0;
    };
    Mark mark() const { return {typedAt_, output_.size(), commands_}; }
    ShellJobs::Reader since(const Mark& mark) const;

    /// A key sends this signal to what reads the terminal behind all that was typed, or to what waits for something
    /// when `passed` is over. That command ends, as if it were out of steps, and the line goes on behind it.
    void breakOff(int signal, std::optional<Millis> passed);
    bool broken() const { return broken_ != 0; }
    struct Break {
        int signal = 0;              // none: nothing was broken off
        std::optional<Millis> left;  // of the time that it waited for; nothing if it read
    };
    Break takeBreak();
    /// The job that fg has brought to the foreground in this line.
    const std::optional<ShellJobs::Job>& foreground() const { return foreground_; }
    void setForeground(const ShellJobs::Job& job) { foreground_ = job; }
    /// Commands that were observed so far, beyond the bound too.
    std::size_t commands() const { return commands_; }
    /// Something else is waited for, so that what was started in the background has run.
    void settle();

    /// Writes all of it, or says why not.
    ShellError write(ShellStream& stream, std::string_view bytes);
    /// At most `most` bytes; fewer only at the end.
    std::string read(ShellStream& stream, std::size_t most);
    /// Up to and with the next line end; empty only at the end.
    std::string readLine(ShellStream& stream);

    std::string takeOutput() { return std::move(output_); }
    std::vector<Evidence> takeEvidence() { return std::move(evidence_); }
    Millis takes() const { return takes_; }
    void setTakes(Millis takes) { takes_ = takes; }
    /// Where in the output time passed, and what takes() was afterwards.
    const std::vector<std::pair<std::size_t, Millis>>& pauses() const { return pauses_; }

    /// Files that were written and are not evidence yet. Handed from line to line.
    std::set<std::string> unreported;
    const std::set<std::string>& written() const { return written_; }
    std::uint32_t nextPayload = 1;
    /// The file that the command before appended to, if it was an echo: a long upload is one command.
    std::string appended;

    ShellJobs jobs;
    std::vector<std::pair<int, int>> signals;  // sent to shells and not taken yet: process, number
    std::vector<std::string> history;          // lines typed lately
    ShellTerminal terminal;
    bool hidesTyping = false;  // what the line waits for is not to be seen

private:
    /// What there is to read, from the offset on.
    std::string_view ahead(ShellStream& stream, std::string& made, std::size_t most);

    const ShellHost& host_;
    ShellFiles& files_;
    WallTime now_;
    const std::vector<std::string>& typed_;  // at the terminal, after the line itself
    std::size_t typedAt_ = 0;
    std::string terminal_;  // a typed line that is read in part
    int nextProcess_;
    int steps_ = kMostSteps;
    int depth_ = 0;
    int grants_ = 3;
    std::size_t moved_ = 0;
    std::size_t reported_ = 0;
    bool starved_ = false;
    bool spent_ = false;
    bool background_ = false;
    bool readerStopped_ = false;
    std::string output_;
    std::string backgroundOutput_;
    std::string late_;
    std::vector<Evidence> evidence_;
    std::size_t commands_ = 0;
    Millis takes_{0};
    std::vector<std::pair<std::size_t, Millis>> pauses_;
    std::set<std::string> written_;
    std::string last_;
    std::vector<std::string> replayed_;  // the next one is the last
    std::size_t hidden_ = 0;             // bytes of output, and commands, that are known already
    std::size_t hiddenCommands_ = 0;
    std::optional<ShellJobs::Job> foreground_;
    int breaking_ = 0;
    std::optional<Millis> breaksAt_;
    int broken_ = 0;
    std::optional<Millis> left_;
};

}  // namespace apiary::agent
