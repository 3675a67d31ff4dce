#pragma once

#include "agent/shell/shell_decimal.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

class ShellCall;

/// A program of dc: numbers and strings on a stack. What it takes of time, memory and depth is paid for or bounded.
class Dc {
public:
    explicit Dc(ShellCall& call) : call_(call) {}

    /// False if the program is over, by q or by an error, which has been said.
    bool run(std::string_view text);
    bool failed() const { return failed_; }

private:
    struct Value {
        ShellDecimal number = {};
        std::string text = {};
        bool isText = false;
    };
    using Stack = std::vector<Value>;

    bool stopped() const;
    void fail(const std::string& message);
    /// True if there are so many; else it has been complained about.
    bool have(std::size_t count);
    void push(Value value);
    void push(const ShellDecimal& number) { push(Value{number}); }
    void push(std::size_t number) { push(ShellDecimal(static_cast<std::int64_t>(number))); }
    Value pop();
    /// The two on top, as numbers, the lower first.
    bool popTwo(ShellDecimal& left, ShellDecimal& right);

    void execute(std::string_view text, int depth);
    void number(std::string_view text, std::size_t& i);
    void string(std::string_view text, std::size_t& i);
    void condition(std::string_view text, std::size_t& i, int depth);
    void useRegister(char what, char name);
    void command(char c, int depth);
    void show(const Value& value, bool newline);

    void arrange(char c);
    void calculate(char sign);
    void raise(const ShellDecimal& base, const ShellDecimal& exponent);
    void raiseModulo();
    void root();

    ShellCall& call_;
    Stack stack_;
    std::map<char, Stack> registers_;
    std::size_t values_ = 0;
    std::size_t scale_ = 0;
    unsigned input_ = 10;
    unsigned output_ = 10;
    int leaves_ = 0;  // levels that q still ends
    bool failed_ = false;
};

}  // namespace apiary::agent
