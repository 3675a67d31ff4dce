#include "agent/shell/shell_interpreter.hpp"

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_expander.hpp"

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
    return weight + tree.source.size() / 64;
}

}  // namespace

std::string_view ShellEnvironment::get(std::string_view variable) const {
    const auto found = variables.find(variable);
    return found == variables.end() ? std::string_view{} : std::string_view(found->second.value);
}

bool ShellEnvironment::has(std::string_view variable) const {
    const auto found = variables.find(variable);
    return found != variables.end() && found->second.set;
}

bool ShellEnvironment::set(std::string_view variable, std::string value) {
    auto found = variables.find(variable);
    if (found == variables.end()) {
        if (variables.size() >= kMostVariables || variable.size() > kLongestName) {
            return true;
        }
        found = variables.emplace(std::string(variable), ShellVariable{}).first;
    }
    if (found->second.readOnly) {
        return false;
    }
    std::size_t others = 0;
    for (const auto& [otherName, other] : variables) {
        others += &other == &found->second ? 0 : other.value.size();
    }
    value.resize(std::min({value.size(), kMostValue, kMostValues - std::min(kMostValues, others)}));
    found->second.value = std::move(value);
    found->second.set = true;
    return true;
}

void ShellInterpreter::leave(Flow flow, int levels) {
    flow_ = flow;
    levels_ = levels;
}

bool ShellInterpreter::write(int descriptor, std::string_view text) {
    const ShellStreamPtr& stream = streams_[static_cast<std::size_t>(descriptor)];
    return stream && work_.write(*stream, text) == ShellError::None;
}

void ShellInterpreter::complain(std::string_view command, std::string_view text) {
    std::string message = environment_.name + ": ";
    if (!command.empty()) {
        message.append(command) += ": ";
    }
    if (environment_.text && !command.empty()) {
        message += "line 0: ";
    } else if (environment_.script || (!environment_.interactive && !command.empty())) {
        message += "line " + std::to_string(line_) + ": ";
    }
    write(2, message.append(text) += '\n');
}

