#include "collector/enrich/address_file.hpp"

#include "common/crypto/digest.hpp"
#include "common/text/escape.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <optional>
#include <string_view>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace apiary::collector {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30U;
constexpr std::size_t kPiece = std::size_t{1} << 16U;
constexpr std::size_t kMostName = 128;
constexpr std::size_t kMostType = 64;
constexpr int kNodesLookedAt = 65'536;

// Where the layouts keep a fact, each a path into the maps of a record.
using Path = std::array<const char*, 3>;
constexpr std::array<Path, 3> kCountryPaths{{{"country", "iso_code", nullptr},    // MaxMind, DB-IP
                                             {"country_code", nullptr, nullptr},  // IPinfo Lite
                                             {"country", nullptr, nullptr}}};     // IPinfo
constexpr std::array<Path, 2> kNumberPaths{{{"autonomous_system_number", nullptr, nullptr}, {"asn", nullptr, nullptr}}};
constexpr std::array<Path, 3> kNamePaths{
    {{"autonomous_system_organization", nullptr, nullptr}, {"as_name", nullptr, nullptr}, {"name", nullptr, nullptr}}};

/// A descriptor that is closed at the end.
class Descriptor {
public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (number_ >= 0) {
            ::close(number_);
        }
    }
    int number() const { return number_; }

private:
    const int number_;
};

std::string reasonOf(int error) {
    return std::generic_category().message(error);
}

