#pragma once

#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_regex.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace apiary::agent {

/// A number that a property is compared with: "+5", "-5" or "5".
struct FindBound {
    char sign = 0;
    std::int64_t value = 0;

    bool holds(std::int64_t of) const { return sign == '+' ? of > value : sign == '-' ? of < value : of == value; }
    /// Of an age in units of so many seconds.
    bool holdsAge(std::int64_t age, std::int64_t unit) const {
        const std::int64_t begin = value * unit;
        return sign == '+' ? age >= begin + unit : sign == '-' ? age < begin : age >= begin && age < begin + unit;
    }
};

struct FindTest {
    enum class What : std::uint8_t {
        Name,
        Path,
        Regex,
        Type,
        Permissions,
        Age,
        Newer,
        Inode,
        Same,
        Owner,
        Group,
        Size,
        Links,
        Empty,
        Executable,
        Prune,
        Print,
        PrintZero,
        Run,
        RunAll,
        Quit,
        Expression,
        Always
    } what = What::Always;
    bool inverted = false;
    bool ignoreCase = false;
    std::string text = {};
    FindBound bound = {};
    std::int64_t unit = 1;
    std::vector<std::string> words = {};
    std::shared_ptr<ShellRegex> regex = {};
    std::vector<std::vector<FindTest>> alternatives = {};  // of Expression: any of them, each all of its tests
    std::vector<std::string> collected = {};               // of RunAll
};

using FindTests = std::vector<std::vector<FindTest>>;

/// What a command line of find asks for.
struct FindRequest {
    FindTests tests = {};
    bool depthFirst = false;
    bool followsLinks = false;
    std::size_t least = 0;  // folders deep
    std::size_t most = 64;
};

/// `words` are those behind the paths. Throws std::invalid_argument with what find says; with nothing if it said so.
FindRequest parseFind(ShellCall& call, std::vector<std::string> words);

}  // namespace apiary::agent
