#include "common/crypto/manifest_chain.hpp"

#include <array>

namespace apiary {

Sha256Digest manifestChain(const Sha256Digest& before, std::uint32_t day, std::uint64_t first,
                           std::string_view entries) {
    std::array<char, 16> numbers{};
    for (std::size_t i = 0; i < 8; ++i) {
        numbers[7 - i] = static_cast<char>((std::uint64_t{day} >> (8 * i)) & 0xffU);
        numbers[15 - i] = static_cast<char>((first >> (8 * i)) & 0xffU);
    }
    Sha256 chain;
    chain.update(view(before));
    chain.update({numbers.data(), numbers.size()});
    chain.update(entries);
    return chain.finish();
}

}  // namespace apiary
