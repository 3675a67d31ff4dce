/// Compound commands: lists in other processes, loops, choices.

#include "agent/shell/shell_expander.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_signals.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

/// True for a program that talks to the network: what it says of it comes when the rest of its pipe has long begun.
bool takesItsTime(const ShellTree& tree) {
    constexpr std::string_view kPrograms[] = {"wget", "tftp", "ftpget", "ftpput", "nc", "telnet"};
    const bool busybox = tree.words.size() > 1 && nameOf(tree.words.front()) == "busybox";
    return tree.kind == ShellTree::Kind::Simple && !tree.words.empty() &&
           std::ranges::find(kPrograms, nameOf(tree.words[busybox ? 1 : 0])) != std::end(kPrograms);
}

}  // namespace

/// Compound commands, with their redirections.
int ShellInterpreter::grouped(const ShellTree& tree) {
    using Kind = ShellTree::Kind;
    const ShellStreams before = streams_;
    int status = 1;
    if (redirect(tree.redirects)) {
        if (tree.kind == Kind::Subshell) {
            const ShellWork::Mark begun = work_.mark();
            status = broken(tree, begun, subshell(*tree.children.front()));
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
    copy.self = work_.newProcess();
    ShellInterpreter inner(work_, copy, streams_);
    inner.line_ = line_;
    inner.tested_ = tested_;
    inner.becomeSubshell();
    inner.run(tree);
    inner.end();
    return endOf(copy);
}

int ShellInterpreter::pipeline(const ShellTree& tree) {
    if (tree.children.size() == 1) {
        const bool tested = std::exchange(tested_, tested_ || tree.negated);
        const int status = run(*tree.children[0]);
        tested_ = tested;
        return tree.negated && !stopped() ? (status == 0 ? 1 : 0) : status;
    }
    work_.settle();
    const ShellWork::Mark begun = work_.mark();
    ShellStreamPtr input = streams_[0];
    int status = 0;
    int failed = 0;
    std::string saidLate;
    for (std::size_t i = 0; i < tree.children.size(); ++i) {
        const bool last = i + 1 == tree.children.size();
        const bool spent = work_.spent();
        auto pipe = std::make_shared<ShellStream>();
        pipe->kind = ShellStream::Kind::Pipe;
        ShellEnvironment copy = environment_;
        copy.self = work_.newProcess();
        ShellStreams streams = streams_;
        streams[0] = input;
        streams[1] = last ? streams_[1] : pipe;
        ShellInterpreter inner(work_, copy, streams);
        inner.line_ = line_;
        inner.tested_ = tested_;
        inner.becomeSubshell();
        const bool late = !last && takesItsTime(*tree.children[i]);
        const bool outer = late && work_.beginBackground();
        inner.run(*tree.children[i]);
        inner.end();
        saidLate += late ? work_.endBackground(outer) : "";
        status = last ? endOf(copy) : copy.killedBy != 0 ? 128 + copy.killedBy : copy.status;
        failed = status != 0 ? status : failed;
        input = pipe;
        if (!last && !work_.broken()) {
            work_.goOn(spent);
        }
    }
    if (!saidLate.empty()) {
        write(2, saidLate);
    }
    status = broken(tree, begun, environment_.options.on('P') ? failed : status);
    return tree.negated ? (status == 0 ? 1 : 0) : status;
}

/// Runs at once; what it says comes when it has had the time for it.
int ShellInterpreter::background(const ShellTree& tree) {
    const bool spent = work_.spent();
    const Millis takes = work_.takes();
    work_.setTakes(Millis{0});
    ShellJobs::Job job;
    job.process = work_.newProcess();
    job.text = shellText(*tree.children.front());
    ShellEnvironment copy = environment_;
    copy.self = job.process;
    ShellStreams streams = streams_;
    if (streams[0] && streams[0]->kind == ShellStream::Kind::Terminal) {
        streams[0] = std::make_shared<ShellStream>();
        streams[0]->kind = ShellStream::Kind::Pipe;
        streams[0]->stopsReader = true;
    }
    const bool outer = work_.beginBackground();
    ShellInterpreter inner(work_, copy, streams);
    inner.line_ = line_;
    inner.becomeSubshell();
    inner.run(*tree.children.front());
    inner.end();
    std::string said = work_.endBackground(outer);
    job.status = copy.killedBy != 0 ? 128 + copy.killedBy : copy.status;
    job.signal = copy.killedBy;
    const bool endless = work_.spent() || work_.takes() >= ShellWork::kMostTime;
    const bool atOnce = work_.takes() == Millis{0};
    if (!endless) {
        job.ends = work_.now() + takes + work_.takes() + Millis{atOnce ? 20 : 0};
    }
    work_.goOn(spent);
    work_.setTakes(takes);
    if (work_.takeStoppedReader()) {
        job.stopped = true;
        job.signal = kSignalTerminalInput;
        job.reader = std::make_shared<const ShellJobs::Reader>(ShellJobs::Reader{job.text});
    }
    if (atOnce || outer) {
        work_.writeLate(said);
    } else {
        job.output = std::move(said);
    }
    environment_.lastBackground = job.process;
    if (!outer && !subshell_) {
        work_.jobs.begin(std::move(job));
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
    return flow_ == Flow::Return ? environment_.status : status;
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
        if (!environment_.set(tree.words.front(), item)) {
            complain("", tree.words.front() + ": is read only");
            leave(Flow::Abort);
            status = 2;
            break;
        }
        status = run(*tree.children.front());
        if (endsLoop()) {
            break;
        }
    }
    --loops_;
    return flow_ == Flow::Return ? environment_.status : status;
}

int ShellInterpreter::choose(const ShellTree& tree) {
    ShellExpander expander(*this);
    const std::string subject = expander.text(tree.words.front());
    for (const ShellTreePtr& item : tree.children) {
        for (const std::string& word : item->words) {
            const std::string pattern = expander.pattern(word);
            if (expander.failed()) {
                leave(Flow::Abort);
                return 2;
            }
            if (!work_.step() || !work_.move(subject.size() * (1 + pattern.size() / 8))) {
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

}  // namespace apiary::agent
