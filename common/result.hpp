#pragma once

#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace apiary {

/// Why something could not be done, as a sentence that says what to do about it.
struct Error {
    std::string message;
};

/// The outcome of an operation that may be refused for a reason the caller expects: a value, or an Error.
/// A failed operation (disk, database, network) is an exception instead.
template <typename T>
class [[nodiscard]] Result {
public:
    Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}     // NOLINT(google-explicit-constructor)
    Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

    explicit operator bool() const { return content_.index() == 0; }

    /// The value; only if there is one.
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T operator*() && { return std::move(value()); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    /// What went wrong; only if there is no value.
    const std::string& error() const {
        assert(content_.index() == 1);
        return std::get<1>(content_).message;
    }

private:
    T& value() {
        assert(content_.index() == 0);
        return std::get<0>(content_);
    }
    const T& value() const {
        assert(content_.index() == 0);
        return std::get<0>(content_);
    }

    std::variant<T, Error> content_;
};

/// A Result of an operation that has nothing to hand over.
struct Done {};
using Status = Result<Done>;

}  // namespace apiary
