#include "agent/protocols/http_icons.hpp"

#include "agent/protocols/http_types.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>

namespace apiary::agent {

/// http_icons.tar, which the build turns into a source. Valid for ever.
extern const std::string_view kHttpIconArchive;

namespace {

constexpr std::size_t kBlock = 512;  // of a tar archive: each file has one before it

std::uint64_t octal(std::string_view field) {
    std::uint64_t number = 0;
    (void)std::from_chars(field.data(), field.data() + field.size(), number, 8);
    return number;
}

}  // namespace

std::shared_ptr<const HttpSite> httpIcons() {
    std::map<std::string, HttpFile, std::less<>> files;
    std::string_view rest = kHttpIconArchive;
    while (rest.size() >= kBlock && rest.front() != '\0') {
        const std::string_view name = rest.substr(0, std::min<std::size_t>(rest.find('\0'), 100));
        const std::uint64_t size = octal(rest.substr(124, 11));
        const FileTime time{std::chrono::seconds(octal(rest.substr(136, 11)))};
        rest.remove_prefix(kBlock);
        std::string path = std::string(kHttpIcons).append(name);
        HttpFile file{std::make_shared<const std::string>(rest.substr(0, size)), time, httpType(path)};
        files.emplace(std::move(path), std::move(file));
        rest.remove_prefix(std::min(rest.size(), (size + kBlock - 1) / kBlock * kBlock));
    }
    return std::make_shared<const HttpSite>(std::move(files), std::vector<HttpRoute>{});
}

}  // namespace apiary::agent
