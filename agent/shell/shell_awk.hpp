#pragma once

#include "agent/shell/shell_regex.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// A program of awk as a tree: POSIX awk with the functions that BusyBox adds.
struct AwkNode {
    enum class Kind : std::uint8_t {
        Number,
        Text,
        Pattern,
        Variable,
        Field,
        Element,  // text: name of the array
        Assign,   // text: the operator before =, or nothing
        Binary,
        Unary,
        Before,
        Behind,
        Choice,
        Join,
        List,  // (a, b) of print, or the index of an array of two dimensions
        In,
        Call,      // text: function of awk
        UserCall,  // text: function of the program
        Getline,   // text: "", "<" or "|"; parts: the source, if there is one, then the variable, if there is one
        Print,     // text: "", ">", ">>" or "|"; the last part says where then
        Format,
        If,
        While,
        DoWhile,
        For,
        ForIn,  // text: variable and array, a space between
        Block,
        Next,
        NextFile,
        Exit,
        Return,
        Break,
        Continue,
        Delete,
        Nothing,
    };
    Kind kind = Kind::Nothing;
    std::size_t line = 1;    // of the program
    std::size_t height = 1;  // of the tree below it, itself included
    std::string text = {};
    double number = 0;
    std::shared_ptr<ShellRegex> regex = {};
    std::vector<std::unique_ptr<AwkNode>> parts = {};
};
using AwkNodePtr = std::unique_ptr<AwkNode>;

struct AwkRule {
    enum class When : std::uint8_t { Begin, Line, End } when = When::Line;
    AwkNodePtr pattern;  // null: always
    AwkNodePtr last;     // of a range of lines; null: a single one
    AwkNodePtr action;   // null: print
};

struct AwkFunction {
    std::vector<std::string> parameters;
    AwkNodePtr body;
};

struct AwkProgram {
    std::string name;  // that errors begin with: "cmd. line", or a file's
    std::vector<AwkRule> rules;
    std::map<std::string, AwkFunction, std::less<>> functions;
    std::size_t nodes = 0;     // of all of it; bounded, as is the height of its trees
    std::size_t patterns = 0;  // likewise
};

/// What is wrong with a program, as awk says it.
struct AwkError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Adds a text to a program. Throws AwkError.
void parseAwk(std::string_view text, const std::string& name, AwkProgram& program);
/// Throws AwkError if a function is called that there is none of.
void checkAwk(const AwkProgram& program);

}  // namespace apiary::agent
