#include "agent/spool/aside.hpp"

#include "agent/spool/checksum.hpp"
#include "agent/spool/spool_file.hpp"

#include <cstdint>
#include <cstring>

namespace apiary::agent {
namespace {

// checksum, then per record: kind, time, size of the body, body. Numbers as the machine has them: a spool stays on it.
template <typename Number>
void put(std::string& text, Number number) {
    text.append(reinterpret_cast<const char*>(&number), sizeof number);
}

template <typename Number>
bool take(std::string_view& text, Number& number) {
    if (text.size() < sizeof number) {
        return false;
    }
    std::memcpy(&number, text.data(), sizeof number);
    text.remove_prefix(sizeof number);
    return true;
}

}  // namespace

std::string packedAside(std::span<const NewRecord> records) {
    std::string text;
    for (const NewRecord& record : records) {
        put(text, static_cast<std::uint8_t>(record.kind));
        put(text, microsOf(record.at));
        put(text, static_cast<std::uint32_t>(record.body.size()));
        text += record.body;
    }
    std::string whole;
    put(whole, crc32c(text));
    return whole + text;
}

std::vector<NewRecord> unpackedAside(std::string_view text) {
    std::uint32_t crc = 0;
    if (!take(text, crc) || crc != crc32c(text)) {
        return {};
    }
    std::vector<NewRecord> records;
    std::uint8_t kind = 0;
    std::int64_t at = 0;
    std::uint32_t size = 0;
    while (take(text, kind) && take(text, at) && take(text, size) && size <= text.size()) {
        records.push_back({.lane = 0,
                           .session = {},
                           .kind = static_cast<RecordKind>(kind),
                           .at = timeOf(at),
                           .body = std::string(text.substr(0, size))});
        text.remove_prefix(size);
    }
    return records;
}

}  // namespace apiary::agent
