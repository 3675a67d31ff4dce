#include "common/crypto/pem.hpp"

#include <cerrno>
#include <fstream>
#include <system_error>

namespace apiary {
namespace {

constexpr std::size_t kLongest = std::size_t{1} << 20U;

}  // namespace

Result<std::string> readPem(const std::string& what, const std::string& path) {
    if (path.empty()) {
        return Error{"no file is named for the " + what};
    }
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    std::string text(kLongest + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!in.is_open() || in.bad()) {
        return Error{"cannot read the " + what + " '" + path + "': " + std::generic_category().message(errno)};
    }
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.size() > kLongest) {
        return Error{"the " + what + " '" + path + "' is no PEM file: it is larger than 1 MiB"};
    }
    if (text.find("-----BEGIN ") == std::string::npos) {
        return Error{"the " + what + " '" + path + "' is not a PEM file; it must hold a line -----BEGIN ...-----"};
    }
    return text;
}

}  // namespace apiary
