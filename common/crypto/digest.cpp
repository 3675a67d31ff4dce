#include "common/crypto/digest.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

#include <sys/random.h>

// The low-level calls: a context of EVP costs an allocation of its own and three times the time for short inputs.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace apiary {

struct Sha256::Context {
    SHA256_CTX state{};
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
    SHA256_Init(&context_->state);
}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(std::string_view bytes) {
    SHA256_Update(&context_->state, bytes.data(), bytes.size());
}

Sha256Digest Sha256::finish() {
    Sha256Digest digest{};
    SHA256_Final(digest.data(), &context_->state);
    return digest;
}

Sha256Digest Sha256::of(std::string_view bytes) {
    Sha256 sha;
    sha.update(bytes);
    return sha.finish();
}

std::string hexText(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    text.reserve(2 * bytes.size());
    for (const char c : bytes) {
        text += kDigits[static_cast<unsigned char>(c) >> 4U];
        text += kDigits[static_cast<unsigned char>(c) & 0xfU];
    }
    return text;
}

std::string_view view(const Sha256Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string hexText(const Sha256Digest& digest) {
    return hexText(view(digest));
}

std::string digestText(std::string_view program, std::string_view bytes) {
    using Digest = std::pair<std::string_view, const EVP_MD* (*)()>;
    static constexpr Digest kDigests[] = {
        {"md5sum", EVP_md5},       {"sha1sum", EVP_sha1},     {"sha256sum", EVP_sha256},
        {"sha512sum", EVP_sha512}, {"sha3sum", EVP_sha3_224},
    };
    const auto* found = std::ranges::find(kDigests, program, &Digest::first);
    if (found == std::end(kDigests)) {
        return {};
    }
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, found->second(), nullptr) != 1) {
        throw std::runtime_error("the library of digests refuses " + std::string(program));
    }
    return hexText({reinterpret_cast<const char*>(digest.data()), size});
}

void fillRandom(std::uint8_t* out, std::size_t size) {
    while (size > 0) {
        const ssize_t got = getrandom(out, size, 0);
        if (got < 0) {
            throw std::runtime_error("the system gives no random bytes (getrandom failed)");
        }
        out += got;
        size -= static_cast<std::size_t>(got);
    }
}

}  // namespace apiary
