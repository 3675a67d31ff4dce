#include "agent/shell/shell_tar_format.hpp"

#include "agent/shell/shell_numbers.hpp"
#include "agent/shell/shell_state.hpp"

#include <algorithm>

namespace apiary::agent {
namespace {

using Kind = ShellNode::Kind;

std::string field(std::string_view text, std::size_t size) {
    std::string made(text.substr(0, size));
    made.resize(size, '\0');
    return made;
}

std::string octalField(std::uint64_t number, std::size_t size) {
    return field(printed("%0*llo", static_cast<int>(size) - 1, static_cast<unsigned long long>(number)), size);
}

std::uint64_t sumOf(std::string_view head) {
    std::uint64_t sum = 8 * ' ';
    for (std::size_t i = 0; i < head.size(); ++i) {
        sum += i >= 148 && i < 156 ? 0U : static_cast<unsigned char>(head[i]);
    }
    return sum;
}

}  // namespace

ShellNode TarMember::node() const {
    ShellNode made;
    made.kind = kind == '5' ? Kind::Directory : kind == '2' ? Kind::Link : Kind::File;
    made.mode = static_cast<std::uint16_t>(mode & 07777U);
    return made;
}

std::string tarHead(const ShellFiles& files, const std::string& name, const ShellNode& node) {
    const std::uint64_t size = node.kind == Kind::File ? node.size() : 0;
    std::string head = field(name, kTarLongestName) + octalField(node.mode, 8) + octalField(node.owner, 8) +
                       octalField(node.group(), 8) + octalField(size, 12) +
                       octalField(static_cast<std::uint64_t>(std::max<std::int64_t>(node.modified, 0)), 12) +
                       std::string(8, ' ');
    head += node.kind == Kind::Directory ? '5' : node.kind == Kind::Link ? '2' : '0';
    head += field(node.kind == Kind::Link ? node.text() : std::string_view{}, kTarLongestName);
    head += std::string("ustar  ") + '\0' + field(accountOf(files, "/etc/passwd", node.owner).value_or(""), 32) +
            field(accountOf(files, "/etc/group", node.group()).value_or(""), 32);
    head.resize(kTarBlock, '\0');
    head.replace(148, 8, printed("%06llo", static_cast<unsigned long long>(sumOf(head))) + std::string("\0 ", 2));
    return head;
}

bool readTarHead(std::string_view& archive, TarMember& member, std::string_view& error) {
    std::size_t empty = 0;
    while (archive.size() >= kTarBlock &&
           archive.substr(0, kTarBlock).find_first_not_of('\0') == std::string_view::npos) {
        archive.remove_prefix(kTarBlock);
        if (++empty == 2) {
            return false;
        }
    }
    if (archive.size() < kTarBlock) {
        error = "short read";
        return false;
    }
    const std::string_view head = archive.substr(0, kTarBlock);
    const auto text = [&](std::size_t at, std::size_t size) {
        const std::string_view found = head.substr(at, size);
        return std::string(found.substr(0, found.find('\0')));
    };
    const auto number = [&](std::size_t at, std::size_t size) {
        std::string digits = text(at, size);
        digits.erase(0, digits.find_first_not_of(' ') == std::string::npos ? 0 : digits.find_first_not_of(' '));
        digits.resize(std::min(digits.find_first_not_of("01234567"), digits.size()));
        return parseNumber<std::uint64_t>(digits, 8).value_or(0);
    };
    if (head.substr(257, 5) != "ustar") {
        error = "invalid tar magic";
        return false;
    }
    if (number(148, 8) != sumOf(head)) {
        error = "invalid tar header checksum";
        return false;
    }
    member = {text(0, kTarLongestName),
              text(157, kTarLongestName),
              text(265, 32),
              text(297, 32),
              number(100, 8),
              number(124, 12),
              number(136, 12),
              head[156]};
    archive.remove_prefix(kTarBlock);
    return true;
}

}  // namespace apiary::agent
