/// Applets that show bytes: od and xxd.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <map>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kWidest = 256;

/// A number as BusyBox takes it for sizes: decimal, octal behind 0, hexadecimal behind 0x, and a suffix.
std::optional<std::uint64_t> sizeOf(std::string_view text) {
    if (text.starts_with("0x")) {
        return parseNumber<std::uint32_t>(text.substr(2), 16);
    }
    return parseSize(text);
}

/// How od shows units of so many bytes.
struct OctalType {
    char kind = 'o';  // a c d f o u x
    std::size_t size = 2;
};

class OctalDump {
public:
    explicit OctalDump(ShellCall& call) : call_(call) {}

    int run() {
        if (!call_.parse("abcdfhilovxsS:t:A:N:j:w::")) {
            return 1;
        }
        const std::string radix = call_.valueOr('A', "o");
        if (std::string_view("doxn").find(radix[0]) == std::string_view::npos || radix.empty()) {
            return call_.fail("bad output address radix '" + radix + "' (must be [doxn])");
        }
        radix_ = radix[0];
        std::array<std::uint64_t, 2> numbers{0, std::string::npos};
        for (std::size_t i = 0; i < 2; ++i) {
            const char letter = "jN"[i];
            if (call_.has(letter)) {
                const auto value = sizeOf(call_.value(letter));
                if (!value) {
                    return call_.fail("invalid number '" + call_.value(letter) + "'");
                }
                numbers[i] = *value;
            }
        }
        for (const auto& [letter, value] : call_.given()) {
            if (!take(letter, value)) {
                return 1;
            }
        }
        if (types_.empty()) {
            types_.push_back({});
        }
        std::size_t width = 16;
        if (call_.has('w')) {
            width = parseNumber<std::size_t>(call_.value('w').empty() ? "32" : call_.value('w')).value_or(16);
            width = std::clamp<std::size_t>(width, 1, kWidest);
        }
        int status = 0;
        std::string all = call_.readAll(call_.operands(), status, "-");
        if (all.empty() && status != 0) {
            return status;
        }
        if (numbers[0] > all.size()) {
            return call_.fail("can't skip past end of combined input");
        }
        all = all.substr(numbers[0], numbers[1]);
        show(all, numbers[0], width);
        return status;
    }

private:
    bool take(char letter, const std::string& value) {
        static constexpr std::string_view kOld = "abcdfhilosx";
        static constexpr OctalType kOldTypes[] = {{'a', 1}, {'o', 1}, {'c', 1}, {'u', 2}, {'f', 4}, {'x', 2},
                                                  {'d', 2}, {'d', 4}, {'o', 2}, {'d', 2}, {'x', 2}};
        if (const std::size_t old = kOld.find(letter); old != std::string_view::npos) {
            types_.push_back(kOldTypes[old]);
        }
        return letter != 't' || takeTypes(value);
    }

    bool takeTypes(const std::string& text) {
        for (std::size_t i = 0; i < text.size();) {
            OctalType type{text[i++], 1};
            if (std::string_view("acdfoux").find(type.kind) == std::string_view::npos) {
                call_.fail(std::string("invalid character '") + type.kind + "' in type string '" + text + "'");
                return false;
            }
            if (type.kind != 'a' && type.kind != 'c') {
                type.size = type.kind == 'f' ? 8 : 4;
                static constexpr std::string_view kLetters = "CSILFDL";
                static constexpr std::size_t kSizes[] = {1, 2, 4, 8, 4, 8, 8};
                const std::size_t known = i < text.size() ? kLetters.find(text[i]) : std::string_view::npos;
                const std::size_t end = std::min(text.find_first_not_of("0123456789", i), text.size());
                if (known != std::string_view::npos) {
                    type.size = kSizes[known];
                    ++i;
                } else if (end > i) {
                    type.size = parseNumber<std::size_t>(std::string_view(text).substr(i, end - i)).value_or(0);
                    i = end;
                }
                const bool real = type.kind == 'f';
                if (!((type.size == 4 || type.size == 8) || (!real && (type.size == 1 || type.size == 2)))) {
                    call_.fail("invalid type string '" + text + "'; " + std::to_string(type.size) + "-byte " +
                               (real ? "floating point" : "integral") + " type is not supported");
                    return false;
                }
            }
            types_.push_back(type);
        }
        return true;
    }

    std::string address(std::size_t at) const {
        return radix_ == 'n'   ? ""
               : radix_ == 'x' ? printed("%06zx", at)
               : radix_ == 'd' ? printed("%07zu", at)
                               : printed("%07zo", at);
    }