bool writeAll(int to, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(to, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

/// Copies the file into memory that has no name, and returns its digest. libmaxminddb maps what it opens: whoever
/// overwrites a file that is mapped would end this program with SIGBUS.
Result<Sha256Digest> copyFile(const std::string& path, int to) {
    const Descriptor from(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    struct stat status {};
    if (from.number() < 0 || ::fstat(from.number(), &status) != 0) {
        return Error{path + ": cannot be read: " + reasonOf(errno)};
    }
    if (!S_ISREG(status.st_mode)) {
        return Error{path + ": is not a file"};
    }
    Sha256 digest;
    std::vector<char> piece(kPiece);
    std::uint64_t size = 0;
    for (;;) {
        const ssize_t got = ::read(from.number(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return Error{path + ": cannot be read: " + reasonOf(errno)};
        }
        if (got == 0) {
            return digest.finish();
        }
        const std::string_view bytes(piece.data(), static_cast<std::size_t>(got));
        size += bytes.size();
        if (size > kMostBytes) {
            return Error{path + ": is larger than 1 GiB, name a file of countries or networks only"};
        }
        digest.update(bytes);
        if (!writeAll(to, bytes)) {
            return Error{path + ": cannot be kept in memory: " + reasonOf(errno)};
        }
    }
}

/// The value at the first of the paths that has one of a kind that is wanted.
template <std::size_t N, typename Read>
auto valueAt(MMDB_entry_s entry, const std::array<Path, N>& paths, Read read)
    -> decltype(read(std::declval<const MMDB_entry_data_s&>())) {
    for (const Path& path : paths) {
        MMDB_entry_data_s data{};
        if (MMDB_aget_value(&entry, &data, path.data()) == MMDB_SUCCESS && data.has_data) {
            if (auto value = read(data)) {
                return value;
            }
        }
    }
    return std::nullopt;
}

std::optional<std::string_view> textOf(const MMDB_entry_data_s& data) {
    if (data.type != MMDB_DATA_TYPE_UTF8_STRING || data.data_size == 0) {
        return std::nullopt;
    }
    return std::string_view(data.utf8_string, data.data_size);
}

std::optional<std::string_view> countryOf(const MMDB_entry_data_s& data) {
    const auto text = textOf(data);
    const bool code =
        text && text->size() == 2 && std::ranges::all_of(*text, [](char c) { return c >= 'A' && c <= 'Z'; });
    return code ? text : std::nullopt;
}

/// A number, or `AS64500`.
std::optional<std::uint32_t> numberOf(const MMDB_entry_data_s& data) {
    if (data.type == MMDB_DATA_TYPE_UINT32 || data.type == MMDB_DATA_TYPE_UINT16) {
        const std::uint32_t number = data.type == MMDB_DATA_TYPE_UINT32 ? data.uint32 : data.uint16;
        return number > 0 ? std::optional(number) : std::nullopt;
    }
    auto text = textOf(data).value_or("");
    if (text.starts_with("AS")) {
        text.remove_prefix(2);
    }
    std::uint32_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = failure == std::errc() && end == text.data() + text.size();
    return whole && number > 0 ? std::optional(number) : std::nullopt;
}

void readFacts(MMDB_entry_s entry, AddressQuestion question, SourceFacts& facts) {
    if (question == AddressQuestion::Country) {
        if (const auto country = valueAt(entry, kCountryPaths, countryOf)) {
            facts.country = *country;
        }
    } else if (const auto number = valueAt(entry, kNumberPaths, numberOf)) {
        facts.network = *number;
        if (const auto name = valueAt(entry, kNamePaths, textOf)) {
            facts.networkName = escapeCut(*name, kMostName);
        }
    }
}

std::string dayText(std::chrono::sys_seconds at) {
    const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(at));
    const auto two = [](unsigned number) { return (number < 10 ? "0" : "") + std::to_string(number); };
    return std::to_string(static_cast<int>(date.year())) + "-" + two(static_cast<unsigned>(date.month())) + "-" +
           two(static_cast<unsigned>(date.day()));
}

}  // namespace

std::string editionText(const std::vector<SourceFileNote>& files) {
    std::string text;
    for (const SourceFileNote& file : files) {
        text += (text.empty() ? "" : ", ") + file.type + " " + file.built;
    }
    return text;
}

void AddressFile::Close::operator()(MMDB_s* database) const {
    MMDB_close(database);
    delete database;
}

Result<std::shared_ptr<const AddressFile>> AddressFile::open(const std::string& path, AddressQuestion question) {
    const Descriptor copy(::memfd_create("addresses", MFD_CLOEXEC));
    if (copy.number() < 0) {
        return Error{path + ": cannot be kept in memory: " + reasonOf(errno)};
    }
    const auto digest = copyFile(path, copy.number());
    if (!digest) {
        return Error{digest.error()};
    }
    auto database = std::make_unique<MMDB_s>();
    const std::string name = "/proc/self/fd/" + std::to_string(copy.number());
    if (const int failure = MMDB_open(name.c_str(), MMDB_MODE_MMAP, database.get()); failure != MMDB_SUCCESS) {
        return Error{path + ": is not a whole MaxMind database (" + MMDB_strerror(failure) + "): fetch it again"};
    }
    const std::shared_ptr<AddressFile> file(new AddressFile(question));
    file->database_.reset(database.release());
    const MMDB_metadata_s& metadata = file->database_->metadata;
    // Beyond this no day has a name.
    const auto built = std::min<std::uint64_t>(metadata.build_epoch, std::uint64_t{1} << 36U);
    file->built_ = std::chrono::sys_seconds(std::chrono::seconds(built));
    file->note_ = {.path = path,
                   .type = escapeCut(metadata.database_type == nullptr ? "" : metadata.database_type, kMostType),
                   .built = dayText(file->built_),
                   .sha256 = hexText(*digest)};
    if (!file->answersAnything()) {
        return Error{path + ": its type is " + file->note_.type + ", and no " +
                     (question == AddressQuestion::Country ? "country" : "number of a network") +
                     " is in what it says of addresses: name another file"};
    }
    return std::shared_ptr<const AddressFile>(file);
}

/// Walks the tree of networks until a record has the answer; a file of another kind has none anywhere.
bool AddressFile::answersAnything() const {
    std::vector<std::uint32_t> nodes{0};
    for (int seen = 0; seen < kNodesLookedAt && !nodes.empty(); ++seen) {
        const std::uint32_t node = nodes.back();
        nodes.pop_back();
        MMDB_search_node_s sides{};
        if (MMDB_read_node(database_.get(), node, &sides) != MMDB_SUCCESS) {
            continue;
        }
        const auto answers = [&](std::uint8_t kind, std::uint64_t record, const MMDB_entry_s& entry) {
            if (kind == MMDB_RECORD_TYPE_SEARCH_NODE) {
                nodes.push_back(static_cast<std::uint32_t>(record));
                return false;
            }
            SourceFacts facts;
            if (kind == MMDB_RECORD_TYPE_DATA) {
                readFacts(entry, question_, facts);
            }
            return facts != SourceFacts{};
        };
        if (answers(sides.right_record_type, sides.right_record, sides.right_record_entry) ||
            answers(sides.left_record_type, sides.left_record, sides.left_record_entry)) {
            return true;
        }
    }
    return false;
}

void AddressFile::look(const Endpoint& address, SourceFacts& facts) const {
    int failure = MMDB_SUCCESS;
    MMDB_lookup_result_s found{};
    if (const auto four = address.v4()) {
        sockaddr_in text{};
        text.sin_family = AF_INET;
        std::memcpy(&text.sin_addr, four->data(), four->size());
        found = MMDB_lookup_sockaddr(database_.get(), reinterpret_cast<const sockaddr*>(&text), &failure);
    } else {
        sockaddr_in6 text{};
        text.sin6_family = AF_INET6;
        std::memcpy(&text.sin6_addr, address.address.data(), address.address.size());
        found = MMDB_lookup_sockaddr(database_.get(), reinterpret_cast<const sockaddr*>(&text), &failure);
    }
    if (failure == MMDB_SUCCESS && found.found_entry) {
        readFacts(found.entry, question_, facts);
    }
}

}  // namespace apiary::collector
