#pragma once

#include "agent/shell/shell_regex.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// A program of awk as a tree: what one-line scripts use of POSIX awk. Left out: functions of one's own, getline,
/// output into files and pipes, ranges of patterns.
struct AwkNode {
    enum class Kind : std::uint8_t {
        Number,
        Text,
        Pattern,
        Variable,
        Field,
        Element,  // text: name of a variable or an array
        Assign,
        Binary,
        Unary,
        Before,
        Behind,
        Choice,
        Join,
        In,
        Call,  // text: operator or function
        Print,
        Format,
        If,
        While,
        DoWhile,
        For,
        ForIn,
        Block,
        Next,
        Exit,
        Break,
        Continue,
        Delete,
        Nothing,
    };
    Kind kind = Kind::Nothing;
    std::string text = {};
    double number = 0;
    std::shared_ptr<ShellRegex> regex = {};
    std::vector<std::unique_ptr<AwkNode>> parts = {};
};
using AwkNodePtr = std::unique_ptr<AwkNode>;

struct AwkRule {
    enum class When : std::uint8_t { Begin, Line, End } when = When::Line;
    AwkNodePtr pattern;  // null: always
    AwkNodePtr action;   // null: print
};

/// What is wrong with a program, as awk says it.
struct AwkError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Throws AwkError.
std::vector<AwkRule> parseAwk(std::string_view program);

}  // namespace apiary::agent
