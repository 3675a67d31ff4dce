#include "agent/shell/shell_bzip2.hpp"

#include "agent/shell/shell_bzip2_format.hpp"

#include <queue>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

namespace apiary::agent {
namespace {

constexpr std::size_t kBlock = 9 * kBzipLevel - 19;  // as bzip2 fills it
constexpr unsigned kLongestMade = 17;

class BitWriter {
public:
    void put(std::uint64_t value, unsigned bits) {
        for (; bits > 0; --bits) {
            current_ = static_cast<unsigned>(current_ << 1U | (value >> (bits - 1) & 1U));
            if (++count_ == 8) {
                bytes_ += static_cast<char>(current_);
                current_ = count_ = 0;
            }
        }
    }
    std::string finish() {
        put(0, count_ == 0 ? 0 : 8 - count_);
        return std::move(bytes_);
    }

private:
    std::string bytes_;
    unsigned current_ = 0;
    unsigned count_ = 0;
};

/// Four equal bytes are followed by how many more there are.
std::string withRuns(std::string_view bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes.size();) {
        std::size_t end = i + 1;
        while (end < bytes.size() && bytes[end] == bytes[i] && end - i < 255) {
            ++end;
        }
        text.append(std::min<std::size_t>(end - i, 4), bytes[i]);
        if (end - i >= 4) {
            text += static_cast<char>(end - i - 4);
        }
        i = end;
    }
    return text;
}

/// The rotations of the text in order: by one byte, then by twice as many again and again.
std::vector<std::uint32_t> sorted(std::string_view text) {
    const std::size_t size = text.size();
    std::vector<std::uint32_t> order(size);
    std::vector<std::uint32_t> rank(size);
    std::vector<std::uint32_t> next(size);
    std::iota(order.begin(), order.end(), 0U);
    for (std::size_t i = 0; i < size; ++i) {
        rank[i] = static_cast<unsigned char>(text[i]);
    }
    for (std::size_t width = 1;; width *= 2) {
        const auto key = [&](std::uint32_t at) { return std::pair(rank[at], rank[(at + width) % size]); };
        std::ranges::sort(order, {}, key);
        std::uint32_t ranks = 0;
        for (std::size_t i = 0; i < size; ++i) {
            ranks += i > 0 && key(order[i - 1]) < key(order[i]) ? 1 : 0;
            next[order[i]] = ranks;
        }
        rank.swap(next);
        if (width >= size || ranks + 1 == size) {
            return order;
        }
    }
}

/// The lengths of a code for symbols that come so often.
std::vector<unsigned> lengthsFor(std::vector<std::uint64_t> counts) {
    for (;;) {
        using Node = std::pair<std::uint64_t, std::size_t>;
        std::priority_queue<Node, std::vector<Node>, std::greater<>> heap;
        std::vector<std::size_t> parent(counts.size() * 2);
        for (std::size_t i = 0; i < counts.size(); ++i) {
            heap.emplace(std::max<std::uint64_t>(counts[i], 1), i);
        }
        std::size_t made = counts.size();
        while (heap.size() > 1) {
            const Node one = heap.top();
            heap.pop();
            const Node other = heap.top();
            heap.pop();
            parent[one.second] = parent[other.second] = made;
            heap.emplace(one.first + other.first, made++);
        }
        std::vector<unsigned> depth(made);
        for (std::size_t i = made - 1; i > 0; --i) {
            depth[i - 1] = depth[parent[i - 1]] + 1;
        }
        depth.resize(counts.size());
        if (*std::ranges::max_element(depth) <= kLongestMade) {
            return depth;
        }
        for (std::uint64_t& count : counts) {
            count = count / 2 + 1;
        }
    }
}

/// The codes of these lengths, the shorter first.
std::vector<std::uint32_t> codesOf(const std::vector<unsigned>& lengths) {
    std::vector<std::uint32_t> codes(lengths.size());
    std::uint32_t code = 0;
    for (unsigned length = 1; length <= kBzipLongestCode; ++length) {
        for (std::size_t i = 0; i < lengths.size(); ++i) {
            if (lengths[i] == length) {
                codes[i] = code++;
            }
        }
        code <<= 1U;
    }
    return codes;
}

/// Positions in a list that moves each byte to its front; zeros as a number whose digits are 1 and 2.
std::vector<std::uint16_t> symbolsOf(const std::string& last, std::string front) {
    std::vector<std::uint16_t> symbols;
    const auto end = static_cast<std::uint16_t>(front.size() + 1);
    std::size_t zeros = 0;
    const auto flush = [&] {
        for (; zeros > 0; zeros = (zeros - 1) / 2) {
            symbols.push_back(zeros % 2 == 1 ? 0 : 1);
        }
    };
    for (const char c : last) {
        const std::size_t at = front.find(c);
        if (at == 0) {
            ++zeros;
            continue;
        }
        flush();
        symbols.push_back(static_cast<std::uint16_t>(at + 1));
        std::rotate(front.begin(), front.begin() + static_cast<std::ptrdiff_t>(at),
                    front.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    }
    flush();
    symbols.push_back(end);
    return symbols;
}

void writeBlock(BitWriter& writer, std::string_view text, std::uint32_t sum) {
    const std::vector<std::uint32_t> order = sorted(text);
    std::string last;
    std::size_t origin = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        origin = order[i] == 0 ? i : origin;
        last += text[(order[i] + text.size() - 1) % text.size()];
    }
    std::string used;
    for (unsigned byte = 0; byte < 256; ++byte) {
        if (text.find(static_cast<char>(byte)) != std::string_view::npos) {
            used += static_cast<char>(byte);
        }
    }
    writer.put(kBzipBlock, 48);
    writer.put(sum, 32);
    writer.put(0, 1);
    writer.put(origin, 24);
    const auto uses = [&](unsigned byte) { return used.find(static_cast<char>(byte)) != std::string::npos; };
    std::array<bool, 16> rows{};
    for (unsigned byte = 0; byte < 256; ++byte) {
        rows[byte / 16] |= uses(byte);
    }
    for (const bool row : rows) {
        writer.put(row ? 1 : 0, 1);
    }
    for (unsigned byte = 0; byte < 256; ++byte) {
        if (rows[byte / 16]) {
            writer.put(uses(byte) ? 1 : 0, 1);
        }
    }
    const std::vector<std::uint16_t> symbols = symbolsOf(last, used);
    std::vector<std::uint64_t> counts(used.size() + 2);
    for (const std::uint16_t symbol : symbols) {
        ++counts[symbol];
    }
    const std::vector<unsigned> lengths = lengthsFor(counts);
    const std::vector<std::uint32_t> codes = codesOf(lengths);
    writer.put(2, 3);  // tables: the fewest there may be, both the same
    writer.put((symbols.size() + kBzipGroup - 1) / kBzipGroup, 15);
    for (std::size_t i = 0; i < symbols.size(); i += kBzipGroup) {
        writer.put(0, 1);
    }
    for (int table = 0; table < 2; ++table) {
        unsigned length = lengths.front();
        writer.put(length, 5);
        for (const unsigned wanted : lengths) {
            for (; length != wanted; length = length < wanted ? length + 1 : length - 1) {
                writer.put(length < wanted ? 2 : 3, 2);
            }
            writer.put(0, 1);
        }
    }
    for (const std::uint16_t symbol : symbols) {
        writer.put(codes[symbol], lengths[symbol]);
    }
}

}  // namespace

std::string bzipped(std::string_view bytes) {
    BitWriter writer;
    for (const char c : std::string_view("BZh9")) {
        writer.put(static_cast<unsigned char>(c), 8);
    }
    std::uint32_t all = 0;
    constexpr std::size_t kPiece = kBlock / 5 * 4;  // which runs make longer by a quarter at most
    for (std::size_t at = 0; at < bytes.size(); at += kPiece) {
        const std::string_view piece = bytes.substr(at, kPiece);
        const std::uint32_t sum = bzipSum(piece);
        all = (all << 1U | all >> 31U) ^ sum;
        writeBlock(writer, withRuns(piece), sum);
    }
    writer.put(kBzipEnd, 48);
    writer.put(all, 32);
    return writer.finish();
}

}  // namespace apiary::agent
