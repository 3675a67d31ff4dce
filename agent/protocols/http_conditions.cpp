#include "agent/protocols/http_conditions.hpp"

#include "agent/protocols/http_text.hpp"

#include <algorithm>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostRanges = 200;
constexpr unsigned kMostOverlaps = 20;
constexpr unsigned kMostReversals = 20;
constexpr std::chrono::seconds kWeak(60);  // a file younger than this may change again within its second

/// True if one of the tags of a list is the file's. A weak tag fits only where `weak` may. The list ends, as for
/// find_list_item(), where no tag begins.
bool tagged(std::string_view list, std::string_view etag, bool weak) {
    etag.remove_prefix(weak && etag.starts_with("W/") ? 2 : 0);
    if (!etag.starts_with('"')) {
        return false;
    }
    for (;;) {
        const auto separates = [](char c) { return c == ',' || httpSpace(c); };
        list.remove_prefix(static_cast<std::size_t>(std::ranges::find_if_not(list, separates) - list.begin()));
        list.remove_prefix(weak && list.starts_with("W/\"") ? 2 : 0);
        if (!list.starts_with('"')) {
            return false;
        }
        std::size_t end = 0;
        for (bool quoted = false; end < list.size() && (quoted || list[end] != ','); ++end) {
            quoted = quoted != (list[end] == '"');
            end += list[end] == '\\' && end + 1 < list.size() ? 1 : 0;
        }
        const std::string_view tag = list.substr(0, end);
        if (tag.substr(0, tag.find_last_not_of(" \t") + 1) == etag) {
            return true;
        }
        list.remove_prefix(end);
    }
}

enum class Match { None, No, Weak, Strong };

/// `holds` of a time that is compared; what is young matches weakly, which is not enough for a range.
Match byTime(bool holds, const HttpRequest& request, const HttpValidators& validators) {
    if (!holds) {
        return Match::No;
    }
    if (validators.now >= validators.modified + kWeak) {
        return Match::Strong;
    }
    return request.field("Range") != nullptr ? Match::No : Match::Weak;
}

Match noneMatch(const HttpRequest& request, const HttpValidators& validators) {
    const std::string* list = request.field("If-None-Match");
    if (list == nullptr) {
        return Match::None;
    }
    if (list->starts_with('*')) {
        return Match::Strong;
    }
    const bool weak = request.get() && request.field("Range") == nullptr;
    return tagged(*list, validators.etag, weak) ? (weak ? Match::Weak : Match::Strong) : Match::No;
}

Match modifiedSince(const HttpRequest& request, const HttpValidators& validators) {
    const std::string* text = request.field("If-Modified-Since");
    if (text == nullptr) {
        return Match::None;
    }
    const auto time = httpTime(*text);
    return byTime(time && *time >= validators.modified && *time <= validators.now, request, validators);
}

Match unmodifiedSince(const HttpRequest& request, const HttpValidators& validators) {
    const std::string* text = request.field("If-Unmodified-Since");
    if (text == nullptr) {
        return Match::None;
    }
    const auto time = httpTime(*text);
    return byTime(time && validators.modified > *time, request, validators);
}

bool rangeHolds(const HttpRequest& request, const HttpValidators& validators) {
    const std::string* text = request.field("If-Range");
    if (text == nullptr) {
        return true;
    }
    if (text->starts_with('"')) {
        return *text == validators.etag;
    }
    const auto time = httpTime(*text);
    return time && *time == validators.modified && validators.now >= validators.modified + kWeak;
}

/// One "first-last". False if it is none, which makes the whole field void.
bool readRange(std::string_view text, std::uint64_t size, std::int64_t& first, std::int64_t& last) {
    const auto dash = text.find('-');
    if (dash == std::string_view::npos) {
        return false;
    }
    const auto from = httpNumber(text.substr(0, dash));
    const auto to = httpNumber(text.substr(dash + 1));
    const auto end = static_cast<std::int64_t>(size) - 1;
    if (dash == 0) {
        first = to ? end + 1 - static_cast<std::int64_t>(*to) : 0;
        last = end;
        return to && *to > 0;
    }
    first = from ? static_cast<std::int64_t>(*from) : 0;
    last = to ? static_cast<std::int64_t>(*to) : end;
    return from && (to ? first <= last : dash + 1 == text.size());
}

