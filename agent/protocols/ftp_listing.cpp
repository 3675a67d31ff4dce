#include "agent/protocols/ftp_listing.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

namespace apiary::agent {
namespace {

constexpr std::int64_t kHalfYear = std::int64_t{60} * 60 * 24 * 182;
constexpr int kMostSteps = 1000;  // of matching, as the real server's bound

struct Entry {
    std::string_view name;
    std::string_view path;
    const FtpNode* node;
};

std::chrono::year_month_day dateOf(std::int64_t seconds) {
    return std::chrono::year_month_day{
        std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds{std::chrono::seconds{seconds}})};
}

std::chrono::hh_mm_ss<std::chrono::seconds> clockOf(std::int64_t seconds) {
    const std::chrono::sys_seconds at{std::chrono::seconds{seconds}};
    return std::chrono::hh_mm_ss{at - std::chrono::floor<std::chrono::days>(at)};
}

template <typename... Values>
std::string print(const char* format, Values... values) {
    char text[80];
    const int size = std::snprintf(text, sizeof text, format, values...);
    return {text, static_cast<std::size_t>(std::clamp<int>(size, 0, sizeof text - 1))};
}

std::string permissions(const FtpNode& node) {
    std::string text = node.directory ? "d" : "-";
    for (int bit = 8; bit >= 0; --bit) {
        text += (node.mode >> static_cast<unsigned>(bit) & 1U) != 0 ? "xwr"[bit % 3] : '-';
    }
    return text;
}

std::string dateText(std::int64_t modified, std::int64_t now) {
    constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto date = dateOf(modified);
    const auto clock = clockOf(modified);
    const char* month = kMonths[static_cast<unsigned>(date.month()) - 1];
    if (modified > now || now - modified > kHalfYear) {
        return print("%s %02u  %d", month, static_cast<unsigned>(date.day()), static_cast<int>(date.year()));
    }
    return print("%s %02u %02d:%02d", month, static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                 static_cast<int>(clock.minutes().count()));
}

/// Names and nodes of what lies directly in `directory`, in order of the names.
std::vector<Entry> entriesOf(const FtpFiles& files, std::string_view directory) {
    const std::string below = directory == "/" ? "/" : std::string(directory) + '/';
    std::vector<Entry> entries;
    for (auto node = files.nodes().upper_bound(below); node != files.nodes().end() && node->first.starts_with(below);
         ++node) {
        const std::string_view name = std::string_view(node->first).substr(below.size());
        if (name.find('/') == std::string_view::npos) {
            entries.push_back({name, node->first, &node->second});
        }
    }
    return entries;
}

std::size_t linksOf(const FtpFiles& files, const Entry& entry) {
    const auto directories = [&] {
        return static_cast<std::size_t>(
            std::ranges::count_if(entriesOf(files, entry.path), [](const Entry& e) { return e.node->directory; }));
    };
    return entry.node->directory ? 2 + directories() : 1;
}

std::string fullLine(const FtpFiles& files, const Entry& entry, bool marked, std::int64_t now) {
    const FtpNode& node = *entry.node;
    const bool local = node.owner == FtpUser::Local;
    return print("%s %4zu %-8d %-8d %8llu ", permissions(node).c_str(), linksOf(files, entry), local ? 1000 : 102,
                 local ? 1000 : 105, static_cast<unsigned long long>(node.size)) +
           dateText(node.modified, now) + ' ' + std::string(entry.name) + (marked && node.directory ? "/" : "") +
           "\r\n";
}

/// Like the real server, it tries no second place for what stands behind a star: that is the last one.
bool matches(std::string_view name, std::string_view pattern, int& steps) {
    bool here = true;  // the next literal must be where we are
    char token = 0;
    while (!pattern.empty() && ++steps < kMostSteps) {
        const auto special = pattern.find_first_of("*?{");
        const std::string_view literal = pattern.substr(0, special);
        token = special == std::string_view::npos ? '\0' : pattern[special];
        pattern.remove_prefix(std::min(literal.size() + 1, pattern.size()));
        if (!literal.empty()) {
            const auto at = here ? name.find(literal) : name.rfind(literal);
            if (at == std::string_view::npos || (here && at > 0)) {
                return false;
            }
            name.remove_prefix(at + literal.size());
        }
        here = token != '*';
        if (token == '?') {
            if (name.empty()) {
                return false;
            }
            name.remove_prefix(1);
        } else if (token == '{') {
            const auto close = pattern.find('}');
            if (close == std::string_view::npos) {
                if (!name.starts_with('{')) {
                    return false;
                }
                name.remove_prefix(1);
                continue;
            }
            std::string_view choices = pattern.substr(0, close);
            while (!choices.empty() && steps < kMostSteps) {
                const std::string_view choice = choices.substr(0, choices.find(','));
                choices.remove_prefix(std::min(choice.size() + 1, choices.size()));
                if (matches(name, std::string(choice) + std::string(pattern.substr(close + 1)), steps)) {
                    return true;
                }
            }
            return false;
        }
    }
    return (name.empty() || token == '*') && steps < kMostSteps;
}

}  // namespace

bool ftpMatches(std::string_view name, std::string_view pattern) {
    int steps = 0;
    return matches(name, pattern, steps);
}

std::string ftpTime(std::int64_t seconds) {
    const auto date = dateOf(seconds);
    const auto clock = clockOf(seconds);
    return print("%04d%02u%02u%02d%02d%02d", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                 static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                 static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
}

std::string ftpList(const FtpFiles& files, const FtpListing& listing, std::int64_t now) {
    const auto asks = [&](char option) { return listing.options.find(option) != std::string::npos; };
    const bool hidden = asks('a') || listing.filter.starts_with('.');
    std::vector<Entry> entries = entriesOf(files, listing.directory);
    std::erase_if(entries, [&](const Entry& entry) {
        return (entry.name.starts_with('.') && !hidden) ||
               (!listing.filter.empty() && !ftpMatches(entry.name, listing.filter));
    });
    // No letter of a pattern is found in these two, not even a dot.
    if (asks('a') && listing.filter.find_first_not_of("*?") == std::string::npos) {
        const std::string_view above = ftpDirectoryOf(listing.directory);
        entries.push_back({".", listing.directory, files.find(listing.directory)});
        entries.push_back({"..", above, files.find(above)});
        std::ranges::sort(entries, {}, &Entry::name);
    }
    if (asks('t')) {
        const std::int64_t order = asks('r') ? 1 : -1;
        std::ranges::stable_sort(entries, {}, [&](const Entry& entry) { return order * entry.node->modified; });
    } else if (asks('r')) {
        std::ranges::reverse(entries);
    }
    std::string text;
    for (const Entry& entry : entries) {
        if (listing.full || asks('l')) {
            text += fullLine(files, entry, asks('F'), now);
        } else {
            text += listing.shown + std::string(entry.name) + (asks('F') && entry.node->directory ? "/" : "") + "\r\n";
        }
    }
    return text;
}

}  // namespace apiary::agent
