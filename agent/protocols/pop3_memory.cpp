#include "agent/protocols/pop3_memory.hpp"

#include "agent/protocols/pop3_mailbox.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace apiary::agent {
namespace {

constexpr unsigned kMostLevel = 4;
constexpr std::size_t kDigits = kPop3MostMessages / 4;
constexpr std::string_view kHex = "0123456789abcdef";

std::int64_t secondsOf(unsigned level) {
    return std::min<std::int64_t>(std::int64_t{2} << level, 15);
}

std::string keyOf(std::string_view user) {
    char key[20];
    (void)std::snprintf(key, sizeof key, "%016llx", static_cast<unsigned long long>(pop3Hash(user)));
    return key;
}

bool isHex(std::string_view text, std::size_t length) {
    return text.size() == length && text.find_first_not_of(kHex) == std::string_view::npos;
}

/// Takes a number and the blank behind it from the front of `text`; false if there is none.
template <typename T>
bool take(std::string_view& text, T& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) {
        return false;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    text.remove_prefix(std::min<std::size_t>(text.size(), 1));
    return true;
}

}  // namespace

std::uint64_t pop3Hash(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : text) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    }
    return hash;
}

unsigned Pop3Penalty::levelAt(std::int64_t now) const {
    const std::int64_t age = std::max<std::int64_t>(now - since_, 0);
    if (age >= kExpires) {
        return 0;
    }
    unsigned level = level_;
    for (unsigned step = kMostLevel; level > 0 && age >= secondsOf(step); --step) {
        --level;
    }
    return level;
}

Millis Pop3Penalty::pauseOf(unsigned level) {
    return level == 0 ? Millis(0) : std::chrono::seconds(secondsOf(level));
}

void Pop3Penalty::failed(unsigned level, std::uint32_t pair, std::int64_t now) {
    const unsigned next = std::min(level + 1, kMostLevel);
    const auto known = std::ranges::find(seen_, pair);
    if (pair != 0 && known != seen_.end()) {
        std::rotate(seen_.begin(), known, known + 1);
        level_ = next - 1;
        return;
    }
    if (pair != 0) {
        seen_.insert(seen_.begin(), pair);
        seen_.resize(std::min(seen_.size(), kSeen));
    }
    level_ = next;
    since_ = now;
}

std::string Pop3Penalty::text() const {
    if (level_ == 0) {
        return {};
    }
    std::string line = "p " + std::to_string(level_) + ' ' + std::to_string(since_);
    for (const std::uint32_t pair : seen_) {
        line += ' ' + std::to_string(pair);
    }
    return line;
}

void Pop3Penalty::recall(std::string_view line) {
    unsigned level = 0;
    std::int64_t since = 0;
    if (!line.starts_with("p ") || (line.remove_prefix(2), !take(line, level)) || !take(line, since) ||
        level > kMostLevel || since < 0) {
        return;
    }
    level_ = level;
    since_ = since;
    seen_.clear();
    for (std::uint32_t pair = 0; seen_.size() < kSeen && take(line, pair);) {
        seen_.push_back(pair);
    }
}

bool Pop3Memory::deleted(std::string_view user, std::size_t index) const {
    const auto bits = deleted_.find(keyOf(user));
    return bits != deleted_.end() && (kHex.find(bits->second[index / 4]) >> index % 4 & 1U) != 0;
}

void Pop3Memory::remove(std::string_view user, std::size_t index) {
    std::string key = keyOf(user);
    if (deleted_.find(key) == deleted_.end() && deleted_.size() == kMostUsers) {
        return;
    }
    char& digit = deleted_.try_emplace(std::move(key), kDigits, '0').first->second[index / 4];
    digit = kHex[kHex.find(digit) | std::size_t{1} << index % 4];
}

std::string Pop3Memory::text() const {
    std::string text = penalty.text();
    text += text.empty() ? "" : "\n";
    for (const auto& [user, bits] : deleted_) {
        text += "d " + user + ' ' + bits + '\n';
    }
    return text;
}

void Pop3Memory::recall(std::string_view text) {
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (line.starts_with("d ") && line.size() == 19 + kDigits && isHex(line.substr(2, 16), 16) &&
            isHex(line.substr(19), kDigits) && deleted_.size() < kMostUsers) {
            deleted_.emplace(line.substr(2, 16), line.substr(19));
        } else {
            penalty.recall(line);
        }
    }
}

}  // namespace apiary::agent
