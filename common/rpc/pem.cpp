#include "common/rpc/pem.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace apiary {

Result<std::string> readPem(const std::string& what, const std::string& path) {
    if (path.empty()) {
        return Error{"no file is named for the " + what};
    }
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in.is_open() || in.bad()) {
        return Error{"cannot read the " + what + " '" + path + "': " + std::strerror(errno)};
    }
    if (text.find("-----BEGIN ") == std::string::npos) {
        return Error{"the " + what + " '" + path + "' is not a PEM file; it must hold a line -----BEGIN ...-----"};
    }
    return text;
}

}  // namespace apiary
