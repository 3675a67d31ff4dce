#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <utility>

namespace apiary::agent {

/// What a service has prepared for the few sessions that come to need it: made when the first of them asks, the same
/// whenever that is, and shared from then on. At whole subnets a service is made for every host that is contacted, and
/// most contacts end before the login. May be asked from any thread; who comes while it is being made waits for that.
template <typename T>
class Lazy {
public:
    /// `make` depends on nothing but what it holds.
    explicit Lazy(std::function<T()> make) : make_(std::move(make)) {}

    const T& get() const {
        std::call_once(once_, [this] { value_.emplace(make_()); });
        return *value_;
    }

private:
    std::function<T()> make_;
    mutable std::once_flag once_;
    mutable std::optional<T> value_;  // written once, under once_
};

}  // namespace apiary::agent
