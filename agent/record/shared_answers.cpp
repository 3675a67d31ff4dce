#include "agent/record/shared_answers.hpp"

#include "common/text/escape.hpp"

#include <algorithm>
#include <string_view>

namespace apiary::agent {
namespace {

constexpr std::size_t kLeast = 512;  // bytes; below, a reference saves less than it costs

}  // namespace

std::shared_ptr<const SharedAnswer> SharedAnswers::find(const SharedPart& part,
                                                        std::chrono::steady_clock::time_point now) {
    if (part.whole == nullptr || part.length < kLeast) {
        return nullptr;
    }
    const Key key{part.whole.get(), part.offset, part.length};
    return entries_.with([&](Entries& entries) -> std::shared_ptr<const SharedAnswer> {
        const auto known = entries.find(key);
        if (known == entries.end()) {
            if (hasRoom(entries, now)) {
                entries.emplace(key, Entry{.whole = part.whole, .answer = nullptr, .used = now});
            }
            return nullptr;
        }
        Entry& entry = known->second;
        entry.used = now;
        if (entry.whole.expired()) {
            entry = {.whole = part.whole, .answer = nullptr, .used = now};
        } else if (!entry.answer) {
            const std::string_view bytes = std::string_view(*part.whole).substr(part.offset, part.length);
            auto answer = std::make_shared<SharedAnswer>();
            answer->bytes = bytes.size() == part.whole->size() ? part.whole : std::make_shared<std::string>(bytes);
            answer->escaped = std::make_shared<std::string>(escape(bytes));
            entry.answer = std::move(answer);
        }
        return entry.answer;
    });
}

/// What was sent once only, and not again within a second, goes first.
bool SharedAnswers::hasRoom(Entries& entries, std::chrono::steady_clock::time_point now) {
    if (entries.size() < kMost) {
        return true;
    }
    std::erase_if(entries, [&](const auto& each) {
        const Entry& entry = each.second;
        return entry.whole.expired() || now - entry.used > (entry.answer ? kKept : std::chrono::seconds(1));
    });
    return entries.size() < kMost;
}

}  // namespace apiary::agent
