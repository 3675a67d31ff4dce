#pragma once

#include "agent/shell/shell_interpreter.hpp"

#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace apiary::agent {

/// The lines of a stream, for a program that answers each one at once. What is typed at the terminal is read line by
/// line, so that the answer to a line comes before the next is typed; anything else is read in one go.
///
/// A line that was returned stays where it is while this lives.
class ShellLines {
public:
    ShellLines(ShellWork& work, ShellStream& stream, char end = '\n') : work_(work), stream_(stream), end_(end) {}

    /// The next line without its end; nothing behind the last one, and if nobody has typed one yet (see starved()).
    std::optional<std::string_view> next() {
        if (rest_.empty()) {
            const bool typed = stream_.kind == ShellStream::Kind::Terminal;
            if (work_.stopped() || (begun_ && !typed)) {
                return {};
            }
            begun_ = true;
            texts_.push_back(typed ? work_.readLine(stream_) : work_.read(stream_, ShellWork::kMostPiped));
            rest_ = texts_.back();
            if (rest_.empty()) {
                return {};
            }
        }
        const std::string_view line = rest_.substr(0, rest_.find(end_));
        ended_ = line.size() < rest_.size();
        rest_.remove_prefix(line.size() + (ended_ ? 1 : 0));
        return line;
    }

    /// True if the line returned last had its end.
    bool ended() const { return ended_; }

private:
    ShellWork& work_;
    ShellStream& stream_;
    char end_;
    bool begun_ = false;
    bool ended_ = true;
    std::deque<std::string> texts_ = {};
    std::string_view rest_ = {};
};

/// All of a stream, for a program that reads until there is nothing at all: behind text that was typed, the first
/// Control-D ends no more than one reading.
inline std::string readToTheEnd(ShellWork& work, ShellStream& stream) {
    std::string all = work.read(stream, ShellWork::kMostPiped);
    if (stream.kind == ShellStream::Kind::Terminal) {
        for (std::string more = all; !more.empty() && all.size() < ShellWork::kMostPiped; all += more) {
            more = work.read(stream, ShellWork::kMostPiped);
        }
    }
    return all;
}

/// Writes what `answer(line, ended)` makes of each line of the files that are the operands, or of standard input: at
/// once for each line that is typed, else in one go. Returns the exit status.
template <typename Answer>
int answerLines(ShellCall& call, Answer answer) {
    const std::vector<std::string> paths = call.operands();
    const ShellStreamPtr input = call.input();
    if ((paths.empty() || paths == std::vector<std::string>{"-"}) && input->kind == ShellStream::Kind::Terminal) {
        ShellLines lines(call.work(), *input);
        while (const auto line = lines.next()) {
            call.out(answer(*line, lines.ended()));
        }
        return 0;
    }
    int status = 0;
    const std::string all = call.readAll(paths, status, "-");
    std::string output;
    for (std::string_view rest = all;
         !rest.empty() && output.size() <= ShellWork::kMostPiped && call.work().move(16);) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        const bool ended = line.size() < rest.size();
        rest.remove_prefix(line.size() + (ended ? 1 : 0));
        output += answer(line, ended);
    }
    call.out(output);
    return status;
}

}  // namespace apiary::agent
