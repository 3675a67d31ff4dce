/// The other direction of shell_bzip2.cpp.

#include "agent/shell/shell_bzip2.hpp"
#include "agent/shell/shell_bzip2_format.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

namespace apiary::agent {
namespace {

using Table = std::array<std::uint32_t, 256>;

const Table& sums() {
    static const Table table = [] {
        Table made{};
        for (std::uint32_t i = 0; i < made.size(); ++i) {
            std::uint32_t value = i << 24U;
            for (int bit = 0; bit < 8; ++bit) {
                value = value << 1U ^ (value >> 31U != 0 ? 0x04c11db7U : 0U);
            }
            made[i] = value;
        }
        return made;
    }();
    return table;
}

}  // namespace

std::uint32_t bzipSum(std::string_view bytes) {
    std::uint32_t sum = ~0U;
    for (const char c : bytes) {
        sum = sum << 8U ^ sums()[sum >> 24U ^ static_cast<unsigned char>(c)];
    }
    return ~sum;
}

namespace {

class BitReader {
public:
    explicit BitReader(std::string_view bytes) : bytes_(bytes) {}

    /// Zeros behind the end, which over() tells of.
    std::uint64_t get(unsigned bits) {
        std::uint64_t value = 0;
        for (; bits > 0; --bits, ++at_) {
            const std::size_t byte = at_ / 8;
            const unsigned bit =
                byte < bytes_.size() ? static_cast<unsigned char>(bytes_[byte]) >> (7 - at_ % 8) & 1U : 0U;
            value = value << 1U | bit;
        }
        return value;
    }
    bool over() const { return at_ > bytes_.size() * 8; }
    std::string_view rest() const { return bytes_.substr(std::min((at_ + 7) / 8, bytes_.size())); }

private:
    std::string_view bytes_;
    std::size_t at_ = 0;
};

/// The table of one code: symbols in the order of their codes, and for each length where it begins.
struct Decoder {
    std::vector<std::uint16_t> symbols;
    std::array<std::uint32_t, kBzipLongestCode + 2> first{};
    std::array<std::uint32_t, kBzipLongestCode + 2> count{};

    explicit Decoder(const std::vector<unsigned>& lengths) {
        for (unsigned length = 1; length <= kBzipLongestCode; ++length) {
            for (std::size_t i = 0; i < lengths.size(); ++i) {
                if (lengths[i] == length) {
                    symbols.push_back(static_cast<std::uint16_t>(i));
                    ++count[length];
                }
            }
        }
    }

