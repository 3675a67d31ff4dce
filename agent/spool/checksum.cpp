#include "agent/spool/checksum.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

namespace apiary::agent {
namespace {

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables makeTables() {
    Tables tables{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82f63b78U : 0U);
        }
        tables[0][byte] = crc;
    }
    for (std::size_t row = 1; row < tables.size(); ++row) {
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const std::uint32_t crc = tables[row - 1][byte];
            tables[row][byte] = (crc >> 8U) ^ tables[0][crc & 0xffU];
        }
    }
    return tables;
}

constexpr Tables kTables = makeTables();
static_assert(std::endian::native == std::endian::little);

std::uint32_t byTables(std::string_view bytes, std::uint32_t crc) {
    while (bytes.size() >= 8) {  // eight tables, eight bytes a step
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), sizeof word);
        word ^= crc;
        crc = 0;
        for (std::size_t i = 0; i < 8; ++i) {
            crc ^= kTables[7 - i][(word >> (8 * i)) & 0xffU];
        }
        bytes.remove_prefix(8);
    }
    for (const char byte : bytes) {
        crc = (crc >> 8U) ^ kTables[0][(crc ^ static_cast<unsigned char>(byte)) & 0xffU];
    }
    return crc;
}

#ifdef __x86_64__
/// The processor's own instruction for this polynomial, of all built since 2011.
__attribute__((target("sse4.2"))) std::uint32_t byProcessor(std::string_view bytes, std::uint32_t crc) {
    std::uint64_t wide = crc;
    while (bytes.size() >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), sizeof word);
        wide = __builtin_ia32_crc32di(wide, word);
        bytes.remove_prefix(8);
    }
    crc = static_cast<std::uint32_t>(wide);
    for (const char byte : bytes) {
        crc = __builtin_ia32_crc32qi(crc, static_cast<unsigned char>(byte));
    }
    return crc;
}
#endif

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t before) {
#ifdef __x86_64__
    static const bool kKnown = __builtin_cpu_supports("sse4.2") != 0;
    if (kKnown) {
        return ~byProcessor(bytes, ~before);
    }
#endif
    return ~byTables(bytes, ~before);
}

}  // namespace apiary::agent
