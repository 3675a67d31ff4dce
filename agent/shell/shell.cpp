#include "agent/shell/shell.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {

class Shell::State {
public:
    State(std::shared_ptr<const ShellHost> onHost, std::string ofUser)
        : host(std::move(onHost)), user(std::move(ofUser)) {}

    std::shared_ptr<const ShellHost> host;
    std::string user;
};

Shell::Shell(std::shared_ptr<const ShellHost> host, std::string user, std::string_view /*recalled*/)
    : state_(std::make_unique<State>(std::move(host), std::move(user))) {}

Shell::Shell(Shell&&) noexcept = default;
Shell& Shell::operator=(Shell&&) noexcept = default;
Shell::~Shell() = default;

std::string Shell::banner() const {
    return "\n\nBusyBox v1.35.0 " + state_->host->spec().build +
           " built-in shell (ash)\nEnter 'help' for a list of built-in commands.\n\n";
}

std::string Shell::prompt() const {
    return state_->user == "root" ? "~ # " : "~ $ ";
}

Shell::Answer Shell::line(std::string_view line, WallTime /*now*/) {
    Answer answer;
    const std::string_view verb = line.substr(0, line.find(' '));
    const std::string argument(line.substr(std::min(line.size(), verb.size() + 1)));
    if (verb.empty()) {
        return answer;
    }
    answer.evidence.emplace_back(Command{std::string(verb), argument});
    if (verb == "exit") {
        answer.exits = true;
    } else if (verb == "echo") {
        answer.output = argument + "\n";
    } else {
        answer.output = "-sh: " + std::string(verb) + ": not found\n";
    }
    return answer;
}

Shell::Answer Shell::endOfInput(WallTime /*now*/) {
    Answer answer;
    answer.exits = true;
    return answer;
}

void Shell::interrupt() {}

std::vector<Evidence> Shell::unreported() {
    return {};
}

std::string Shell::memory() const {
    return {};
}

}  // namespace apiary::agent
