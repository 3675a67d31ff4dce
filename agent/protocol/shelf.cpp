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
        // Room for what comes next, if nobody has to go for it.
        std::size_t wanted = std::min(kMostOfOne, std::max(size, 2 * claimed_));
        if (!shelf_.claim(wanted - claimed_, false)) {
            wanted = size;
            if (!shelf_.claim(wanted - claimed_, true)) {
                return false;
            }
        }
        claimed_ = wanted;
        std::string larger;  // exactly that large, as a string that grows is not
        larger.reserve(wanted);
        larger += content_;
        content_ = std::move(larger);
    }
    content_.resize(size);
    bytes.copy(content_.data() + at, bytes.size());
    return true;
}

Shelf::Number Shelf::Draft::put() {
    auto content = std::make_shared<const std::string>(content_);
    return shelf_.put(std::move(content), std::exchange(claimed_, 0));
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

/// `makesRoom`: others go for it, if that helps. What somebody is being sent stays: it would take its memory all the
/// same.
bool Shelf::claim(std::size_t bytes, bool makesRoom) {
    return stock_.with([&](Stock& stock) {
        const auto mayGo = [](const Kept& kept) { return kept.content.use_count() == 1; };
        std::size_t free = stock.most - std::min(stock.most, stock.used);
        if (free < bytes && makesRoom) {
            for (const Kept& kept : stock.kept) {
                free += mayGo(kept) ? kept.content->size() : 0;
            }
        }
        if (free < bytes) {
            return false;
        }
        for (auto next = stock.kept.end(); stock.used + bytes > stock.most && next != stock.kept.begin();) {
            --next;
            if (mayGo(*next)) {
                stock.used -= next->content->size();
                next = stock.kept.erase(next);
            }
        }
        stock.used += bytes;
        return true;
    });
}

void Shelf::giveBack(std::size_t bytes) {
    stock_.with([&](Stock& stock) { stock.used -= bytes; });
}

Shelf::Number Shelf::put(Content content, std::size_t claimed) {
    return stock_.with([&](Stock& stock) {
        stock.used -= claimed - content->size();
        stock.kept.push_front({++stock.last, std::move(content)});
        return stock.last;
    });
}

}  // namespace apiary::agent
