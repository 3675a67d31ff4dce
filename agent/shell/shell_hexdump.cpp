/// hexdump: its format strings, of which its options are some.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostBlock = 4096;
constexpr std::size_t kMostRepeats = 1024;
constexpr std::size_t kPieceCost = 8;  // of showing one, besides its bytes

/// Text, one conversion, or both in the order text, conversion.
struct DumpPiece {
    std::string text = {};
    std::string flags = {};  // "%-5"
    std::string kind = {};   // "x", "_c", "_ad"; empty: text alone
    bool isAddress() const { return kind.starts_with("_a") || kind.starts_with("_A"); }
};

struct DumpUnit {
    std::size_t repeats = 1;
    bool fixed = false;     // repeats were given
    std::size_t bytes = 0;  // of one conversion; 0: as the conversion has it
    std::vector<DumpPiece> pieces = {};

    std::size_t bytesOf(const DumpPiece& piece) const {
        if (piece.kind.empty() || piece.isAddress()) {
            return 0;
        }
        if (bytes != 0) {
            return bytes;
        }
        const char last = piece.kind.back();
        return piece.kind.front() == '_' || last == 'c' || last == 's' ? 1
               : last == 'e' || last == 'f' || last == 'g'             ? 8
                                                                       : 4;
    }
    std::size_t once() const {
        std::size_t sum = 0;
        for (const DumpPiece& piece : pieces) {
            sum += bytesOf(piece);
        }
        return sum;
    }
};

struct DumpFormat {
    std::vector<DumpUnit> units = {};

    std::size_t bytes() const {
        std::size_t sum = 0;
        for (const DumpUnit& unit : units) {
            sum += unit.once() * unit.repeats;
        }
        return sum;
    }
};

/// Throws std::invalid_argument.
class DumpParser {
public:
    explicit DumpParser(std::string_view text) : whole_(text), rest_(text) {}

    DumpFormat all() {
        DumpFormat format;
        for (skipBlanks(); !rest_.empty(); skipBlanks()) {
            DumpUnit unit;
            if (const auto repeats = number()) {
                unit.repeats = std::min(*repeats, kMostRepeats);
                unit.fixed = true;
                skipBlanks();
            }
            if (rest_.starts_with('/')) {
                rest_.remove_prefix(1);
                skipBlanks();
                const auto bytes = number();
                unit.bytes = bytes && (*bytes == 1 || *bytes == 2 || *bytes == 4 || *bytes == 8) ? *bytes : bad();
                skipBlanks();
            }
            if (!rest_.starts_with('"')) {
                bad();
            }
            const std::size_t end = rest_.find('"', 1);
            if (end == std::string_view::npos) {
                bad();
            }
            pieces(unescaped(rest_.substr(1, end - 1)), unit);
            rest_.remove_prefix(end + 1);
            format.units.push_back(std::move(unit));
        }
        return format;
    }

private:
    std::size_t bad() const { throw std::invalid_argument("bad format {" + std::string(whole_) + '}'); }

    void skipBlanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n"), rest_.size())); }

    std::optional<std::size_t> number() {
        const std::size_t end = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
        const auto value = parseNumber<std::uint16_t>(rest_.substr(0, end));
        rest_.remove_prefix(end);
        return value ? std::optional<std::size_t>(*value) : std::nullopt;
    }

    static std::string unescaped(std::string_view text) {
        static constexpr std::string_view kFrom = "abfnrtv";
        static constexpr std::string_view kTo = "\a\b\f\n\r\t\v";
        std::string made;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const std::size_t known =
                text[i] == '\\' && i + 1 < text.size() ? kFrom.find(text[i + 1]) : std::string_view::npos;
            if (known != std::string_view::npos) {
                made += kTo[known];
                ++i;
            } else {
                made += text[i];
            }
        }
        return made;
    }

    static void pieces(const std::string& text, DumpUnit& unit) {
        DumpPiece piece;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] != '%') {
                piece.text += text[i];
                continue;
            }
            std::size_t end = std::min(text.find_first_not_of("0123456789.-+# ", i + 1), text.size());
            piece.flags = boundedConversion(text.substr(i, std::min<std::size_t>(end - i, 8)));
            if (end == text.size()) {
                throw std::invalid_argument("bad format {%" + std::string(text.substr(i + 1)) + '}');
            }
            std::size_t size = 1;
            if (text[end] == '_') {
                size = end + 1 < text.size() && (text[end + 1] == 'a' || text[end + 1] == 'A') ? 3 : 2;
            }
            piece.kind = text.substr(end, size);
            static constexpr std::string_view kKinds[] = {"c",   "d",   "i",   "o",   "u",   "x",  "X",  "e",
                                                          "E",   "f",   "g",   "G",   "s",   "_c", "_p", "_u",
                                                          "_ad", "_ao", "_ax", "_Ad", "_Ao", "_Ax"};
            if (std::ranges::find(kKinds, piece.kind) == std::end(kKinds)) {
                throw std::invalid_argument("bad conversion character %" + piece.kind);
            }
            unit.pieces.push_back(std::exchange(piece, {}));
            i = end + size - 1;
        }
        if (!piece.text.empty() || unit.pieces.empty()) {
            unit.pieces.push_back(piece);
        }
    }

    std::string_view whole_;
    std::string_view rest_;
};

