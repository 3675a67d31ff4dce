#include "collector/store/copy_rows.hpp"

#include <algorithm>
#include <concepts>
#include <limits>
#include <utility>

namespace apiary::collector {
namespace {

constexpr Moment kPostgresEpoch{std::chrono::sys_days{std::chrono::year{2000} / 1 / 1}};
constexpr std::int32_t kTextOid = 25;
constexpr std::size_t kPiece = 16384;  // what the server has to do while the next one is encoded
constexpr char kFamilyV4 = 2;
constexpr char kFamilyV6 = 3;

template <std::integral T>
void appendBigEndian(std::string& out, T value) {
    const auto bits = static_cast<std::uint64_t>(value);
    for (std::size_t i = sizeof(T); i-- > 0;) {
        out.push_back(static_cast<char>(bits >> (8 * i)));
    }
}

template <std::integral T>
void appendNumber(std::string& out, T value) {
    appendBigEndian(out, static_cast<std::int32_t>(sizeof(T)));
    appendBigEndian(out, value);
}

void appendRaw(std::string& out, std::string_view bytes) {
    assert(bytes.size() <= static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()));
    appendBigEndian(out, static_cast<std::int32_t>(bytes.size()));
    out.append(bytes);
}

}  // namespace

void appendField(std::string& out, bool value) {
    appendBigEndian(out, std::int32_t{1});
    out.push_back(value ? '\1' : '\0');
}

void appendField(std::string& out, std::int16_t value) {
    appendNumber(out, value);
}
void appendField(std::string& out, std::int32_t value) {
    appendNumber(out, value);
}
void appendField(std::string& out, std::int64_t value) {
    appendNumber(out, value);
}
void appendField(std::string& out, std::string_view text) {
    appendRaw(out, text);
}
void appendField(std::string& out, Bytes value) {
    appendRaw(out, value.bytes);
}
void appendField(std::string& out, const Uuid& value) {
    appendRaw(out, value.view());
}
void appendField(std::string& out, Null) {
    appendBigEndian(out, std::int32_t{-1});
}

void appendField(std::string& out, Moment value) {
    appendNumber(out, static_cast<std::int64_t>((value - kPostgresEpoch).count()));
}

void appendField(std::string& out, Inet value) {
    const auto put = [&](char family, char bits, std::span<const std::uint8_t> address) {
        appendBigEndian(out, static_cast<std::int32_t>(4 + address.size()));
        out.append({family, bits, '\0', static_cast<char>(address.size())});
        for (const std::uint8_t byte : address) {
            out.push_back(static_cast<char>(byte));
        }
    };
    if (const auto v4 = value.address.v4()) {
        put(kFamilyV4, '\x20', *v4);
    } else {
        put(kFamilyV6, static_cast<char>(128), value.address.address);
    }
}

void appendField(std::string& out, TextArray value) {
    std::string array;
    appendBigEndian(array, std::int32_t{value.elements.empty() ? 0 : 1});  // dimensions
    appendBigEndian(array, std::int32_t{0});                               // no element is null
    appendBigEndian(array, kTextOid);
    if (!value.elements.empty()) {
        appendBigEndian(array, static_cast<std::int32_t>(value.elements.size()));
        appendBigEndian(array, std::int32_t{1});  // lower bound
    }
    for (const std::string& element : value.elements) {
        appendRaw(array, element);
    }
    appendRaw(out, array);
}

CopyRows::CopyRows(std::string target, std::size_t count, Encode encode)
    : target_(std::move(target)),
      columns_(static_cast<std::size_t>(std::ranges::count(target_, ',')) + 1),
      count_(count),
      encode_(std::move(encode)) {}

std::string_view CopyRows::next() {
    piece_.clear();
    while (encoded_ < count_ && piece_.size() < kPiece) {
        encode_(*this, encoded_++);
    }
    return piece_;
}

void CopyRows::startRow(std::int16_t fields) {
    appendBigEndian(piece_, fields);
}

}  // namespace apiary::collector
