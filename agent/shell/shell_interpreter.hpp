#pragma once

#include "agent/shell/shell_environment.hpp"
#include "agent/shell/shell_work.hpp"

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiary::agent {

using ShellStreams = std::array<ShellStreamPtr, 10>;  // null: closed

class ShellInterpreter;

/// One command that runs inside the shell: a builtin or an applet.
class ShellCall {
public:
    ShellCall(ShellInterpreter& shell, std::vector<std::string> all) : words(std::move(all)), shell_(shell) {}

    ShellInterpreter& shell() { return shell_; }
    ShellWork& work();
    ShellFiles& files();
    ShellEnvironment& environment();

    const std::string& name() const { return words.front(); }
    /// Errors begin with the name of the shell: a builtin of BusyBox knows no other.
    void speakAsShell() { asShell_ = true; }
    bool speaksAsShell() const { return asShell_; }

    /// Writes to standard output; says so and returns false if it cannot.
    bool out(std::string_view text);
    void error(std::string_view text);
    /// "NAME: TEXT\n" on standard error, and 1.
    int fail(std::string_view text);
    /// As fail(), of a builtin: with the shell's name before it.
    int failBuiltin(std::string_view text, int status = 1);
    /// As failBuiltin() of an option; one of a special builtin gives up the line. 2.
    int illegalOption(char letter, char sign = '-');

    /// Where a path leads from the working directory.
    ShellFiles::Place locate(std::string_view path, bool followLast = true);
    /// A file for reading; says what is wrong and gives null otherwise. "-" is standard input.
    ShellStreamPtr open(const std::string& path, std::string_view complaint = "");
    ShellStreamPtr input();
    /// All of the files, or of standard input if there are none. Sets status for those that cannot be read.
    std::string readAll(const std::vector<std::string>& paths, int& status, std::string_view complaint = "");

    /// Takes the options off the words as getopt does: "ab:c" are letters, ':' behind those with a value, "::" behind
    /// those that may have one in the same word; '+' at the beginning stops at the first operand. Long ones count as
    /// the letter that they stand for. False after it said what is wrong.
    bool parse(std::string_view letters);
    bool has(char letter) const { return options_.contains(letter); }
    const std::string& value(char letter) const { return options_.find(letter)->second; }
    std::string valueOr(char letter, const std::string& fallback) const {
        return has(letter) ? value(letter) : fallback;
    }
    /// All options with their values, in the order in which they were given.
    const std::vector<std::pair<char, std::string>>& given() const { return given_; }
    /// Columns of the terminal that a descriptor is, 80 where it is none or nobody knows; COLUMNS in the environment
    /// wins.
    std::size_t columns(std::size_t descriptor = 0);
    int usage();  // prints how it is used, and 1
    /// `--help` alone: prints how it is used. False if that is not what was asked, or not of an applet that has it.
    bool helps();

    std::string calledAs;            // the path by which it was called, if it was by one
    std::vector<std::string> words;  // the name, then options and operands; after parse() the operands alone follow
    std::vector<std::string> operands() const { return {words.begin() + 1, words.end()}; }

private:
    bool parseShort(std::string_view letters, std::size_t& index);
    bool parseLong(std::size_t& index);

    ShellInterpreter& shell_;
    bool asShell_ = false;
    std::map<char, std::string> options_;
    std::vector<std::pair<char, std::string>> given_;
};

/// Runs trees. One per shell and subshell; they share the ShellWork of the line.
class ShellInterpreter {
public:
    ShellInterpreter(ShellWork& work, ShellEnvironment& environment, ShellStreams streams)
        : work_(work), environment_(environment), streams_(std::move(streams)) {}

    ShellWork& work() { return work_; }
    ShellEnvironment& environment() { return environment_; }
    ShellStreams& streams() { return streams_; }

    int run(const ShellTree& tree);
    /// All commands of a text, as a script or `eval`.
    /// `speaker`: the builtin whose name errors get, as `eval`.
    int runText(const std::string& text, const std::string& speaker = {});
    /// As runText(), of a text whose first line has that number.
    int runText(const std::string& text, const std::string& speaker, std::size_t firstLine);
    /// Reads commands from standard input, as `sh` in a pipe.
    int runInput();
    /// A command by its words. `bare`: functions and builtins are not looked for.
    int runWords(const std::vector<std::string>& words, bool bare = false);
    /// What a command substitution gives, without the line ends behind it.
    std::string capture(const std::string& text);
    /// Starts a process substitution; the number of the descriptor that its pipe has. `reads`: of <(list).
    int substitute(const std::string& text, bool reads);
    /// Runs a command that was stopped, from its beginning.
    int resume(const std::string& text);

    /// Abort: an error that gives up the whole line, and ends a shell that is not interactive.
    enum class Flow : std::uint8_t { On, Break, Continue, Return, Exit, Abort };
    Flow flow() const { return flow_; }
    void leave(Flow flow, int levels = 1);
    bool stopped() const { return flow_ != Flow::On || work_.stopped(); }
    bool inLoop() const { return loops_ > 0; }
    bool inFunction() const { return functions_ > 0; }
    /// Its process is one that the shell has forked: signals for the shell are not for it, traps are gone.
    void becomeSubshell();
    /// The shell ends: its trap for that runs.
    void end();
    /// A variable that has its value of before again when the function returns.
    void keepLocal(const std::string& name);
    std::size_t line() const;
    void setLine(std::size_t line) { line_ = line; }

    /// What the terminal starts a program for: an ash inside an ash.
    bool startsShell() const { return startsShell_; }
    void startShell() { startsShell_ = true; }

    bool write(int descriptor, std::string_view text);
    /// "-sh: COMMAND: line N: TEXT\n", with the parts that ash shows there.
    void complain(std::string_view command, std::string_view text);
    int file(const std::string& path, std::vector<std::string> words);  // runs it as the kernel would

    /// Opens for a redirection; null after it said why not.
    ShellStreamPtr open(const std::string& path, ShellRedirect::Kind kind, bool forced = true);
    /// A program that was an ash of its own has ended: its status, and what ash says if a signal ended it.
    int endOf(const ShellEnvironment& program);
    bool redirect(const std::vector<ShellRedirect>& redirects);

private:
    int simple(const ShellTree& tree);
    int pipeline(const ShellTree& tree);
    int subshell(const ShellTree& tree);
    int background(const ShellTree& tree);
    void define(const std::string& name, const ShellTreePtr& body);
    int loop(const ShellTree& tree);
    int forEach(const ShellTree& tree);
    int choose(const ShellTree& tree);
    int grouped(const ShellTree& tree);
    int callFunction(const ShellTreePtr& function, const std::vector<std::string>& words);
    using Assignments = std::vector<std::pair<std::string, std::string>>;
    bool expandAssignments(const std::vector<std::string>& typed, Assignments& into);
    bool assign(const Assignments& assignments, bool exported);
    void trace(const std::vector<std::string>& words, const Assignments& assignments);
    int runTrap(int number, int status);
    int broken(const ShellTree& tree, const ShellWork::Mark& begun, int status);
    void takeSignals();
    int command(const std::vector<std::string>& words);
    int external(const std::vector<std::string>& words);
    bool endsLoop();
    void observe(const std::vector<std::string>& words, const ShellTree& tree);

    ShellWork& work_;
    ShellEnvironment& environment_;
    ShellStreams streams_;
    Flow flow_ = Flow::On;
    int levels_ = 0;
    int loops_ = 0;
    int functions_ = 0;
    int captured_ = 0;  // the status of the last command substitution, for a command that has no words
    std::size_t line_ = 1;
    std::string speaker_;
    std::vector<std::vector<std::pair<std::string, std::optional<ShellVariable>>>> locals_;
    bool subshell_ = false;
    bool inTrap_ = false;
    bool startsShell_ = false;
    bool tested_ = false;  // the status is looked at: set -e does not apply
};

}  // namespace apiary::agent
