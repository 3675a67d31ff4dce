#include "agent/shell/shell_interpreter.hpp"

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_expander.hpp"
#include "agent/shell/shell_signals.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostArgument = 4096;  // bytes of one command kept as evidence

/// The parts and words of a command, and about 64 bytes of text for each part more.
std::size_t weightOf(const ShellTree& tree) {
    std::size_t weight = 1 + tree.redirects.size();
    for (const auto& words : {std::cref(tree.words), std::cref(tree.assignments)}) {
        for (const std::string& word : words.get()) {
            weight += 1 + word.size() / 64;
        }
    }
    for (const auto& child : tree.children) {
        weight += child == nullptr ? 0 : weightOf(*child);
    }
    return weight;
}

/// Gives a number its value of before again.
class Restored {
public:
    explicit Restored(int& number) : number_(number), before_(number) {}
    Restored(const Restored&) = delete;
    Restored& operator=(const Restored&) = delete;
    ~Restored() { number_ = before_; }

private:
    int& number_;
    int before_;
};

/// As ash writes a word that it traces: in quotes if it has to be.
std::string traced(std::string_view word) {
    constexpr std::string_view kReserved[] = {"!",    "{",  "}",   "case", "do",   "done",  "elif",  "else",    "if",
                                              "esac", "fi", "for", "in",   "then", "until", "while", "function"};
    const bool plain = std::ranges::all_of(word, [](unsigned char c) {
        return c >= '+' && !(c >= ';' && c <= '?') && c != '`' && c != '[' && c != '\\' && c <= 'z';
    });
    if (plain && std::ranges::find(kReserved, word) == std::end(kReserved)) {
        return std::string(word);
    }
    return shellQuoted(word);
}

}  // namespace

void ShellInterpreter::leave(Flow flow, int levels) {
    flow_ = flow;
    levels_ = levels;
}

std::size_t ShellInterpreter::line() const {
    return environment_.interactive && environment_.sourced.empty() ? environment_.typedLines
           : environment_.text                                      ? 0
                                                                    : line_;
}

bool ShellInterpreter::write(int descriptor, std::string_view text) {
    const ShellStreamPtr& stream = streams_[static_cast<std::size_t>(descriptor)];
    return stream && work_.write(*stream, text) == ShellError::None;
}

void ShellInterpreter::complain(std::string_view command, std::string_view text) {
    const std::string_view who = !command.empty()                ? command
                                 : !speaker_.empty()             ? std::string_view(speaker_)
                                 : !environment_.sourced.empty() ? std::string_view(environment_.sourced)
                                 : environment_.script           ? std::string_view(environment_.name)
                                                                 : std::string_view{};
    std::string message = environment_.name + ": ";
    if (!who.empty()) {
        message += who == environment_.name ? "" : std::string(who) + ": ";
        if (!environment_.interactive || (!environment_.sourced.empty() && speaker_.empty())) {
            message += "line " + std::to_string(environment_.text ? 0 : line_) + ": ";
        }
    }
    write(2, message.append(text) += '\n');
}

int ShellInterpreter::run(const ShellTree& tree) {
    using Kind = ShellTree::Kind;
    const ShellWork::Level level(work_);
    if (stopped() || environment_.options.on('n')) {
        return environment_.status;
    }
    int status = environment_.status;
    switch (tree.kind) {
        case Kind::Simple:
            status = simple(tree);
            break;
        case Kind::Pipeline:
            status = pipeline(tree);
            break;
        case Kind::And:
        case Kind::Or: {
            const bool before = std::exchange(tested_, true);
            status = run(*tree.children[0]);
            tested_ = before;
            if (!stopped() && (status == 0) == (tree.kind == Kind::And)) {
                status = run(*tree.children[1]);
            }
            break;
        }
        case Kind::Sequence:
            for (const ShellTreePtr& child : tree.children) {
                status = run(*child);
            }
            break;
        case Kind::Background:
            status = background(tree);
            break;
        case Kind::Subshell:
        case Kind::Group:
        case Kind::If:
        case Kind::While:
        case Kind::For:
        case Kind::Case:
            status = grouped(tree);
            break;
        case Kind::Pattern:
            break;
        case Kind::Function:
            define(tree.words.front(), tree.children.front());
            status = 0;
            break;
    }
    environment_.status = status;
    const bool checked =
        tree.kind == Kind::Simple || (tree.kind == Kind::Pipeline && !tree.negated) || tree.kind == Kind::Subshell;
    if (checked && status != 0 && !tested_ && !stopped()) {
        if (environment_.traps.contains(kTrapOfErrors)) {
            runTrap(kTrapOfErrors, status);
        }
        if (environment_.options.on('e') && !stopped()) {
            leave(Flow::Exit);
        }
    }
    takeSignals();
    return status;
}

