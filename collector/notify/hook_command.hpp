#pragma once

#include "collector/notify/carrier.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace apiary::collector {

/// Runs a program for each notice, which reads the JSON from its standard input and ends with 0.
///
/// No shell has a hand in it: the arguments are those of the configuration, the environment is PATH and LANG, and
/// nothing that an attacker wrote is in either. The program leads a process group of its own, which is killed, whole,
/// at the deadline and when the program has ended. It inherits no descriptor but the three; of what it prints the first
/// 4 KiB are kept to say what went wrong.
class HookCommand final : public Carrier {
public:
    /// `command`: an absolute path and arguments.
    explicit HookCommand(std::vector<std::string> command,
                         std::chrono::milliseconds deadline = std::chrono::seconds(10));

    Delivery carry(const std::string& json, const std::atomic<bool>& stopping) override;

private:
    const std::vector<std::string> command_;
    const std::chrono::milliseconds deadline_;
};

}  // namespace apiary::collector
