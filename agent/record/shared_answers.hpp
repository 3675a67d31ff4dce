#pragma once

#include "agent/protocol/recorder.hpp"
#include "common/concurrent/guarded.hpp"

#include <chrono>
#include <compare>
#include <cstddef>
#include <map>
#include <memory>
#include <string>

namespace apiary::agent {

/// A part of bytes that sessions share, made ready for spool and log once for all of them. Never changes.
struct SharedAnswer {
    std::shared_ptr<const std::string> bytes;    // the part
    std::shared_ptr<const std::string> escaped;  // as the log has it
};

/// Finds what is sent again and again: pages, decoy files. Thread-safe.
///
/// A part becomes a SharedAnswer when it is sent for the second time, so that an answer made for one request costs
/// nothing here. Bounded by number, and in how fast it takes up others: queues that hold an answer do not weigh it.
class SharedAnswers {
public:
    static constexpr std::size_t kMost = 64;
    static constexpr std::chrono::seconds kKept{60};  // after its last use, if others want its place

    /// Null if the part is too small, was not seen before, or has no place.
    std::shared_ptr<const SharedAnswer> find(const SharedPart& part, std::chrono::steady_clock::time_point now);

private:
    struct Key {
        const std::string* whole;
        std::size_t offset;
        std::size_t length;
        friend auto operator<=>(const Key&, const Key&) = default;
    };
    struct Entry {
        std::weak_ptr<const std::string> whole;  // expired: something else may be at its address
        std::shared_ptr<const SharedAnswer> answer;
        std::chrono::steady_clock::time_point used;
    };
    using Entries = std::map<Key, Entry>;

    static bool hasRoom(Entries& entries, std::chrono::steady_clock::time_point now);

    Guarded<Entries> entries_;
};

}  // namespace apiary::agent
