#pragma once

#include <mutex>
#include <utility>

namespace apiary {

/// Data together with its mutex: it can be reached only while locked. Never hold two at once.
template <typename T>
class Guarded {
public:
    template <typename... Args>
    explicit Guarded(Args&&... args) : data_(std::forward<Args>(args)...) {}

    /// Calls `use` with the data, locked; returns what it returns. Do not let a reference escape.
    template <typename Use>
    decltype(auto) with(Use&& use) {
        const std::lock_guard lock(mutex_);
        return std::forward<Use>(use)(data_);
    }
    template <typename Use>
    decltype(auto) with(Use&& use) const {
        const std::lock_guard lock(mutex_);
        return std::forward<Use>(use)(data_);
    }

private:
    mutable std::mutex mutex_;
    T data_;
};

}  // namespace apiary
