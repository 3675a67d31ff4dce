#pragma once

#include "agent/shell/shell_awk.hpp"
#include "agent/shell/shell_awk_value.hpp"
#include "agent/shell/shell_interpreter.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// Runs a program of awk within the limits of a line of the shell. What it starts runs in the emulated shell.
class AwkInterpreter {
public:
    AwkInterpreter(ShellCall& call, const AwkProgram& program);

    void set(const std::string& name, AwkValue value);
    void setArguments(const std::vector<std::string>& words);

    /// The status. Throws AwkError, after what was printed until then.
    int run();

private:
    static constexpr std::size_t kMostFields = 1000;
    static constexpr std::size_t kMostNames = 2000;
    static constexpr std::size_t kMostStreams = 32;
    static constexpr std::size_t kDeepestCalls = 60;
    static constexpr int kMostSteps = 100'000;
    static constexpr std::size_t kElementCost = 64;    // of an element that split makes
    static constexpr std::size_t kNodesPerLevel = 32;  // of the shell's

    enum class Flow : std::uint8_t { On, Next, NextFile, Exit, Break, Continue, Return };

    /// What a name stands for: a value, an array that functions may share, or nothing yet.
    struct Slot {
        AwkValue value = {};
        std::shared_ptr<AwkArray> array = {};
    };
    using Frame = std::map<std::string, Slot, std::less<>>;

    /// One node further down the tree of the program while it lives. The nodes of all calls count, and those of what
    /// awk started: they take levels of the shell, so that the stack is bounded as a whole.
    class Descent {
    public:
        explicit Descent(AwkInterpreter& awk) : awk_(awk) {
            if (++awk_.depth_ % kNodesPerLevel == 0) {
                level_.emplace(awk_.call_.work());
            }
        }
        Descent(const Descent&) = delete;
        Descent& operator=(const Descent&) = delete;
        ~Descent() { --awk_.depth_; }

    private:
        AwkInterpreter& awk_;
        std::optional<ShellWork::Level> level_ = {};
    };

    [[noreturn]] void fail(const AwkNode& node, const std::string& what) const;
    bool step(std::size_t cost = 1);

    // Records and fields: shell_awk.cpp.
    void rules(AwkRule::When when);
    bool chosen(const AwkRule& rule, std::size_t index);
    bool nextFile();
    bool nextRecord(std::string& record);
    bool takeRecord(std::string_view text, std::size_t& at, std::string& record);
    void take(std::string line);
    void rebuild();
    std::vector<std::string> parted(const std::string& text, const std::string& parting);
    std::string special(const char* name);

    // Output and streams: shell_awk.cpp.
    void print(std::string_view text);
    void printTo(const AwkNode& node, std::string_view text);
    void flush();
    std::string outputOf(const std::string& command);
    int statusOf(const std::string& command, const ShellStreamPtr& input);
    int closeStream(std::string name);

    // Expressions and statements: shell_awk_eval.cpp.
    Slot& slot(const std::string& name);
    AwkArray& array(const std::string& name);
    std::string index(const AwkNode& list);
    AwkValue place(const AwkNode& node);
    void store(const AwkNode& node, AwkValue value);
    void setField(double at, const AwkValue& value);
    bool matches(const std::string& text, const AwkNode& node);
    double calculated(const AwkNode& node, char sign, double a, double b) const;
    AwkValue binary(const AwkNode& node);
    AwkValue eval(const AwkNode& node);
    AwkValue callUser(const AwkNode& node);
    AwkValue getline(const AwkNode& node);
    bool turn(const AwkNode& body);
    void loop(const AwkNode& node);
    void execute(const AwkNode& node);

    // Functions: shell_awk_functions.cpp.
    AwkValue function(const AwkNode& node);
    AwkValue textFunction(const AwkNode& node);
    AwkValue bitFunction(const AwkNode& node);
    AwkValue substitute(const AwkNode& node);
    AwkValue general(const AwkNode& node);
    AwkValue split(const AwkNode& node);
    AwkValue find(const AwkNode& node);
    AwkValue timeText(const AwkNode& node);
    std::string formatted(const AwkNode& node, std::size_t count);
    std::string argument(const AwkNode& node, std::size_t i);
    double numberArgument(const AwkNode& node, std::size_t i, double fallback);
    ShellRegex regexArgument(const AwkNode& node, std::size_t i);
    std::string textOf(const AwkValue& value) { return value.asText(conversion_); }

    ShellCall& call_;
    const AwkProgram& program_;
    Frame globals_ = {};
    std::vector<Frame> frames_ = {};
    std::string line_ = {};
    std::vector<std::string> fields_ = {};
    std::string output_ = {};
    std::string conversion_ = "%.6g";  // CONVFMT
    Flow flow_ = Flow::On;
    AwkValue returned_ = {};
    int status_ = 0;
    int steps_ = 0;
    std::size_t depth_ = 0;
    std::uint32_t random_ = 0;
    double seed_ = 1;
    std::set<std::size_t> inside_ = {};  // rules whose range of lines has begun

    std::string input_ = {};     // of the file that is read now
    ShellStreamPtr typed_ = {};  // the terminal, if that is read now: then it is the line typed last
    std::size_t inputAt_ = 0;
    bool inputOpen_ = false;
    bool anyFile_ = false;
    double argumentAt_ = 1;
    struct Reader {
        std::string text;
        std::size_t at = 0;
    };
    std::map<std::string, Reader> readers_ = {};
    std::map<std::string, ShellStreamPtr> writers_ = {};   // files
    std::map<std::string, ShellStreamPtr> commands_ = {};  // what they are to read
};

}  // namespace apiary::agent