/// A function that would be one too many, or too long, is not there when it is called.
void ShellInterpreter::define(const std::string& name, const ShellTreePtr& body) {
    std::size_t weight = weightOf(*body);
    for (const auto& [other, tree] : environment_.functions) {
        weight += other == name ? 0 : weightOf(*tree);
    }
    work_.move(weight);
    if (weight <= ShellEnvironment::kMostFunctions) {
        environment_.functions[name] = body;
    }
}

bool ShellInterpreter::expandAssignments(const std::vector<std::string>& typed, Assignments& into) {
    for (const std::string& assignment : typed) {
        const std::size_t equals = assignment.find('=');
        ShellExpander expander(*this);
        std::string value = expander.assigned(assignment.substr(equals + 1));
        if (expander.failed()) {
            leave(Flow::Abort);
            return false;
        }
        into.emplace_back(assignment.substr(0, equals), std::move(value));
        if (typed.size() > 1) {  // those behind it may use it
            const auto& [name, given] = into.back();
            if (!environment_.set(name, given)) {
                complain("", name + ": is read only");
                leave(Flow::Abort);
                return false;
            }
        }
    }
    return true;
}

bool ShellInterpreter::assign(const Assignments& assignments, bool exported) {
    for (const auto& [name, value] : assignments) {
        if (!environment_.set(name, value)) {
            complain("", name + ": is read only");
            leave(Flow::Abort);
            return false;
        }
        const auto variable = environment_.variables.find(name);
        if (exported && variable != environment_.variables.end()) {
            variable->second.exported = true;
        }
    }
    return true;
}

void ShellInterpreter::trace(const std::vector<std::string>& words, const Assignments& assignments) {
    if (!environment_.options.on('x') || (words.empty() && assignments.empty())) {
        return;
    }
    environment_.options.turn('x', false);  // of what stands in PS4
    std::string text = ShellExpander(*this).here(std::string(environment_.get("PS4")));
    environment_.options.turn('x', true);
    bool first = true;
    for (const auto& [name, value] : assignments) {
        text += (std::exchange(first, false) ? "" : " ") + name + '=' + (value.empty() ? "" : traced(value));
    }
    for (const std::string& word : words) {
        text += (std::exchange(first, false) ? "" : " ") + traced(word);
    }
    write(2, text + '\n');
}

void ShellInterpreter::keepLocal(const std::string& name) {
    if (locals_.empty() ||
        std::ranges::find(locals_.back(), name, [](const auto& one) { return one.first; }) != locals_.back().end()) {
        return;
    }
    const auto found = environment_.variables.find(name);
    locals_.back().emplace_back(name,
                                found == environment_.variables.end() ? std::nullopt : std::optional(found->second));
}

void ShellInterpreter::observe(const std::vector<std::string>& words, const ShellTree& tree) {
    std::string argument;
    for (std::size_t i = 1; i < words.size() && argument.size() < kMostArgument; ++i) {
        argument.append(i > 1 ? " " : "").append(words[i]);
    }
    argument.resize(std::min(argument.size(), kMostArgument));
    const bool busybox = nameOf(words.front()) == "busybox" && words.size() > 1;
    const std::string& verb = busybox ? words[1] : words.front();
    const bool appends = !tree.redirects.empty() && tree.redirects.front().kind == ShellRedirect::Kind::Append &&
                         (verb == "echo" || verb == "printf");
    const std::string& target = appends ? tree.redirects.front().target : "";
    if (!appends || std::exchange(work_.appended, target) != target) {
        work_.observe({words.front().substr(0, kMostArgument), argument});
    }
    if (!appends) {
        work_.appended.clear();
    }
}

