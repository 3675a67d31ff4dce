#pragma once

#include "agent/shell/shell_jobs.hpp"
#include "agent/shell/shell_parser.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiary::agent {

struct ShellVariable {
    std::string value = {};
    bool exported = false;
    bool readOnly = false;
    bool set = true;
};

/// The options that `set` knows, by letter. Those without a letter for `set` have one of ash's own: V is vi, P
/// pipefail.
class ShellOptions {
public:
    struct Option {
        char letter;
        std::string_view name;  // for `set -o`; empty: not shown there
    };
    /// In the order in which `set -o` shows them.
    static const std::vector<Option>& all();

    bool on(char letter) const { return letters_.find(letter) != std::string::npos; }
    void turn(char letter, bool on);
    /// "smi", as $- gives them.
    std::string shown() const;

private:
    std::string letters_;
};

/// What a subshell gets a copy of.
struct ShellEnvironment {
    static constexpr std::size_t kMostVariables = 256;
    static constexpr std::size_t kMostValue = std::size_t{64} << 10U;
    static constexpr std::size_t kMostValues = std::size_t{128} << 10U;  // together: subshells copy them

    static constexpr std::size_t kMostFunctions = 4096;  // parts and words of them all together
    static constexpr std::size_t kLongestName = 255;
    static constexpr std::size_t kLongestAlias = 1024;
    static constexpr std::size_t kLongestTrap = 1024;

    std::map<std::string, ShellVariable, std::less<>> variables = {};
    std::map<std::string, ShellTreePtr, std::less<>> functions = {};
    ShellAliases aliases = {};
    std::map<int, std::string> traps = {};  // by signal; 0 is EXIT, kTrapOfErrors ERR; empty: ignored
    ShellOptions options = {};
    std::string directory = "/";
    std::string home = {};               // HOME as the program was given it: that of prompts and of Tab
    std::string name = "-sh";            // $0, and what errors begin with
    std::string sourced = {};            // the file that `.` reads
    std::vector<std::string> arguments;  // $1 and so on
    int status = 0;                      // $?
    int process = 1;                     // $$
    int parent = 1;                      // $PPID
    int lastBackground = 0;              // $!
    int killedBy = 0;                    // the signal that ended it
    std::uint16_t mask = 022;
    std::map<char, std::string> limits = {};  // that ulimit has changed, by its letter
    std::uint64_t random = 0;                 // what $RANDOM gave last
    std::string hostName = {};                // that it was given; empty: the machine's own
    bool interactive = true;
    std::size_t typedLines = 0;
    std::size_t optionIndex = 0;  // where getopts is: OPTIND as it left it, and the letter in that word
    std::size_t optionOffset = 0;
    bool script = false;  // errors name the line
    bool text = false;    // it runs the text of -c, which has no lines
    bool nested = false;  // a shell inside this one was asked for, with these arguments
    std::vector<std::string> nestedArguments;
    bool nestedLogin = false;  // as `su -` asks
    bool stopped = false;      // the machine was told to go down
    bool warned = false;       // that there are stopped jobs
    int self = 0;              // the process of a subshell, whose $$ is that of its shell
    int descriptors = 0;       // that process substitutions have left open
    std::uint32_t user = 0;
    std::optional<std::uint32_t> nestedUser = {};  // as `su` asks; else it has the same one

    std::string_view get(std::string_view variable) const;
    bool has(std::string_view variable) const;
    /// False if it is read-only. A value that is too long, alone or with the others, is cut.
    bool set(std::string_view variable, std::string value);

    /// The exported variables as the program that is started next would find them, in the order of ash's table.
    std::vector<std::pair<std::string, std::string>> exported() const;

    /// Becomes that of another program: what is not exported, functions, aliases and traps are gone.
    void begin(std::string itsName, int itsProcess);
};

/// In single quotes, as ash lists values.
std::string shellQuoted(std::string_view value);

}  // namespace apiary::agent
