#include "agent/protocol/shelf.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {

bool Shelf::Draft::write(std::uint64_t at, std::string_view bytes) {
    if (at > kMostOfOne || bytes.size() > kMostOfOne - at) {
        return false;
    }
    const std::size_t size = std::max(content_.size(), static_cast<std::size_t>(at) + bytes.size());
    if (size > claimed_) {
        const std::size_t wanted = std::min(kMostOfOne, std::max(size, 2 * claimed_));
        if (!shelf_.claim(wanted - claimed_)) {
            return false;
        }
        claimed_ = wanted;
        content_.reserve(wanted);
    }
    content_.resize(size);
    bytes.copy(content_.data() + at, bytes.size());
    return true;
}

Shelf::Number Shelf::Draft::put() {
    content_.shrink_to_fit();
    return shelf_.put(std::move(content_), std::exchange(claimed_, 0));
}

std::shared_ptr<const std::string> Shelf::find(Number number) {
    return stock_.with([&](Stock& stock) -> Content {
        const auto found = std::ranges::find(stock.kept, number, &Kept::number);
        if (found == stock.kept.end()) {
            return nullptr;
        }
        stock.kept.splice(stock.kept.begin(), stock.kept, found);
        return found->content;
    });
}

/// Makes room where it must. What somebody is being sent stays: it would take its memory all the same.
bool Shelf::claim(std::size_t bytes) {
    return stock_.with([&](Stock& stock) {
        for (auto next = stock.kept.end(); next != stock.kept.begin() && stock.used + bytes > stock.most;) {
            --next;
            if (next->content.use_count() == 1) {
                stock.used -= next->content->size();
                next = stock.kept.erase(next);
            }
        }
        const bool fits = stock.used + bytes <= stock.most;
        stock.used += fits ? bytes : 0;
        return fits;
    });
}

void Shelf::giveBack(std::size_t bytes) {
    stock_.with([&](Stock& stock) { stock.used -= bytes; });
}

Shelf::Number Shelf::put(std::string content, std::size_t claimed) {
    auto kept = std::make_shared<const std::string>(std::move(content));
    return stock_.with([&](Stock& stock) {
        stock.used -= claimed - kept->size();
        stock.kept.push_front({++stock.last, std::move(kept)});
        return stock.last;
    });
}

}  // namespace apiary::agent
