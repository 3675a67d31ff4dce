/// Compares the shell with what the real BusyBox answered: the files in recorded/, taken by record.py, which says how
/// they are written. What differs on purpose says so with "# differs:".

#include "agent/shell/shell.hpp"
#include "common/text/escape.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <iostream>

namespace apiary::agent::test {
namespace {

struct Step {
    std::string typed;
    std::string expected;
    bool compared = true;
};

struct Result {
    std::size_t steps = 0;
    std::size_t same = 0;
};

std::string plain(const std::string& line, std::size_t from) {
    return unescape(line.size() > from ? std::string_view(line).substr(from) : std::string_view{}).value_or("?");
}

class RecordedShell : public testing::TestWithParam<const char*> {
protected:
    void begin() {
        ShellHostSpec spec;
        spec.machine = "x86_64";
        spec.build = "(Debian 1:1.35.0-4+deb12u1+b1)";
        shell_ = std::make_unique<Shell>(ShellHost::make(spec), "root", "");
    }

    void compare(const Step& step, Result& result) {
        now_ += std::chrono::seconds(2);
        const Shell::Answer answer = step.typed == "\x04" ? shell_->endOfInput(now_) : shell_->line(step.typed, now_);
        now_ += answer.takes;
        const std::string said = answer.output + (answer.exits ? "" : shell_->prompt().text);
        if (!step.compared) {
            return;
        }
        ++result.steps;
        if (said == step.expected) {
            ++result.same;
        } else {
            std::cout << "  typed    " << escape(step.typed) << "\n  real     " << escape(step.expected)
                      << "\n  emulated " << escape(said) << "\n\n";
        }
    }

    WallTime now_ = std::chrono::sys_days{std::chrono::year{2024} / 3 / 1};
    std::unique_ptr<Shell> shell_;
};

TEST_P(RecordedShell, AnswersAsTheRealOne) {
    std::ifstream file(std::string(RECORDED) + '/' + GetParam());
    ASSERT_TRUE(file.good());
    Result result;
    Step step;
    std::string prompt;
    bool open = false;
    bool differs = false;
    const auto finish = [&] {
        if (open) {
            step.expected += prompt;
            compare(step, result);
        }
        open = false;
    };
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("S:")) {
            step.expected += plain(line, 3) + '\n';
        } else if (line.starts_with("S| ")) {
            step.expected += plain(line, 3);
        } else if (line.starts_with("P:")) {
            prompt = plain(line, 3);
        } else {
            finish();
            differs |= line.starts_with("# differs:");
            if (line.starts_with("## ")) {
                begin();
                prompt = "~ # ";
            } else if (line.starts_with("C:")) {
                step = {plain(line, 3), "", !std::exchange(differs, false)};
                open = true;
            }
        }
    }
    finish();
    std::cout << GetParam() << ": " << result.same << " of " << result.steps << " lines are answered alike\n";
    EXPECT_GE(result.same * 100, result.steps * 98);
}

INSTANTIATE_TEST_SUITE_P(Files, RecordedShell,
                         testing::Values("ash.txt", "language.txt", "files.txt", "bots.txt", "edges.txt",
                                         "programs.txt", "filters.txt", "file_applets.txt", "small_applets.txt",
                                         "listing.txt", "network.txt"));

}  // namespace
}  // namespace apiary::agent::test
