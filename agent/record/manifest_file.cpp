#include "agent/record/manifest_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <vector>

namespace apiary::agent {
namespace {

constexpr std::string_view kNone = "#none ";
constexpr std::string_view kPiece = "#piece ";
constexpr std::string_view kSent = "#sent\n";
constexpr std::size_t kHexDigest = 64;

std::optional<std::string> bytesOfHex(std::string_view text) {
    std::string bytes;
    if (text.size() % 2 != 0) {
        return std::nullopt;
    }
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        unsigned value = 0;
        const char* begin = text.data() + i;
        const auto [end, error] = std::from_chars(begin, begin + 2, value, 16);
        if (error != std::errc{} || end != begin + 2) {
            return std::nullopt;
        }
        bytes += static_cast<char>(value);
    }
    return bytes;
}

std::optional<Sha256Digest> digestOfHex(std::string_view text) {
    const auto bytes = bytesOfHex(text);
    if (!bytes || bytes->size() != sizeof(Sha256Digest)) {
        return std::nullopt;
    }
    Sha256Digest digest{};
    std::ranges::transform(*bytes, digest.begin(), [](char c) { return static_cast<std::uint8_t>(c); });
    return digest;
}

template <typename Number>
std::optional<Number> numberOf(std::string_view text) {
    Number number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

std::string textOf(const ManifestEntry& entry) {
    return entry.path.empty() ? std::string(kNone) + hexText(entry.digest) + ' ' + entry.session.text() + '\n'
                              : hexText(entry.digest) + "  " + entry.path + '\n';
}

std::string textOf(const ManifestMark& mark) {
    const auto hexOrDash = [](const std::string& bytes) { return bytes.empty() ? std::string("-") : hexText(bytes); };
    return std::string(kPiece) + std::to_string(mark.first) + ' ' + std::to_string(mark.count) + ' ' +
           hexText(mark.chain) + ' ' + hexOrDash(mark.signature) + ' ' + hexOrDash(mark.certificate) + ' ' +
           std::to_string(mark.lane) + ' ' + std::to_string(mark.after) + '\n';
}

std::string textOf(const ManifestDone&) {
    return std::string(kSent);
}

std::optional<ManifestLine> markOf(std::string_view line) {
    std::vector<std::string_view> fields;
    for (std::size_t at = 0; at != std::string_view::npos;) {
        const std::size_t end = line.find(' ', at);
        fields.push_back(line.substr(at, end - at));
        at = end == std::string_view::npos ? end : end + 1;
    }
    if (fields.size() != 7) {
        return std::nullopt;
    }
    const auto bytes = [&](std::size_t i) { return fields[i] == "-" ? std::string() : bytesOfHex(fields[i]); };
    const auto first = numberOf<std::uint64_t>(fields[0]);
    const auto count = numberOf<std::uint64_t>(fields[1]);
    const auto chain = digestOfHex(fields[2]);
    const auto signature = bytes(3);
    const auto certificate = bytes(4);
    const auto lane = numberOf<std::uint32_t>(fields[5]);
    const auto after = numberOf<std::uint64_t>(fields[6]);
    if (!first || !count || !chain || !signature || !certificate || !lane || !after) {
        return std::nullopt;
    }
    return ManifestMark{.first = *first,
                        .count = *count,
                        .chain = *chain,
                        .signature = *signature,
                        .certificate = *certificate,
                        .lane = *lane,
                        .after = *after};
}

/// `line` is whole, and without its LF.
std::optional<ManifestLine> lineOf(std::string_view line) {
    if (line == kSent.substr(0, kSent.size() - 1) || line == kKept.substr(0, kKept.size() - 1)) {
        return ManifestDone{};
    }
    if (line.starts_with(kPiece)) {
        return markOf(line.substr(kPiece.size()));
    }
    const bool none = line.starts_with(kNone);
    line.remove_prefix(none ? kNone.size() : 0);
    const std::size_t gap = none ? 1 : 2;
    if (line.size() <= kHexDigest + gap) {
        return std::nullopt;
    }
    const auto digest = digestOfHex(line.substr(0, kHexDigest));
    const std::string_view rest = line.substr(kHexDigest + gap);
    const auto session = Uuid::parse(none ? rest : rest.substr(rest.rfind('_') + 1, 36));
    if (!digest || !session) {
        return std::nullopt;
    }
    return ManifestEntry{.session = *session, .digest = *digest, .path = none ? std::string() : std::string(rest)};
}

}  // namespace

std::string manifestText(const ManifestLine& line) {
    return std::visit([](const auto& one) { return textOf(one); }, line);
}

std::string dayName(std::chrono::sys_days day) {
    const std::chrono::year_month_day date(day);
    std::array<char, 32> text{};
    const int size = std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", static_cast<int>(date.year()),
                                   static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    return {text.data(), static_cast<std::size_t>(size)};
}

std::optional<std::chrono::sys_days> dayOfName(std::string_view name) {
    if (name.size() != 10 || name[4] != '-' || name[7] != '-') {
        return std::nullopt;
    }
    const auto year = numberOf<int>(name.substr(0, 4));
    const auto month = numberOf<unsigned>(name.substr(5, 2));
    const auto day = numberOf<unsigned>(name.substr(8, 2));
    if (!year || !month || !day) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(*month),
                                           std::chrono::day(*day)};
    return date.ok() ? std::optional(std::chrono::sys_days(date)) : std::nullopt;
}

std::chrono::sys_days dayOf(const Uuid& session) {
    return std::chrono::floor<std::chrono::days>(session.time());
}

ManifestReading readManifest(const std::string& path, const std::function<void(ManifestLine)>& take) {
    ManifestReading reading;
    std::ifstream file(path, std::ios::binary);
    reading.there = file.is_open();
    for (std::string line; std::getline(file, line);) {
        if (reading.torn) {
            reading.damaged = reading.damaged || line.starts_with(kPiece);
            continue;
        }
        auto read = file.eof() ? std::nullopt : lineOf(line);  // the last line without LF is not whole
        if (!read) {
            reading.torn = true;
            continue;
        }
        reading.sound += line.size() + 1;
        take(*std::move(read));
    }
    return reading;
}

}  // namespace apiary::agent
