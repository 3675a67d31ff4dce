#pragma once

#include "agent/engine/source_key.hpp"

#include <cstddef>
#include <list>
#include <unordered_map>
#include <utility>

namespace apiary::agent {

/// What is kept for each source, for a bounded number of them: the one not touched for longest goes first.
/// Not thread-safe.
template <typename Value>
class RecentMap {
public:
    explicit RecentMap(std::size_t most) : most_(most) {}

    /// The value of `key`, made with `Value{}` if it is new; counts as touched. Valid until the next touch().
    Value& touch(const SourceKey& key) {
        const auto known = index_.find(key);
        if (known != index_.end()) {
            order_.splice(order_.begin(), order_, known->second);
            return known->second->second;
        }
        if (full()) {
            dropOldest();
        }
        order_.emplace_front(key, Value{});
        index_.emplace(key, order_.begin());
        return order_.front().second;
    }

    /// The value of `key`, or null; does not count as touched.
    Value* find(const SourceKey& key) {
        const auto known = index_.find(key);
        return known == index_.end() ? nullptr : &known->second->second;
    }

    void erase(const SourceKey& key) {
        const auto known = index_.find(key);
        if (known != index_.end()) {
            order_.erase(known->second);
            index_.erase(known);
        }
    }

    /// Forgets the one not touched for longest, of at least one, and returns what it was.
    Value dropOldest() {
        Value oldest = std::move(order_.back().second);
        index_.erase(order_.back().first);
        order_.pop_back();
        return oldest;
    }

    std::size_t size() const { return index_.size(); }
    bool full() const { return index_.size() >= most_; }

private:
    using Order = std::list<std::pair<SourceKey, Value>>;

    std::size_t most_;
    Order order_;  // touched last, first
    std::unordered_map<SourceKey, typename Order::iterator, SourceKeyHash> index_;
};

}  // namespace apiary::agent
