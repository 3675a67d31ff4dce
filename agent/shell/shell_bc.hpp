#pragma once

#include "agent/shell/shell_decimal.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiary::agent {

class ShellCall;

/// A program of bc that runs as its lines come. What it takes of time, memory and depth is paid for or bounded.
class Bc {
public:
    explicit Bc(ShellCall& call) : call_(call) {}

    /// Takes a line, with its end, and runs what is whole. False if the program is over: by quit, or, if it `exits` at
    /// them, by an error, which has been said.
    bool run(std::string_view text, bool exits);

    bool failed() const { return !error_.empty(); }

private:
    struct Token {
        enum class Kind : std::uint8_t { Number, String, Name, Sign, End };
        Kind kind;
        std::string text;
    };
    using Tokens = std::vector<Token>;

    struct Function {
        std::vector<std::string> parameters;
        std::shared_ptr<const Tokens> tokens;
        std::size_t begin = 0;
    };

    /// What can be assigned to.
    struct Place {
        enum class Kind : std::uint8_t { None, Variable, Element, Scale, InputBase, OutputBase, Last };
        Kind kind = Kind::None;
        std::string name = {};
        std::int64_t index = 0;
    };

    enum class Flow : std::uint8_t { On, Break, Continue, Return, Quit };

    class Deeper {
    public:
        explicit Deeper(Bc& bc);
        Deeper(const Deeper&) = delete;
        Deeper& operator=(const Deeper&) = delete;
        ~Deeper() { --bc_.depth_; }

    private:
        Bc& bc_;
    };

    bool stopped() const;
    const Token& token() const { return tokenAt(at_); }
    /// The last one, which is the end, stands for all behind it.
    const Token& tokenAt(std::size_t at) const { return (*tokens_)[at < tokens_->size() ? at : tokens_->size() - 1]; }
    std::string_view peek() const { return token().text; }
    bool take(std::string_view sign);
    void expect(std::string_view sign);
    void fail(std::string message);
    bool pay(std::size_t cost);
    bool scan(std::string_view text, Tokens& into);

    void topLevel();
    bool endsBlock() const;
    bool endsBlockAt(std::size_t at) const;
    void define();
    std::string sourceFrom(std::size_t at) const;
    void block();
    void skip();
    void run();
    void statement();
    void ifStatement();
    void loop(bool counts);
    void automatic();
    void print();
    void printNumber(const ShellDecimal& value);

    ShellDecimal expression();
    ShellDecimal either();
    ShellDecimal both();
    ShellDecimal compared();
    ShellDecimal sum();
    ShellDecimal product();
    ShellDecimal power();
    ShellDecimal operand();
    ShellDecimal named(const std::string& name);
    ShellDecimal assignment(const Place& place);
    ShellDecimal builtin(const std::string& name);
    ShellDecimal call(const std::string& name);
    ShellDecimal calculate(char sign, const ShellDecimal& left, const ShellDecimal& right);
    ShellDecimal raised(const ShellDecimal& base, const ShellDecimal& exponent);
    ShellDecimal paid(const ShellDecimal& value);
    ShellDecimal get(const Place& place);
    void set(const Place& place, const ShellDecimal& value);

    ShellCall& call_;
    std::shared_ptr<const Tokens> tokens_;
    std::size_t at_ = 0;
    bool live_ = true;       // false: what is read has no effect
    bool assigned_ = false;  // the expression was an assignment, which is not printed
    Flow flow_ = Flow::On;
    int depth_ = 0;
    std::string pending_;
    std::string error_;
    ShellDecimal result_;  // of a function
    ShellDecimal last_;
    std::map<std::string, ShellDecimal> variables_;
    std::map<std::pair<std::string, std::int64_t>, ShellDecimal> elements_;
    std::map<std::string, Function> functions_;
    std::vector<std::vector<std::pair<std::string, ShellDecimal>>> saved_;  // variables of the callers
    std::size_t scale_ = 0;
    unsigned input_ = 10;
    unsigned output_ = 10;
};

}  // namespace apiary::agent
