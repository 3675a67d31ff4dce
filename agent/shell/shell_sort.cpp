/// sort and uniq.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_lines.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostLines = 50'000;
constexpr std::size_t kMostKeys = 16;  // that are compared

std::vector<std::string> linesOf(std::string_view text, char end) {
    std::vector<std::string> lines;
    while (!text.empty() && lines.size() < kMostLines) {
        const std::string_view line = text.substr(0, text.find(end));
        lines.emplace_back(line);
        text.remove_prefix(std::min(line.size() + 1, text.size()));
    }
    return lines;
}

bool isSpace(char c) {
    return std::isspace(static_cast<unsigned char>(c)) != 0;
}

/// What -k says, or what the options say for the whole line.
struct SortKey {
    std::array<std::size_t, 2> first = {1, 0};  // field and byte, from 1; 0: not given
    std::array<std::size_t, 2> last = {0, 0};
    std::string flags = {};
};

/// A month as strptime() takes it, or -1.
int monthOf(std::string_view text) {
    static constexpr std::string_view kMonths[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
    while (!text.empty() && isSpace(text.front())) {
        text.remove_prefix(1);
    }
    std::string lower(text.substr(0, 3));
    for (char& c : lower) {
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    const auto* known = std::ranges::find(kMonths, lower);
    return known == std::end(kMonths) ? -1 : static_cast<int>(known - std::begin(kMonths));
}

int order(double a, double b) {
    return a < b ? -1 : a > b ? 1 : 0;
}

class Sorter {
public:
    Sorter(const std::string& flags, char separator) : flags_(flags), separator_(separator) {}

    /// False after it was said what is wrong.
    bool add(ShellCall& call, std::string_view text) {
        SortKey key;
        for (std::array<std::size_t, 2>* place : {&key.first, &key.last}) {
            for (std::size_t i = 0; i < 2; ++i) {
                const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
                const auto number = parseNumber<std::uint32_t>(text.substr(0, end));
                if (!number || (i == 0 && place == &key.first && *number == 0)) {
                    call.fail("bad field specification");
                    return false;
                }
                (*place)[i] = *number;
                text.remove_prefix(end);
                if (!text.starts_with('.')) {
                    break;
                }
                text.remove_prefix(1);
            }
            for (; !text.empty() && text.front() != ','; text.remove_prefix(1)) {
                if (std::string_view("nrugMcszbdfioktV").find(text.front()) == std::string_view::npos) {
                    call.fail("unknown key option");
                    return false;
                }
                key.flags += text.front() == 'b' && place == &key.last ? 'B' : text.front();
            }
            if (text.empty()) {
                break;
            }
            text.remove_prefix(1);
        }
        if (keys_.size() < kMostKeys) {
            keys_.push_back(std::move(key));
        }
        return true;
    }

    /// What it costs to sort lines of so many bytes in all, in bytes moved.
    std::size_t cost(std::size_t lines, std::size_t bytes) const {
        return lines * 128 + bytes * 4 * std::max<std::size_t>(1, keys_.size());
    }

    /// `ties`: those with the same keys are told apart by the whole line.
    int compare(const std::string& a, const std::string& b, bool ties) const {
        static const std::vector<SortKey> kWhole(1);
        std::string_view flags = flags_;
        int result = 0;
        for (const SortKey& key : keys_.empty() ? kWhole : keys_) {
            flags = key.flags.empty() ? std::string_view(flags_) : std::string_view(key.flags);
            result = compared(part(a, key, flags), part(b, key, flags), flags);
            if (result != 0) {
                break;
            }
        }
        if (result == 0 && ties && !has(flags_, 's')) {
            flags = flags_;
            result = a.compare(b);
        }
        return has(flags, 'r') ? -result : result;
    }

private:
    static bool has(std::string_view flags, char flag) { return flags.find(flag) != std::string_view::npos; }

    /// Behind so many fields.
    std::size_t behind(const std::string& line, std::size_t fields, bool withoutEnd) const {
        std::size_t at = 0;
        bool ended = false;
        for (; fields > 0; --fields) {
            if (separator_ != 0) {
                const std::size_t next = line.find(separator_, at);
                ended = next != std::string::npos;
                at = ended ? next + 1 : line.size();
            } else {
                while (at < line.size() && isSpace(line[at])) {
                    ++at;
                }
                while (at < line.size() && !isSpace(line[at])) {
                    ++at;
                }
            }
        }
        return at - (withoutEnd && ended ? 1 : 0);
    }

    std::string part(const std::string& line, const SortKey& key, std::string_view flags) const {
        std::size_t begin = behind(line, std::min(key.first[0], line.size() + 1) - 1, false);
        std::size_t end = key.last[0] == 0 ? line.size() : behind(line, std::min(key.last[0], line.size() + 1), true);
        while (has(flags, 'b') && begin < line.size() && isSpace(line[begin])) {
            ++begin;
        }
        while (has(flags, 'B') && end > begin && isSpace(line[end - 1])) {
            --end;
        }
        end = key.last[1] != 0 ? std::min(key.last[1], line.size()) : end;
        begin = std::min(begin + (key.first[1] != 0 ? key.first[1] - 1 : 0), line.size());
        std::string text = line.substr(std::min(begin, end), end - std::min(begin, end));
        if (has(flags, 'd')) {
            std::erase_if(text, [](unsigned char c) { return std::isspace(c) == 0 && std::isalnum(c) == 0; });
        }
        if (has(flags, 'i')) {
            std::erase_if(text, [](unsigned char c) { return std::isprint(c) == 0; });
        }
        for (char& c : text) {
            c = has(flags, 'f') ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
        }
        return text;
    }

    static int compared(const std::string& a, const std::string& b, std::string_view flags) {
        if (has(flags, 'V')) {
            return ::strverscmp(a.c_str(), b.c_str());
        }
        if (has(flags, 'M')) {
            return order(monthOf(a), monthOf(b));
        }
        if (has(flags, 'g')) {
            char* endA = nullptr;
            char* endB = nullptr;
            const double x = std::strtod(a.c_str(), &endA);
            const double y = std::strtod(b.c_str(), &endB);
            const auto rank = [](const std::string& text, const char* end, double value) {
                return end == text.c_str() ? 0 : std::isnan(value) ? 1 : 2;
            };
            const int ranks = order(rank(a, endA, x), rank(b, endB, y));
            return ranks != 0 ? ranks : order(x, y);
        }
        return has(flags, 'n') ? order(std::atof(a.c_str()), std::atof(b.c_str())) : a.compare(b);
    }

    std::string flags_;
    char separator_;
    std::vector<SortKey> keys_ = {};
};

int writeSorted(ShellCall& call, const std::string& text) {
    if (!call.has('o')) {
        call.out(text);
        return 0;
    }
    ShellFiles::Place place = call.locate(call.value('o'));
    if (place.error == ShellError::None) {
        call.work().report(place.path);
        place.error = call.files().create(place.path, 0666 & ~call.environment().mask, call.work().seconds());
    }
    if (place.error != ShellError::None) {
        call.fail("can't open '" + call.value('o') + "': " + std::string(errorText(place.error)));
        return 2;
    }
    ShellStream file{ShellStream::Kind::File, place.path};
    call.work().write(file, text);
    return 0;
}

int sort(ShellCall& call) {
    if (!call.parse("ngMucszbrdfimVk:t:o:T:S:")) {
        return 2;
    }
    if (call.has('t') && call.value('t').size() > 1) {
        call.fail("bad -t parameter");
        return 2;
    }
    std::string flags;
    for (const char letter : std::string_view("ngMubrdfisV")) {
        flags += call.has(letter) ? std::string(1, letter) : "";
    }
    Sorter sorter(flags, call.valueOr('t', std::string(1, '\0')).c_str()[0]);
    for (const auto& [letter, value] : call.given()) {
        if (letter == 'k' && !sorter.add(call, value)) {
            return 2;
        }
    }
    const char end = call.has('z') ? '\0' : '\n';
    std::vector<std::string> lines;
    std::size_t bytes = 0;
    for (const std::string& path : call.words.size() > 1 ? call.operands() : std::vector<std::string>{"-"}) {
        int status = 0;
        const std::string all = call.readAll({path}, status, "-");
        if (status != 0) {
            return 2;
        }
        bytes += all.size();
        std::vector<std::string> more = linesOf(all, end);
        lines.insert(lines.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    }
    if (!call.work().move(sorter.cost(lines.size(), bytes))) {
        return 2;
    }
    if (call.has('c')) {
        for (std::size_t i = 1; i < lines.size(); ++i) {
            if (sorter.compare(lines[i - 1], lines[i], !call.has('u')) > (call.has('u') ? -1 : 0)) {
                call.error("Check line " + std::to_string(i) + '\n');
                return 1;
            }
        }
        return 0;
    }
    std::ranges::stable_sort(
        lines, [&](const std::string& a, const std::string& b) { return sorter.compare(a, b, true) < 0; });
    if (call.has('u')) {
        lines.erase(
            std::unique(lines.begin(), lines.end(),
                        [&](const std::string& a, const std::string& b) { return sorter.compare(a, b, false) == 0; }),
            lines.end());
    }
    std::string text;
    for (const std::string& line : lines) {
        text += line + end;
    }
    return writeSorted(call, text);
}

int unique(ShellCall& call) {
    if (!call.parse("cduf:s:w:iz")) {
        return 1;
    }
    std::array<std::size_t, 3> numbers = {0, 0, std::string::npos};
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const char letter = "fsw"[i];
        if (call.has(letter)) {
            const auto value = parseNumber<std::uint32_t>(call.value(letter));
            if (!value) {
                return call.fail("invalid number '" + call.value(letter) + "'");
            }
            numbers[i] = *value;
        }
    }
    const std::vector<std::string> paths = call.operands();
    if (paths.size() > 2) {
        return call.usage();
    }
    const auto compared = [&](std::string_view line) {
        std::size_t at = 0;
        for (std::size_t field = 0; field < numbers[0] && at < line.size(); ++field) {
            while (at < line.size() && isSpace(line[at])) {
                ++at;
            }
            while (at < line.size() && !isSpace(line[at])) {
                ++at;
            }
        }
        std::string part(line.substr(std::min(at + numbers[1], line.size()), numbers[2]));
        for (char& c : part) {
            c = call.has('i') ? static_cast<char>(std::tolower(static_cast<unsigned char>(c))) : c;
        }
        return part;
    };
    const char end = call.has('z') ? '\0' : '\n';
    const ShellStreamPtr input = paths.empty() ? call.input() : call.open(paths.front());
    if (!input) {
        return 1;
    }
    std::string output;
    const bool typed = input->kind == ShellStream::Kind::Terminal && paths.size() < 2;  // answered while it is typed
    const auto show = [&](std::string_view line, std::size_t times) {
        if ((call.has('d') && times == 1) || (call.has('u') && times > 1) || times == 0) {
            return;
        }
        output += (call.has('c') ? printed("%7zu ", times) : "") + std::string(line) + end;
        if (typed) {
            call.out(std::exchange(output, {}));
        }
    };
    ShellLines lines(call.work(), *input, end);
    std::string_view first;
    std::size_t times = 0;
    for (auto line = lines.next(); line && call.work().move(line->size() + 1); line = lines.next()) {
        if (times > 0 && compared(*line) == compared(first)) {
            ++times;
            continue;
        }
        show(first, times);
        first = *line;
        times = 1;
    }
    show(first, times);
    if (paths.size() < 2 || paths[1] == "-") {
        call.out(output);
        return 0;
    }
    const ShellStreamPtr file = call.shell().open(paths[1], ShellRedirect::Kind::Write);
    if (!file) {
        return 1;
    }
    call.work().write(*file, output);
    return 0;
}

constexpr ShellApplet kApplets[] = {
    {"sort", sort, "/usr/bin"},
    {"uniq", unique, "/usr/bin"},
};

}  // namespace

std::span<const ShellApplet> shellSortApplets() {
    return kApplets;
}

}  // namespace apiary::agent