int ShellInterpreter::run(const ShellTree& tree) {
    using Kind = ShellTree::Kind;
    const ShellWork::Level level(work_);
    if (stopped()) {
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
                if (status != 0 && environment_.stopsOnError && !tested_ && !stopped()) {
                    leave(Flow::Exit);
                }
            }
            break;
        case Kind::Background:
            status = background(tree);
            break;
        case Kind::Subshell:
        case Kind::Group:
            status = grouped(tree);
            break;
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
    return environment_.status = status;
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

/// Compound commands, with their redirections.
int ShellInterpreter::grouped(const ShellTree& tree) {
    using Kind = ShellTree::Kind;
    const ShellStreams before = streams_;
    int status = 1;
    if (redirect(tree.redirects)) {
        if (tree.kind == Kind::Subshell) {
            status = subshell(*tree.children.front());
        } else if (tree.kind == Kind::Group) {
            status = run(*tree.children.front());
        } else if (tree.kind == Kind::For) {
            status = forEach(tree);
        } else if (tree.kind == Kind::Case) {
            status = choose(tree);
        } else if (tree.kind == Kind::While) {
            status = loop(tree);
        } else {
            const bool tested = std::exchange(tested_, true);
            const bool holds = run(*tree.children[0]) == 0;
            tested_ = tested;
            status = 0;
            if (!stopped() && (holds || tree.children.size() > 2)) {
                status = run(*tree.children[holds ? 1 : 2]);
            }
        }
    }
    streams_ = before;
    return status;
}

int ShellInterpreter::subshell(const ShellTree& tree) {
    ShellEnvironment copy = environment_;
    work_.newProcess();
    ShellInterpreter inner(work_, copy, streams_);
    inner.line_ = line_;
    inner.run(tree);
    return copy.status;
}

int ShellInterpreter::pipeline(const ShellTree& tree) {
    ShellStreamPtr input = streams_[0];
    int status = 0;
    for (std::size_t i = 0; i < tree.children.size(); ++i) {
        const bool last = i + 1 == tree.children.size();
        if (tree.children.size() == 1) {
            status = run(*tree.children[0]);
            break;
        }
        const bool spent = work_.spent();
        auto pipe = std::make_shared<ShellStream>();
        pipe->kind = ShellStream::Kind::Pipe;
        ShellEnvironment copy = environment_;
        ShellStreams streams = streams_;
        streams[0] = input;
        streams[1] = last ? streams_[1] : pipe;
        ShellInterpreter inner(work_, copy, streams);
        inner.line_ = line_;
        status = inner.run(*tree.children[i]);
        input = pipe;
        if (!last) {
            work_.goOn(spent);
        }
    }
    return tree.negated ? (status == 0 ? 1 : 0) : status;
}

int ShellInterpreter::background(const ShellTree& tree) {
    const bool spent = work_.spent();
    const Millis takes = work_.takes();
    work_.setTakes(Millis{0});
    ShellWork::Job job;
    job.process = work_.newProcess();
    job.source = tree.source;
    ShellEnvironment copy = environment_;
    ShellStreams streams = streams_;
    if (streams[0] && streams[0]->kind == ShellStream::Kind::Terminal) {
        streams[0] = std::make_shared<ShellStream>();
        streams[0]->kind = ShellStream::Kind::Pipe;  // it would be stopped for reading the terminal
    }
    ShellInterpreter inner(work_, copy, streams);
    job.status = inner.run(*tree.children.front());
    job.takes = work_.takes();
    job.endless = work_.spent();
    work_.goOn(spent);
    work_.setTakes(takes);
    environment_.lastBackground = job.process;
    if (work_.jobs.size() < 16) {
        work_.jobs.push_back(std::move(job));
    }
    return 0;
}

/// After a body ran: true if the loop is over.
bool ShellInterpreter::endsLoop() {
    if (flow_ != Flow::Break && flow_ != Flow::Continue) {
        return stopped();
    }
    if (levels_ > 1 && loops_ > 1) {
        --levels_;
        return true;
    }
    return std::exchange(flow_, Flow::On) == Flow::Break || work_.stopped();
}

int ShellInterpreter::loop(const ShellTree& tree) {
    int status = 0;
    ++loops_;
    while (work_.step()) {
        const bool tested = std::exchange(tested_, true);
        const bool holds = run(*tree.children[0]) == 0;
        tested_ = tested;
        if (flow_ != Flow::On) {
            if (endsLoop()) {
                break;
            }
            continue;
        }
        if (holds == tree.negated || work_.stopped()) {
            break;
        }
        status = run(*tree.children[1]);
        if (endsLoop()) {
            break;
        }
    }
    --loops_;
    return status;
}

int ShellInterpreter::forEach(const ShellTree& tree) {
    std::vector<std::string> items = environment_.arguments;
    if (!tree.negated) {
        ShellExpander expander(*this);
        items = expander.fields({tree.words.begin() + 1, tree.words.end()});
        if (expander.failed()) {
            leave(Flow::Abort);
            return 2;
        }
    }
    int status = 0;
    ++loops_;
    for (const std::string& item : items) {
        if (!work_.step()) {
            break;
        }
        environment_.set(tree.words.front(), item);
        status = run(*tree.children.front());
        if (endsLoop()) {
            break;
        }
    }
    --loops_;
    return status;
}

int ShellInterpreter::choose(const ShellTree& tree) {
    ShellExpander expander(*this);
    const std::string subject = expander.text(tree.words.front());
    for (const ShellTreePtr& item : tree.children) {
        for (const std::string& word : item->words) {
            const std::string pattern = expander.pattern(word);
            if (expander.failed() || !work_.step() || !work_.move(subject.size() * (1 + pattern.size() / 8))) {
                return 2;
            }
            if (matchesPattern(pattern, subject)) {
                environment_.status = 0;
                return run(*item->children.front());
            }
        }
    }
    return 0;
}

bool ShellInterpreter::assign(const std::vector<std::string>& assignments, bool exported) {
    for (const std::string& assignment : assignments) {
        const std::size_t equals = assignment.find('=');
        const std::string name = assignment.substr(0, equals);
        ShellExpander expander(*this);
        const std::string value = expander.text(assignment.substr(equals + 1));
        if (expander.failed()) {
            leave(Flow::Abort);
            return false;
        }
        if (!environment_.set(name, value)) {
            complain(name, "is read only");
            leave(Flow::Abort);
            return false;
        }
        if (exported) {
            environment_.variables[name].exported = true;
        }
    }
    return true;
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
    const int statusBefore = environment_.status;
    ShellExpander expander(*this);
    const std::vector<std::string> words = expander.fields(tree.words);
    if (expander.failed()) {
        leave(Flow::Abort);
        return 2;
    }
    if (work_.stopped()) {
        return environment_.status;
    }
    if (words.empty()) {
        const int captured = tree.words.empty() ? 0 : environment_.status;
        const ShellStreams before = streams_;
        const bool redirected = redirect(tree.redirects);
        streams_ = before;
        environment_.status = captured;
        if (!redirected || !assign(tree.assignments, false)) {
            return flow_ == Flow::Abort ? 2 : 1;
        }
        return environment_.status;
    }
    environment_.status = statusBefore;
    observe(words, tree);
    if (environment_.traces) {
        std::string trace = "+";
        for (const std::string& word : words) {
            trace += ' ' + word;
        }
        write(2, trace + '\n');
    }
    const ShellStreams before = streams_;
    std::map<std::string, std::optional<ShellVariable>> variables;  // that are assigned for this command alone
    for (const std::string& assignment : tree.assignments) {
        const auto found = environment_.variables.find(assignment.substr(0, assignment.find('=')));
        variables[assignment.substr(0, assignment.find('='))] =
            found == environment_.variables.end() ? std::nullopt : std::optional(found->second);
    }
    int status = 1;
    if (!redirect(tree.redirects)) {
        if (words.front() == "exec" || words.front() == "eval" || words.front() == ":") {
            leave(Flow::Abort);  // as POSIX wants it of special builtins
        }
    } else if (assign(tree.assignments, true)) {
        status = command(words);
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
    ++functions_;
    int status = run(*kept);
    --functions_;
    loops_ = loops;
    environment_.arguments = arguments;
    if (flow_ == Flow::Return) {
        flow_ = Flow::On;
        status = environment_.status;
    }
    return status;
}

}  // namespace apiary::agent