class HexDump {
public:
    HexDump(ShellWork& work, std::vector<DumpFormat> formats) : work_(work), formats_(std::move(formats)) {
        for (const DumpFormat& format : formats_) {
            block_ = std::max(block_, format.bytes());
        }
        block_ = std::clamp<std::size_t>(block_, 1, kMostBlock);
        for (DumpFormat& format : formats_) {
            DumpUnit* last = format.units.empty() ? nullptr : &format.units.back();
            if (last != nullptr && !last->fixed && last->once() > 0 && format.bytes() < block_) {
                last->repeats += (block_ - format.bytes()) / last->once();
            }
        }
    }

    std::string shown(std::string_view all, std::size_t first, bool everything) {
        std::string_view before;
        bool folded = false;
        end_ = first + all.size();
        for (std::size_t at = 0; at < all.size() && goesOn(); at += block_) {
            const std::string_view block = all.substr(at, block_);
            if (!everything && at > 0 && block == before) {
                output_ += std::exchange(folded, true) ? "" : "*\n";
                continue;
            }
            folded = false;
            before = block;
            for (const DumpFormat& format : formats_) {
                if (!goesOn()) {
                    break;
                }
                row(format, block, first + at);
            }
        }
        for (const DumpFormat& format : formats_) {
            footer(format);
        }
        return std::move(output_);
    }

private:
    /// Pays for one row or piece. False once there is enough.
    bool goesOn() { return output_.size() < ShellWork::kMostPiped && work_.move(kPieceCost); }

    void row(const DumpFormat& format, std::string_view block, std::size_t address) {
        std::size_t at = 0;
        for (const DumpUnit& unit : format.units) {
            if (!goesOn()) {
                return;
            }
            const bool atEnd = unit.pieces[0].kind.starts_with("_A");
            for (std::size_t i = 0; i < unit.repeats && !atEnd; ++i) {
                const std::size_t last = unit.pieces.size() - 1;
                for (std::size_t p = 0; p < unit.pieces.size(); ++p) {
                    const DumpPiece& piece = unit.pieces[p];
                    if (!goesOn()) {
                        return;
                    }
                    if (piece.kind.starts_with("_A")) {
                        continue;
                    }
                    const bool trims = piece.kind.empty() && p == last && unit.repeats > 1 && i + 1 == unit.repeats;
                    std::string text = piece.text;
                    if (trims && !text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) {
                        text.erase(std::min(text.find_last_not_of(" \t\n") + 1, text.size()));
                    }
                    output_ += text;
                    if (piece.kind.starts_with("_a")) {
                        output_ += printed((piece.flags + "ll" + piece.kind.back()).c_str(),
                                           static_cast<unsigned long long>(address + at));
                    } else if (!piece.kind.empty()) {
                        const std::size_t bytes = unit.bytesOf(piece);
                        output_ += at < block.size() ? cell(piece, block.substr(at, bytes), bytes) : padding(piece);
                        at += bytes;
                    }
                }
            }
        }
    }
    void footer(const DumpFormat& format) {
        for (const DumpUnit& unit : format.units) {
            bool any = false;
            for (const DumpPiece& piece : unit.pieces) {
                if (!goesOn()) {
                    return;
                }
                any |= piece.kind.starts_with("_A");
                if (piece.kind.starts_with("_A") && end_ > 0) {
                    output_ += piece.text + printed((piece.flags + "ll" + piece.kind.back()).c_str(),
                                                    static_cast<unsigned long long>(end_));
                } else if (any && end_ > 0) {
                    output_ += piece.text;
                }
            }
        }
    }

    /// As wide as a value would be, where there is none.
    static std::string padding(const DumpPiece& piece) {
        std::string width;
        for (const char c : std::string_view(piece.flags).substr(1)) {
            if (c == '.') {
                break;
            }
            width += std::isdigit(static_cast<unsigned char>(c)) != 0 && !(width.empty() && c == '0')
                         ? std::string(1, c)
                         : "";
        }
        return std::string(parseNumber<std::size_t>(width).value_or(0) % kMostRepeats, ' ');
    }

    static std::string escaped(char c) {
        static constexpr std::string_view kControls = "abtnvfr";
        const auto byte = static_cast<unsigned char>(c);
        return byte == 0                 ? "\\0"
               : byte >= 7 && byte <= 13 ? std::string("\\") + kControls[byte - 7U]
               : std::isprint(byte) != 0 ? std::string(1, c)
                                         : printed("%03o", static_cast<unsigned>(byte));
    }

