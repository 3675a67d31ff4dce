#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace apiary {

using Sha256Digest = std::array<std::uint8_t, 32>;

/// SHA-256 (FIPS 180-4) of bytes that come in pieces.
class Sha256 {
public:
    Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    ~Sha256();

    void update(std::string_view bytes);

    /// The digest of all bytes given so far. Ends this object's use.
    Sha256Digest finish();

    static Sha256Digest of(std::string_view bytes);

private:
    struct Context;
    std::unique_ptr<Context> context_;
};

/// Lower-case hexadecimal.
std::string hexText(std::string_view bytes);
std::string hexText(const Sha256Digest& digest);

std::string_view view(const Sha256Digest& digest);

/// What the programs md5sum, sha1sum, sha256sum, sha512sum and sha3sum (of 224 bits) print for `bytes`, by the name of
/// the program. Empty if there is no such.
std::string digestText(std::string_view program, std::string_view bytes);

/// Fills `out` with bytes nobody can guess. Throws std::runtime_error if the system has none.
void fillRandom(std::uint8_t* out, std::size_t size);

template <std::size_t N>
std::array<std::uint8_t, N> randomBytes() {
    std::array<std::uint8_t, N> bytes{};
    fillRandom(bytes.data(), N);
    return bytes;
}

}  // namespace apiary