    std::optional<std::uint16_t> read(BitReader& reader) const {
        std::uint32_t code = 0;
        std::uint32_t begin = 0;
        std::size_t at = 0;
        for (unsigned length = 1; length <= kBzipLongestCode; ++length) {
            code = code << 1U | static_cast<std::uint32_t>(reader.get(1));
            if (code - begin < count[length]) {
                return symbols[at + code - begin];
            }
            at += count[length];
            begin = (begin + count[length]) << 1U;
        }
        return std::nullopt;
    }
};

std::optional<std::vector<Decoder>> readTables(BitReader& reader, std::size_t tables, std::size_t size) {
    std::vector<Decoder> decoders;
    for (; tables > 0; --tables) {
        std::vector<unsigned> lengths;
        auto length = static_cast<unsigned>(reader.get(5));
        while (lengths.size() < size) {
            if (length < 1 || length > kBzipLongestCode || reader.over()) {
                return std::nullopt;
            }
            if (reader.get(1) == 0) {
                lengths.push_back(length);
            } else {
                length = reader.get(1) == 0 ? length + 1 : length - 1;
            }
        }
        decoders.emplace_back(lengths);
    }
    return decoders;
}

/// The bytes that the sort has put last, from the symbols; nothing if there is something wrong.
std::optional<std::string> readLast(BitReader& reader, std::size_t blockSize) {
    std::string front;
    const auto rows = static_cast<unsigned>(reader.get(16));
    for (unsigned row = 0; row < 16; ++row) {
        const auto bytes = (rows >> (15 - row) & 1U) != 0 ? static_cast<unsigned>(reader.get(16)) : 0U;
        for (unsigned i = 0; i < 16; ++i) {
            if ((bytes >> (15 - i) & 1U) != 0) {
                front += static_cast<char>(row * 16 + i);
            }
        }
    }
    const auto tables = static_cast<std::size_t>(reader.get(3));
    const auto selections = static_cast<std::size_t>(reader.get(15));
    if (front.empty() || tables < 2 || tables > 6 || selections == 0) {
        return std::nullopt;
    }
    std::vector<std::size_t> selected;
    std::vector<std::size_t> recent(tables);
    std::iota(recent.begin(), recent.end(), std::size_t{0});
    while (selected.size() < selections) {
        std::size_t at = 0;
        while (reader.get(1) == 1) {
            if (++at == tables) {
                return std::nullopt;
            }
        }
        std::rotate(recent.begin(), recent.begin() + static_cast<std::ptrdiff_t>(at),
                    recent.begin() + static_cast<std::ptrdiff_t>(at) + 1);
        selected.push_back(recent.front());
    }
    const std::size_t end = front.size() + 1;
    const auto decoders = readTables(reader, tables, front.size() + 2);
    std::string last;
    std::size_t run = 0;
    std::size_t weight = 1;
    for (std::size_t i = 0; decoders; ++i) {
        if (i / kBzipGroup >= selected.size() || reader.over()) {
            return std::nullopt;
        }
        const auto symbol = (*decoders)[selected[i / kBzipGroup]].read(reader);
        if (!symbol) {
            return std::nullopt;
        }
        if (*symbol < 2) {
            run += weight << *symbol;
            weight <<= 1U;
            if (run > blockSize) {
                return std::nullopt;
            }
            continue;
        }
        last.append(std::exchange(run, 0), front.front());
        weight = 1;
        if (*symbol == end) {
            return last.size() <= blockSize ? std::optional(std::move(last)) : std::nullopt;
        }
        std::rotate(front.begin(), front.begin() + *symbol - 1, front.begin() + *symbol);
        last += front.front();
        if (last.size() > blockSize) {
            return std::nullopt;
        }
    }
    return std::nullopt;
}

/// Undoes the sort and the runs; false if the sum is another.
bool unsort(const std::string& last, std::size_t origin, std::uint32_t sum, std::size_t most, std::string& into) {
    std::array<std::uint32_t, 257> begin{};
    for (const char c : last) {
        ++begin[static_cast<unsigned char>(c) + 1U];
    }
    std::partial_sum(begin.begin(), begin.end(), begin.begin());
    std::vector<std::uint32_t> next(last.size());
    for (std::size_t i = 0; i < last.size(); ++i) {
        next[begin[static_cast<unsigned char>(last[i])]++] = static_cast<std::uint32_t>(i);
    }
    const std::size_t before = into.size();
    std::size_t at = next[origin];
    int equal = 0;
    for (std::size_t i = 0; i < last.size() && into.size() < most; ++i, at = next[at]) {
        const char c = last[at];
        if (equal == 4) {
            into.append(static_cast<unsigned char>(c), into.back());
            equal = 0;
            continue;
        }
        equal = equal > 0 && into.back() == c ? equal + 1 : 1;
        into += c;
    }
    return into.size() >= most || bzipSum(std::string_view(into).substr(before)) == sum;
}

GunzipError readMember(BitReader& reader, std::size_t most, std::string& into) {
    const auto level = static_cast<std::size_t>(reader.get(8)) - '0';
    if (level < 1 || level > 9) {
        return GunzipError::NoMagic;
    }
    while (into.size() < most) {
        const std::uint64_t magic = reader.get(48);
        const auto sum = static_cast<std::uint32_t>(reader.get(32));
        if (reader.over()) {
            return GunzipError::ShortRead;
        }
        if (magic == kBzipEnd) {
            return GunzipError::None;
        }
        if (magic != kBzipBlock || reader.get(1) != 0) {
            return GunzipError::Corrupt;
        }
        const auto origin = static_cast<std::size_t>(reader.get(24));
        const auto last = readLast(reader, level * kBzipLevel);
        if (reader.over()) {
            return GunzipError::ShortRead;
        }
        if (!last || origin >= last->size() || !unsort(*last, origin, sum, most, into)) {
            return GunzipError::Corrupt;
        }
    }
    return GunzipError::None;
}

}  // namespace

std::string bunzipped(std::string_view file, std::size_t most, GunzipError& error) {
    std::string bytes;
    error = file.empty() ? GunzipError::NoMagic : GunzipError::None;
    for (bool first = true; !file.empty() && error == GunzipError::None && bytes.size() < most; first = false) {
        if (!file.starts_with("BZh")) {
            error = first ? GunzipError::NoMagic : error;  // what is behind is not looked at
            break;
        }
        BitReader reader(file.substr(3));
        error = readMember(reader, most, bytes);
        file = reader.rest();
    }
    bytes.resize(std::min(bytes.size(), most));
    return bytes;
}

}  // namespace apiary::agent
