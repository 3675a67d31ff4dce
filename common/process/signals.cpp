#include "common/process/signals.hpp"

#include <csignal>
#include <pthread.h>
#include <unistd.h>

namespace apiary {
namespace {

sigset_t heldSignals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        sigaddset(&signals, signal);
    }
    return signals;
}

}  // namespace

void holdSignals() {
    const sigset_t signals = heldSignals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

int awaitSignal() {
    const sigset_t signals = heldSignals();
    int signal = 0;
    while (sigwait(&signals, &signal) != 0) {
    }
    return signal;
}

std::optional<int> awaitSignal(std::chrono::milliseconds longest) {
    const sigset_t signals = heldSignals();
    const auto whole = std::chrono::floor<std::chrono::seconds>(longest);
    const std::chrono::nanoseconds rest = longest - whole;
    const timespec wait{whole.count(), rest.count()};
    const int signal = sigtimedwait(&signals, nullptr, &wait);
    return signal > 0 ? std::optional(signal) : std::nullopt;
}

void askToEnd() {
    kill(getpid(), SIGTERM);
}

}  // namespace apiary