    static std::string cell(const DumpPiece& piece, std::string_view bytes, std::size_t size) {
        std::uint64_t value = 0;
        for (std::size_t i = std::min(bytes.size(), size); i-- > 0;) {
            value = value << 8U | static_cast<unsigned char>(bytes[i]);
        }
        const char c = bytes.empty() ? '\0' : bytes.front();
        if (piece.kind == "_c") {
            return printed((piece.flags + 's').c_str(), escaped(c).c_str());
        }
        if (piece.kind == "_p" || piece.kind == "_u" || piece.kind == "c") {
            const bool plain = piece.kind == "c" || std::isprint(static_cast<unsigned char>(c)) != 0;
            return printed((piece.flags + 'c').c_str(), plain ? c : '.');
        }
        if (piece.kind == "s") {
            return printed((piece.flags + 's').c_str(), std::string(bytes).c_str());
        }
        if (std::string_view("eEfgG").find(piece.kind) != std::string_view::npos) {
            double number = 0;
            if (size == 4) {
                const auto narrow = static_cast<std::uint32_t>(value);
                float single = 0;
                std::memcpy(&single, &narrow, sizeof single);
                number = static_cast<double>(single);
            } else {
                std::memcpy(&number, &value, sizeof number);
            }
            return printed((piece.flags + piece.kind).c_str(), number);
        }
        if (piece.kind == "d" || piece.kind == "i") {
            const unsigned shift = 64 - 8 * static_cast<unsigned>(size);
            return printed((piece.flags + "lld").c_str(),
                           static_cast<long long>(static_cast<std::int64_t>(value << shift) >> shift));
        }
        return printed((piece.flags + "ll" + piece.kind).c_str(), static_cast<unsigned long long>(value));
    }

    ShellWork& work_;
    std::vector<DumpFormat> formats_;
    std::size_t block_ = 0;
    std::size_t end_ = 0;
    std::string output_ = {};
};

int hexDump(ShellCall& call) {
    if (!call.parse("bcdoxCe:f:n:s:v")) {
        return 1;
    }
    static constexpr std::pair<char, std::string_view> kOptions[] = {
        {'b', R"("%07.7_Ax\n" "%07.7_ax " 16/1 "%03o " "\n")"},
        {'c', R"("%07.7_Ax\n" "%07.7_ax " 16/1 "%3_c " "\n")"},
        {'d', R"("%07.7_Ax\n" "%07.7_ax " 8/2 "  %05u " "\n")"},
        {'o', R"("%07.7_Ax\n" "%07.7_ax " 8/2 " %06o " "\n")"},
        {'x', R"("%07.7_Ax\n" "%07.7_ax " 8/2 "   %04x " "\n")"},
        {'C', R"("%08.8_Ax\n" "%08.8_ax  " 8/1 "%02x " "  " 8/1 "%02x " "  |" )"}};
    std::vector<DumpFormat> formats;
    bool footer = false;
    const auto add = [&](std::string_view text) {
        DumpFormat format = DumpParser(text).all();
        if (std::exchange(footer, true)) {  // only the first says the end
            std::erase_if(format.units, [](const DumpUnit& unit) { return unit.pieces[0].kind.starts_with("_A"); });
        }
        formats.push_back(std::move(format));
    };
    std::uint64_t skipped = 0;
    std::uint64_t most = std::string::npos;
    try {
        for (const auto& [letter, value] : call.given()) {
            const auto* known = std::ranges::find(kOptions, letter, &std::pair<char, std::string_view>::first);
            if (known != std::end(kOptions)) {
                add(known->second);
                if (letter == 'C') {
                    formats.push_back(DumpParser(R"(16/1 "%_p" "|\n")").all());
                }
            } else if (letter == 'e') {
                formats.push_back(DumpParser(value).all());
            } else if (letter == 'f') {
                const ShellStreamPtr stream = call.open(value);
                if (!stream) {
                    return 1;
                }
                formats.push_back(DumpParser(call.work().read(*stream, kMostBlock)).all());
            } else if (letter == 'n' || letter == 's') {
                const auto number =
                    value.starts_with("0x") ? parseNumber<std::uint64_t>(value.substr(2), 16) : parseSize(value);
                if (!number) {
                    return call.fail("invalid number '" + value + "'");
                }
                (letter == 'n' ? most : skipped) = *number;
            }
        }
        if (formats.empty()) {
            add(R"("%07.7_Ax\n" "%07.7_ax " 8/2 "%04x " "\n")");
        }
    } catch (const std::invalid_argument& wrong) {
        return call.fail(wrong.what());
    }
    const std::vector<std::string> paths = call.operands();
    if (skipped > 0 && paths.empty() && call.input()->kind != ShellStream::Kind::File) {
        return call.fail("stdin: Illegal seek");
    }
    int status = 0;
    const std::string all = call.readAll(paths, status, "-");
    if (all.empty() && status != 0) {
        return status;
    }
    skipped = std::min<std::uint64_t>(skipped, all.size());
    call.out(HexDump(call.work(), std::move(formats))
                 .shown(std::string_view(all).substr(skipped, most), skipped, call.has('v')));
    return status;
}

constexpr ShellApplet kApplets[] = {
    {"hexdump", hexDump, "/usr/bin"},
};

}  // namespace

std::span<const ShellApplet> shellHexdumpApplets() {
    return kApplets;
}

}  // namespace apiary::agent
