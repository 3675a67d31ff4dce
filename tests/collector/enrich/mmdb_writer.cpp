#include "tests/collector/enrich/mmdb_writer.hpp"

#include "collector/enrich/known_rules.hpp"
#include "common/net/address.hpp"

#include <cstddef>
#include <stdexcept>

namespace apiary::test {
namespace {

enum Type : std::uint8_t { Text = 2, Uint16 = 5, Uint32 = 6, Map = 7, Uint64 = 9, Array = 11 };

// A field's control byte, and what follows it for types and sizes that do not fit there.
void appendControl(std::string& out, Type type, std::size_t size) {
    const bool wide = size >= 29;
    const std::size_t first = (type < 8 ? static_cast<std::size_t>(type) << 5U : 0U) | (wide ? 29U : size);
    out.push_back(static_cast<char>(first));
    if (type >= 8) {
        out.push_back(static_cast<char>(type - 7));
    }
    if (wide) {
        out.push_back(static_cast<char>(size - 29));  // 284 at most
    }
}

void appendNumber(std::string& out, Type type, std::uint64_t number, std::size_t width) {
    appendControl(out, type, width);
    for (std::size_t i = width; i-- > 0;) {
        out.push_back(static_cast<char>(number >> (8 * i)));
    }
}

void appendText(std::string& out, const std::string& text) {
    appendControl(out, Text, text.size());
    out += text;
}

void appendValue(std::string& out, const MmdbValue& value);

void appendMap(std::string& out, const MmdbValue::Map& map) {
    appendControl(out, Map, map.size());
    for (const auto& [key, value] : map) {
        appendText(out, key);
        appendValue(out, value);
    }
}

void appendValue(std::string& out, const MmdbValue& value) {
    if (const auto* text = std::get_if<std::string>(&value.value)) {
        appendText(out, *text);
    } else if (const auto* number = std::get_if<std::uint32_t>(&value.value)) {
        appendNumber(out, Uint32, *number, 4);
    } else {
        appendMap(out, std::get<MmdbValue::Map>(value.value));
    }
}

}  // namespace

MmdbWriter& MmdbWriter::add(const std::string& network, const MmdbValue::Map& record) {
    const auto parsed = collector::parseNetwork(network);
    if (!parsed) {
        throw std::invalid_argument(parsed.error());
    }
    auto address = parsed->first;
    if (Endpoint{address, 0}.v4()) {
        address[10] = address[11] = 0;  // ::ffff:0:0/96 of ours is ::/96 there
    }
    const auto value = kData | static_cast<std::uint32_t>(data_.size());
    appendMap(data_, record);
    std::size_t node = 0;
    for (int bit = 0; bit < parsed->prefix; ++bit) {
        const auto at = static_cast<std::size_t>(bit);
        const std::size_t side = (address[at / 8] >> (7 - at % 8)) & 1U;
        if (bit + 1 == parsed->prefix) {
            nodes_[node][side] = value;
            break;
        }
        const std::uint32_t next = nodes_[node][side];
        if ((next & kData) != 0) {  // nothing, or a wider network: both halves of the new node have it
            nodes_[node][side] = static_cast<std::uint32_t>(nodes_.size());
            nodes_.push_back({next, next});
        }
        node = nodes_[node][side];
    }
    return *this;
}

MmdbWriter& MmdbWriter::country(const std::string& network, const std::string& code) {
    return add(network, {{"country", {MmdbValue::Map{{"iso_code", {code}}}}}});
}

MmdbWriter& MmdbWriter::system(const std::string& network, std::uint32_t number, const std::string& name) {
    return add(network, {{"autonomous_system_number", {number}}, {"autonomous_system_organization", {name}}});
}

std::string MmdbWriter::bytes() const {
    constexpr std::size_t kSeparator = 16;
    std::string out;
    for (const Node& node : nodes_) {
        for (const std::uint32_t side : node) {
            const std::size_t record = side == kNothing      ? nodes_.size()
                                       : (side & kData) != 0 ? nodes_.size() + kSeparator + (side & ~kData)
                                                             : side;
            for (const unsigned shift : {16U, 8U, 0U}) {
                out.push_back(static_cast<char>(record >> shift));
            }
        }
    }
    out += std::string(kSeparator, '\0') + data_ + "\xab\xcd\xefMaxMind.com";
    appendControl(out, Map, 9);
    appendText(out, "binary_format_major_version");
    appendNumber(out, Uint16, 2, 2);
    appendText(out, "binary_format_minor_version");
    appendNumber(out, Uint16, 0, 2);
    appendText(out, "build_epoch");
    appendNumber(out, Uint64, built_, 8);
    appendText(out, "database_type");
    appendText(out, type_);
    appendText(out, "description");
    appendControl(out, Map, 0);
    appendText(out, "ip_version");
    appendNumber(out, Uint16, 6, 2);
    appendText(out, "languages");
    appendControl(out, Array, 0);
    appendText(out, "node_count");
    appendNumber(out, Uint32, nodes_.size(), 4);
    appendText(out, "record_size");
    appendNumber(out, Uint16, 24, 2);
    return out;
}

}  // namespace apiary::test
