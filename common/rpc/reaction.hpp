#pragma once

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace apiary {

/// The seam to gRPC, whose own locking the thread sanitizer does not see: put one at the head of every reaction, and
/// call handOver() before each Start… and Finish. Costs nothing in other builds.
class Reaction {
public:
    explicit Reaction([[maybe_unused]] void* reactor) : reactor_(reactor) {
#if defined(__SANITIZE_THREAD__)
        __tsan_acquire(reactor_);
#endif
    }
    Reaction(const Reaction&) = delete;
    Reaction& operator=(const Reaction&) = delete;
    ~Reaction() {
        handOver(reactor_);
    }

    static void handOver([[maybe_unused]] void* reactor) {
#if defined(__SANITIZE_THREAD__)
        __tsan_release(reactor);
#endif
    }

private:
    void* reactor_;
};

}  // namespace apiary
