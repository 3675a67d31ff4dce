#pragma once

#include "common/result.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace apiary::agent {

/// The agent's local socket, by which `apiary-agent status`, `services`, ... speak to it on the machine itself.
///
/// A client sends one line, `VERB` or `VERB ARGUMENT`. The answer is `ok` or `error`, LF, and text up to the end of the
/// stream. `tail` never ends by itself: what publish() is given follows. Only the agent's user may connect (mode 0600).
/// Bounds: 32 clients, a line of 256 bytes, 10 s to send it, 1 MiB that a follower has not read: then it is dropped.
///
/// run() is the body of one thread, on which `answer` is called; it may block that thread for a moment, no other.
class ControlServer {
public:
    /// The text for a verb and its argument, or an Error that says what is possible.
    using Answer = std::function<Result<std::string>(std::string_view verb, std::string_view argument)>;

    /// Takes the place of a socket that a dead agent left. An Error says why the socket cannot be made.
    static Result<std::unique_ptr<ControlServer>> open(const std::string& path, Answer answer);

    ControlServer(const ControlServer&) = delete;
    ControlServer& operator=(const ControlServer&) = delete;
    ~ControlServer();

    void run();

    /// Makes run() return. Thread-safe.
    void close();

    /// Shows text to all who follow. Thread-safe, does not wait for them.
    void publish(std::string_view text);

private:
    class Impl;
    explicit ControlServer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// Sends one request to the agent whose socket is at `path` and hands each piece of the answer's text to `show`, as it
/// comes. An Error if no agent runs there, or the agent's own refusal.
Status askAgent(const std::string& path, const std::string& request, const std::function<void(std::string_view)>& show);

}  // namespace apiary::agent
