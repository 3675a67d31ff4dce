#include "agent/shell/shell_state.hpp"

#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {

std::optional<std::uint16_t> modeOf(std::string_view text, unsigned mode, bool directory, unsigned mask) {
    if (!text.empty() && text.front() >= '0' && text.front() <= '7') {
        const auto value = parseNumber<unsigned>(text, 8);
        return value && *value <= 07777 ? std::optional(static_cast<std::uint16_t>(*value)) : std::nullopt;
    }
    while (!text.empty()) {
        unsigned who = 0;
        while (!text.empty() && std::string_view("ugoa").find(text.front()) != std::string_view::npos) {
            who |= text.front() == 'u' ? 04700U : text.front() == 'g' ? 02070U : text.front() == 'o' ? 00007U : 07777U;
            text.remove_prefix(1);
        }
        const unsigned effective = who == 0 ? 07777U & ~mask : who;
        if (text.empty() || std::string_view("+-=").find(text.front()) == std::string_view::npos) {
            return std::nullopt;
        }
        while (!text.empty() && std::string_view("+-=").find(text.front()) != std::string_view::npos) {
            const char operation = text.front();
            unsigned bits = 0;
            text.remove_prefix(1);
            if (!text.empty() && std::string_view("ugo").find(text.front()) != std::string_view::npos) {
                const unsigned copied = mode >> (text.front() == 'u' ? 6U : text.front() == 'g' ? 3U : 0U) & 7U;
                bits = copied | copied << 3U | copied << 6U;
                text.remove_prefix(1);
            }
            for (; !text.empty() && std::string_view("rwxXst").find(text.front()) != std::string_view::npos;
                 text.remove_prefix(1)) {
                const char c = text.front();
                bits |= c == 'r'   ? 0444U
                        : c == 'w' ? 0222U
                        : c == 'x' ? 0111U
                        : c == 's' ? 06000U
                        : c == 't' ? 01000U
                                   : (directory || (mode & 0111U) != 0 ? 0111U : 0U);
            }
            mode = operation == '+'   ? mode | (bits & effective)
                   : operation == '-' ? mode & ~(bits & effective)
                                      : (mode & ~effective) | (bits & effective);
        }
        if (!text.empty() && text.front() != ',') {
            return std::nullopt;
        }
        text.remove_prefix(text.empty() ? 0 : 1);
    }
    return static_cast<std::uint16_t>(mode);
}

ShellNode::Live readingOf(const ShellNode& device) {
    using Live = ShellNode::Live;
    constexpr unsigned kMemory = 1;
    constexpr unsigned kTerminals = 5;
    if (device.device != ShellNode::Device::Character) {
        return Live::Null;
    }
    if (device.major == kMemory) {
        return device.minor == 5 ? Live::Zero : device.minor == 8 || device.minor == 9 ? Live::Random : Live::Null;
    }
    return device.major == kTerminals && device.minor == 0 ? Live::Terminal : Live::Null;
}

std::string modeLetters(const ShellNode& node) {
    using Kind = ShellNode::Kind;
    std::string text(1, node.kind == Kind::Directory ? 'd'
                        : node.kind == Kind::Link    ? 'l'
                        : node.kind == Kind::Device  ? "cbp"[static_cast<std::size_t>(node.device)]
                                                     : '-');
    for (int bit = 8; bit >= 0; --bit) {
        text += (node.mode >> static_cast<unsigned>(bit) & 1U) != 0 ? "xwr"[bit % 3] : '-';
    }
    constexpr std::pair<unsigned, std::size_t> kSpecial[] = {{04000, 3}, {02000, 6}, {01000, 9}};
    for (const auto& [bit, at] : kSpecial) {
        if ((node.mode & bit) != 0) {
            const char sign = at == 9 ? 't' : 's';
            text[at] = text[at] == 'x' ? sign : static_cast<char>(sign - 0x20);
        }
    }
    return text;
}

bool onTmpfs(std::string_view path) {
    return path == "/tmp" || path.starts_with("/tmp/") || path == "/dev" || path.starts_with("/dev/");
}

std::uint64_t sizeOf(const ShellFiles& files, std::string_view path, const ShellNode& node) {
    if (node.kind != ShellNode::Kind::Directory) {
        return path.starts_with("/proc/") && node.kind == ShellNode::Kind::File ? 0 : node.size();
    }
    if (path.starts_with("/proc") || path.starts_with("/sys")) {
        return 0;
    }
    const std::uint64_t entries = files.entries(path).size();
    return onTmpfs(path) ? 40 + 20 * entries : 3 + 17 * entries;
}

std::uint64_t kilobytesOf(const ShellFiles& files, std::string_view path, const ShellNode& node) {
    const std::uint64_t size = node.kind == ShellNode::Kind::File ? sizeOf(files, path, node) : 0;
    return (size + 4095) / 4096 * 4;
}

std::size_t linksOf(const ShellFiles& files, std::string_view path, const ShellNode& node) {
    if (node.kind != ShellNode::Kind::Directory) {
        return 1;
    }
    return 2 + static_cast<std::size_t>(std::ranges::count_if(files.entries(path), [](const auto& entry) {
               return entry.second->kind == ShellNode::Kind::Directory;
           }));
}

std::optional<std::string> accountOf(const ShellFiles& files, std::string_view file, std::uint32_t id) {
    const ShellNode* node = files.find(file);
    std::string_view rest = node != nullptr ? node->text().substr(0, 8192) : std::string_view{};
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        const std::size_t first = std::min(line.find(':'), line.size());
        const std::size_t second = line.find(':', std::min(first + 1, line.size()));
        if (second != std::string_view::npos) {
            const std::string_view number = line.substr(second + 1);
            if (parseNumber<std::uint32_t>(number.substr(0, number.find(':'))) == id) {
                return std::string(line.substr(0, first));
            }
        }
    }
    return std::nullopt;
}

std::size_t inodeOf(std::string_view path) {
    std::size_t number = 5381;
    for (const char c : path) {
        number = (number * 33 + static_cast<unsigned char>(c)) % 60'000;
    }
    return number + 12;
}

}  // namespace apiary::agent