    static std::string named(char c) {
        static constexpr std::array<const char*, 33> kNames{
            "nul", "soh", "stx", "etx", "eot", "enq", "ack", "bel", "bs",  "ht",  "nl",
            "vt",  "ff",  "cr",  "so",  "si",  "dle", "dc1", "dc2", "dc3", "dc4", "nak",
            "syn", "etb", "can", "em",  "sub", "esc", "fs",  "gs",  "rs",  "us",  "sp"};
        const unsigned low = static_cast<unsigned char>(c) & 127U;
        return low < kNames.size() ? printed(" %3s", kNames[low])
               : low == 127        ? " del"
                                   : std::string("   ") + static_cast<char>(low);
    }
    static std::string escaped(char c) {
        static constexpr std::string_view kControls = "abtnvfr";
        const auto byte = static_cast<unsigned char>(c);
        return byte == 0                 ? "  \\0"
               : byte >= 7 && byte <= 13 ? std::string("  \\") + kControls[byte - 7U]
               : std::isprint(byte) != 0 ? std::string("   ") + c
                                         : printed(" %03o", static_cast<unsigned>(byte));
    }

    static std::string cell(const OctalType& type, std::string_view bytes) {
        if (type.kind == 'a') {
            return named(bytes[0]);
        }
        if (type.kind == 'c') {
            return escaped(bytes[0]);
        }
        std::uint64_t value = 0;
        for (std::size_t i = std::min(bytes.size(), type.size); i-- > 0;) {
            value = value << 8U | static_cast<unsigned char>(bytes[i]);
        }
        if (type.kind == 'f') {
            if (type.size == 4) {
                const auto narrow = static_cast<std::uint32_t>(value);
                float number = 0;
                std::memcpy(&number, &narrow, sizeof number);
                return printed(" %15.7e", static_cast<double>(number));
            }
            double number = 0;
            std::memcpy(&number, &value, sizeof number);
            return printed(" %23.15e", number);
        }
        if (type.kind == 'd') {
            const unsigned shift = 64 - 8 * static_cast<unsigned>(type.size);
            const auto number = static_cast<long long>(static_cast<std::int64_t>(value << shift) >> shift);
            return printed(" %*lld", type.size == 1 ? 4 : type.size == 2 ? 6 : type.size == 4 ? 11 : 20, number);
        }
        const auto number = static_cast<unsigned long long>(value);
        const int row = type.size == 1 ? 0 : type.size == 2 ? 1 : type.size == 4 ? 2 : 3;
        static constexpr std::array<int, 4> kOctal{3, 6, 11, 22};
        static constexpr std::array<int, 4> kUnsigned{3, 5, 10, 20};
        const auto at = static_cast<std::size_t>(row);
        return type.kind == 'x'   ? printed(" %0*llx", static_cast<int>(type.size) * 2, number)
               : type.kind == 'o' ? printed(" %0*llo", kOctal[at], number)
                                  : printed(" %*llu", kUnsigned[at], number);
    }

    void show(std::string_view all, std::size_t first, std::size_t width) {
        std::string output;
        std::string_view before;
        bool folded = false;
        for (std::size_t at = 0; at < all.size() && output.size() < ShellWork::kMostPiped; at += width) {
            const std::string_view row = all.substr(at, width);
            if (at > 0 && row == before && !call_.has('v')) {
                output += std::exchange(folded, true) ? "" : "*\n";
                continue;
            }
            before = row;
            folded = false;
            for (std::size_t i = 0; i < types_.size(); ++i) {
                const std::string shown = address(first + at);
                output += i == 0 ? shown : std::string(shown.size(), ' ');
                for (std::size_t byte = 0; byte < row.size(); byte += types_[i].size) {
                    output += cell(types_[i], row.substr(byte));
                }
                output += '\n';
            }
        }
        call_.out(output + (radix_ == 'n' ? "" : address(first + all.size()) + '\n'));
    }

    ShellCall& call_;
    char radix_ = 'o';
    std::vector<OctalType> types_ = {};
};

int octalDump(ShellCall& call) {
    return OctalDump(call).run();
}

int digitOf(char c) {
    const auto value = parseNumber<unsigned>(std::string_view(&c, 1), 16);
    return value ? static_cast<int>(*value) : -1;
}

