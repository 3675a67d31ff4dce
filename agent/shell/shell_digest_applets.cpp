/// Applets that encode and count what they read: base64, the sums, strings.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_lines.hpp"
#include "agent/shell/shell_numbers.hpp"
#include "common/crypto/digest.hpp"

#include <cctype>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string encoded(std::string_view bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 3; ++j) {
            group = group << 8U | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
        }
        for (std::size_t j = 0; j < 4; ++j) {
            text += i + j > bytes.size() ? '=' : kAlphabet[group >> (18 - 6 * j) & 63U];
        }
    }
    return text;
}

/// As BusyBox decodes: letters of no meaning are skipped, an end in the middle of a group is an error.
std::string decoded(std::string_view text, bool& whole) {
    std::string bytes;
    std::uint32_t group = 0;
    std::size_t letters = 0;
    std::size_t padding = 0;
    for (const char c : text) {
        const std::size_t value = kAlphabet.find(c);
        if (value == std::string_view::npos && c != '=') {
            continue;
        }
        padding += c == '=' ? 1 : 0;
        group = group << 6U | static_cast<std::uint32_t>(c == '=' ? 0 : value);
        if (++letters == 4) {
            for (std::size_t j = 0; j + padding < 3; ++j) {
                bytes += static_cast<char>(group >> (16 - 8 * j) & 255U);
            }
            letters = 0;
            if (std::exchange(padding, 0) != 0) {
                return bytes;
            }
        }
    }
    whole = letters == 0;
    return bytes;
}

int base64(ShellCall& call) {
    if (!call.parse("dw:")) {
        return 1;
    }
    const auto width = parseNumber<std::size_t>(call.valueOr('w', "76"));
    if (!width) {
        return call.fail("invalid number '" + call.value('w') + "'");
    }
    if (call.words.size() > 2) {
        return call.usage();
    }
    const std::string path = call.words.size() > 1 ? call.words[1] : "-";
    const ShellStreamPtr stream = call.open(path, "-");
    if (!stream) {
        return 1;
    }
    const std::string all = readToTheEnd(call.work(), *stream);
    if (call.has('d')) {
        bool whole = true;
        call.out(decoded(all, whole));
        return whole ? 0 : call.fail("truncated input");
    }
    const std::string text = encoded(all);
    std::string lines;
    for (std::size_t at = 0; at < text.size(); at += *width) {
        lines += text.substr(at, *width == 0 ? text.size() : *width);
        if (*width == 0) {
            break;
        }
        lines += '\n';
    }
    call.out(lines);
    return 0;
}

int checkSums(ShellCall& call, const std::string& list) {
    std::string_view rest = list;
    std::size_t failed = 0;
    std::size_t checked = 0;
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        const std::size_t gap = std::min(line.find("  "), line.find(" *"));
        ++checked;
        if (gap == std::string_view::npos) {
            ++failed;
            continue;
        }
        const std::string path(line.substr(gap + 2));
        const ShellStreamPtr stream = call.open(path);
        const bool same =
            stream && digestText(call.name(), call.work().read(*stream, ShellFiles::kMostBytes)) == line.substr(0, gap);
        failed += same ? 0 : 1;
        if (!call.has('s')) {
            call.out(path + (same ? ": OK\n" : ": FAILED\n"));
        }
    }
    if (failed > 0 && !call.has('s')) {
        call.fail("WARNING: " + std::to_string(failed) + " of " + std::to_string(checked) +
                  " computed checksums did NOT match");
    }
    return failed > 0 ? 1 : 0;
}

int sum(ShellCall& call) {
    if (!call.parse(call.name() == "sha3sum" ? "scwba:" : "scwb")) {
        return 1;
    }
    if ((call.has('s') || call.has('w')) && !call.has('c')) {
        return call.usage();
    }
    int status = 0;
    for (const std::string& path : call.words.size() > 1 ? call.operands() : std::vector<std::string>{"-"}) {
        const ShellStreamPtr stream = call.open(path, call.has('c') ? "-" : "");
        if (!stream) {
            status = 1;
            continue;
        }
        const ShellNode* node = stream->kind == ShellStream::Kind::File ? call.files().find(stream->path) : nullptr;
        if (node != nullptr && stream->path != "" && node->kind == ShellNode::Kind::Directory) {
            status = call.fail("can't read '" + path + "': Is a directory");
            continue;
        }
        const std::string all = call.work().read(*stream, ShellFiles::kMostBytes);
        if (call.has('c')) {
            status |= checkSums(call, all);
        } else {
            call.out(digestText(call.name(), all) + "  " + path + '\n');
        }
    }
    return status;
}

int crc32(ShellCall& call) {
    int status = 0;
    const std::vector<std::string> paths = call.operands();
    for (const std::string& path : paths.empty() ? std::vector<std::string>{"-"} : paths) {
        const ShellStreamPtr stream = call.open(path);
        if (!stream) {
            status = 1;
            continue;
        }
        std::uint32_t remainder = ~0U;
        for (const char c : call.work().read(*stream, ShellFiles::kMostBytes)) {
            remainder ^= static_cast<unsigned char>(c);
            for (int bit = 0; bit < 8; ++bit) {
                remainder = remainder >> 1U ^ (0xedb88320U & (0U - (remainder & 1U)));
            }
        }
        call.out(printed("%08x", ~remainder) + (paths.empty() ? "" : ' ' + path) + '\n');
    }
    return status;
}

int strings(ShellCall& call) {
    if (!call.parse("fon:at:")) {
        return 1;
    }
    const auto least = parseNumber<std::uint32_t>(call.valueOr('n', "4"));
    const std::string radix = call.has('t') ? call.value('t') : call.has('o') ? "o" : "";
    if (!least) {
        return call.fail("invalid number '" + call.value('n') + "'");
    }
    if (*least == 0) {
        return call.fail("number 0 is not in 1..2147483647 range");
    }
    if (call.has('t') && radix != "o" && radix != "d" && radix != "x") {
        return call.usage();
    }
    int status = 0;
    for (const std::string& path : call.words.size() > 1 ? call.operands() : std::vector<std::string>{"-"}) {
        int failed = 0;
        const std::string all = call.readAll({path}, failed, "-");
        status |= failed;
        std::string run;
        for (std::size_t i = 0; i <= all.size(); ++i) {
            if (i < all.size() && (std::isprint(static_cast<unsigned char>(all[i])) != 0 || all[i] == '\t')) {
                run += all[i];
                continue;
            }
            const std::size_t begin = i - run.size();
            const std::string at = radix.empty() ? "" : printed(("%7z" + radix + ' ').c_str(), begin);
            if (run.size() >= *least && !call.out((call.has('f') ? path + ": " : "") + at + run + '\n')) {
                return status;
            }
            run.clear();
        }
    }
    return status;
}

constexpr ShellApplet kApplets[] = {
    {"base64", base64, "/usr/bin"}, {"crc32", crc32, "/usr/bin"},     {"md5sum", sum, "/usr/bin"},
    {"sha1sum", sum, "/usr/bin"},   {"sha256sum", sum, "/usr/bin"},   {"sha512sum", sum, "/usr/bin"},
    {"sha3sum", sum, "/usr/bin"},   {"strings", strings, "/usr/bin"},
};

}  // namespace

std::span<const ShellApplet> shellDigestApplets() {
    return kApplets;
}

}  // namespace apiary::agent