int ShellInterpreter::simple(const ShellTree& tree) {
    line_ = tree.line;
    if (!work_.step()) {
        return environment_.status;
    }
    captured_ = 0;
    const ShellWork::Mark begun = work_.mark();
    const Restored descriptors(environment_.descriptors);
    ShellExpander expander(*this);
    const std::vector<std::string> words = expander.command(tree.words);
    if (expander.failed()) {
        leave(Flow::Abort);
        return 2;
    }
    if (work_.stopped()) {
        return environment_.status;
    }
    if (words.empty()) {
        const ShellStreams before = streams_;
        const bool redirected = redirect(tree.redirects);
        streams_ = before;
        Assignments assignments;
        if (!redirected || !expandAssignments(tree.assignments, assignments)) {
            return flow_ == Flow::Abort ? 2 : 1;
        }
        const int status = captured_;
        trace(words, assignments);
        return assign(assignments, false) ? status : 2;
    }
    observe(words, tree);
    std::map<std::string, std::optional<ShellVariable>> variables;  // that are assigned for this command alone
    for (const std::string& assignment : tree.assignments) {
        const std::string name = assignment.substr(0, assignment.find('='));
        const auto found = environment_.variables.find(name);
        variables[name] = found == environment_.variables.end() ? std::nullopt : std::optional(found->second);
    }
    Assignments assignments;
    const ShellStreams before = streams_;
    int status = 1;
    if (expandAssignments(tree.assignments, assignments)) {
        trace(words, assignments);
        if (!redirect(tree.redirects)) {
            if (isSpecialShellBuiltin(words.front())) {
                leave(Flow::Abort);  // as POSIX wants it of special builtins
            }
        } else if (assign(assignments, true)) {
            status = broken(tree, begun, command(words));
        }
    }
    status = flow_ == Flow::Abort ? 2 : status;
    if (!(words.front() == "exec" && words.size() == 1 && status == 0)) {
        streams_ = before;
    }
    for (const auto& [name, variable] : variables) {
        if (variable) {
            environment_.variables[name] = *variable;
        } else {
            environment_.variables.erase(name);
        }
    }
    if (environment_.interactive && functions_ == 0) {
        environment_.set("_", words.back().substr(0, ShellEnvironment::kLongestAlias));
    }
    return status;
}

int ShellInterpreter::runWords(const std::vector<std::string>& words, bool bare) {
    if (words.empty() || !work_.step()) {
        return 0;
    }
    return bare ? external(words) : command(words);
}

int ShellInterpreter::command(const std::vector<std::string>& words) {
    const ShellWork::Level level(work_);
    if (work_.stopped()) {
        return 1;
    }
    if (const auto function = environment_.functions.find(words.front()); function != environment_.functions.end()) {
        return callFunction(function->second, words);
    }
    if (const ShellApplet* builtin = findShellBuiltin(words.front())) {
        ShellCall call(*this, words);
        call.speakAsShell();
        return builtin->run(call);
    }
    return external(words);
}

int ShellInterpreter::callFunction(const ShellTreePtr& function, const std::vector<std::string>& words) {
    const ShellTreePtr kept = function;  // it may be defined anew while it runs
    const std::vector<std::string> arguments = std::exchange(environment_.arguments, {words.begin() + 1, words.end()});
    const int loops = std::exchange(loops_, 0);
    const std::size_t optionIndex = std::exchange(environment_.optionIndex, 1);
    const std::size_t optionOffset = std::exchange(environment_.optionOffset, 0);
    ++functions_;
    locals_.emplace_back();
    int status = run(*kept);
    for (const auto& [name, variable] : locals_.back()) {
        if (variable) {
            environment_.variables[name] = *variable;
        } else {
            environment_.variables.erase(name);
        }
    }
    locals_.pop_back();
    --functions_;
    loops_ = loops;
    environment_.optionIndex = optionIndex;
    environment_.optionOffset = optionOffset;
    environment_.arguments = arguments;
    if (flow_ == Flow::Return) {
        flow_ = Flow::On;
        status = environment_.status;
    }
    return status;
}

}  // namespace apiary::agent