/// xxd -r: what its own output says.
std::string fromDump(std::string_view text, bool plain) {
    std::string bytes;
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (!plain) {
            const std::size_t colon = line.find(':');
            line.remove_prefix(colon == std::string_view::npos ? line.size() : colon + 1);
            line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
            line = line.substr(0, line.find("  "));
        }
        int high = -1;
        for (const char c : line) {
            const int digit = digitOf(c);
            if (digit < 0) {
                if (c == ' ' || c == '\t') {
                    continue;
                }
                break;
            }
            if (high < 0) {
                high = digit;
            } else {
                bytes += static_cast<char>(high * 16 + digit);
                high = -1;
            }
        }
    }
    return bytes;
}

std::string asArray(std::string_view bytes, std::string name, std::size_t width) {
    const bool named = name != "-" && !name.empty();
    for (char& c : name) {
        c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
    }
    std::string text = named ? "unsigned char " + name + "[] = {\n" : "";
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        text += i % width == 0 ? "  " : " ";
        text += printed("0x%02x,", static_cast<unsigned>(static_cast<unsigned char>(bytes[i])));
        text += (i + 1) % width == 0 || i + 1 == bytes.size() ? "\n" : "";
    }
    return text + (named ? "};\nunsigned int " + name + "_len = " + std::to_string(bytes.size()) + ";\n" : "");
}

std::string asRows(std::string_view bytes, std::size_t first, std::size_t width, std::size_t group) {
    std::string text;
    const std::size_t groups = group == 0 ? 1 : (width + group - 1) / group;
    const std::size_t area = width * 2 + groups - 1;
    for (std::size_t at = 0; at < bytes.size(); at += width) {
        const std::string_view row = bytes.substr(at, width);
        std::string cells;
        for (std::size_t i = 0; i < row.size(); ++i) {
            cells += group != 0 && i > 0 && i % group == 0 ? " " : "";
            cells += printed("%02x", static_cast<unsigned>(static_cast<unsigned char>(row[i])));
        }
        cells.resize(std::max(cells.size(), area), ' ');
        std::string shown(row);
        std::ranges::replace_if(
            shown, [](unsigned char c) { return std::isprint(c) == 0; }, '.');
        text += printed("%08zx: ", first + at) + cells + "  " + shown + '\n';
    }
    return text;
}

int hexadecimalDump(ShellCall& call) {
    if (!call.parse("pric:g:l:n:s:o:")) {
        return 1;
    }
    std::map<char, std::uint64_t> numbers{{'c', 0}, {'g', 2}, {'l', std::string::npos}, {'s', 0}, {'o', 0}};
    for (const auto& [letter, value] : call.given()) {
        if (letter == 'p' || letter == 'r' || letter == 'i') {
            continue;
        }
        const auto number = sizeOf(value);
        if (!number) {
            return call.fail("invalid number '" + value + "'");
        }
        numbers[letter == 'n' ? 'l' : letter] = *number;
    }
    if (call.words.size() > 2) {
        return call.usage();
    }
    const std::string path = call.words.size() > 1 ? call.words[1] : "-";
    const ShellStreamPtr stream = call.open(path, call.has('r') ? "" : "-");
    if (!stream) {
        return 1;
    }
    std::string all = call.work().read(*stream, ShellWork::kMostPiped);
    if (call.has('r')) {
        call.out(fromDump(all, call.has('p')));
        return 0;
    }
    all = all.substr(std::min<std::uint64_t>(numbers['s'], all.size()), numbers['l']);
    const bool plain = call.has('p');
    std::size_t width = std::min<std::size_t>(numbers['c'], kWidest);
    width = width != 0 ? width : plain ? 30 : call.has('i') ? 12 : 16;
    if (call.has('i')) {
        call.out(asArray(all, path, width));
    } else if (!plain) {
        call.out(asRows(all, numbers['s'] + numbers['o'], width, numbers['g']));
    } else {
        std::string text;
        for (std::size_t i = 0; i < all.size(); ++i) {
            text += printed("%02x", static_cast<unsigned>(static_cast<unsigned char>(all[i])));
            text += (i + 1) % width == 0 || i + 1 == all.size() ? "\n" : "";
        }
        call.out(text);
    }
    return 0;
}

constexpr ShellApplet kApplets[] = {
    {"od", octalDump, "/usr/bin"},
    {"xxd", hexadecimalDump, "/usr/bin"},
};

}  // namespace

std::span<const ShellApplet> shellDumpApplets() {
    return kApplets;
}

}  // namespace apiary::agent