/// Joins ranges that touch, and counts how often that was needed.
class Joiner {
public:
    explicit Joiner(std::int64_t size) : size_(size) {}

    void add(std::int64_t first, std::int64_t last) {
        first = std::max<std::int64_t>(first, 0);
        if (first >= size_) {
            unsatisfiable_ = true;
            return;
        }
        last = std::min(last, size_ - 1);
        if (!open_) {
            first_ = first;
            last_ = last;
            open_ = true;
            return;
        }
        bool joined = first >= first_ && last <= last_;
        if (first < first_ && last >= first_ - 1) {
            first_ = first;
            ++reversals_;
            joined = true;
        }
        if (last >= last_ && first <= last_ + 1) {
            last_ = last;
            joined = true;
        }
        if (joined) {
            ++overlaps_;
            return;
        }
        finish();
        first_ = first;
        last_ = last;
        open_ = true;
    }

    void onlyWhole() {
        parts_.clear();
        sum_ = 0;
        first_ = 0;
        last_ = size_ - 1;
        open_ = true;
    }

    HttpRanges result() {
        if (open_) {
            finish();
        } else if (parts_.empty() && unsatisfiable_) {
            return {false, {}};
        }
        const bool whole =
            sum_ > size_ || parts_.size() > kMostRanges || overlaps_ > kMostOverlaps || reversals_ > kMostReversals;
        return {true, whole ? std::vector<std::pair<std::uint64_t, std::uint64_t>>{} : parts_};
    }

private:
    void finish() {
        parts_.emplace_back(first_, last_);
        sum_ += last_ - first_ + 1;
        open_ = false;
    }

    std::int64_t size_;
    std::int64_t first_ = 0;
    std::int64_t last_ = 0;
    std::int64_t sum_ = 0;
    bool open_ = false;
    bool unsatisfiable_ = false;
    unsigned overlaps_ = 0;
    unsigned reversals_ = 0;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> parts_;
};

}  // namespace

unsigned httpConditions(const HttpRequest& request, const HttpValidators& validators) {
    const std::string* match = request.field("If-Match");
    if (match != nullptr && !match->starts_with('*') && !tagged(*match, validators.etag, false)) {
        return 412;
    }
    const Match unmodified = unmodifiedSince(request, validators);
    const Match none = noneMatch(request, validators);
    const Match since = modifiedSince(request, validators);
    if (unmodified >= Match::Weak || (none >= Match::Weak && !request.get())) {
        return 412;
    }
    const bool decidedByRange = request.field("If-Range") != nullptr && request.field("Range") != nullptr;
    const bool changed = unmodified == Match::No || none == Match::No || since == Match::No;
    const bool asked = none >= Match::Weak || since >= Match::Weak;
    return asked && !changed && !decidedByRange && request.get() ? 304 : 0;
}

HttpRanges httpRanges(const HttpRequest& request, std::uint64_t size, const HttpValidators& validators) {
    const std::string* field = request.field("Range");
    if (size == 0 || field == nullptr || !httpEqual(std::string_view(*field).substr(0, 6), "bytes=") ||
        !rangeHolds(request, validators)) {
        return {};
    }
    Joiner joiner(static_cast<std::int64_t>(size));
    std::string_view rest = std::string_view(*field).substr(6);
    while (!rest.empty()) {
        const std::string_view text = rest.substr(0, rest.find(','));
        // ap_getword() takes all commas behind a word for one.
        rest.remove_prefix(text.size());
        rest.remove_prefix(std::min(rest.find_first_not_of(','), rest.size()));
        if (text.empty()) {
            break;
        }
        std::int64_t first = 0;
        std::int64_t last = 0;
        if (!readRange(text, size, first, last)) {
            return {};
        }
        if (text == "0-") {
            joiner.onlyWhole();
            break;
        }
        joiner.add(first, last);
    }
    return joiner.result();
}

}  // namespace apiary::agent
