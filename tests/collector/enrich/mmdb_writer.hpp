#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace apiary::test {

/// A value of a record: a text, a number, or a map.
struct MmdbValue {
    using Map = std::vector<std::pair<std::string, MmdbValue>>;
    std::variant<std::string, std::uint32_t, Map> value;
};

/// Makes databases in the MaxMind format, version 2.0 (https://maxmind.github.io/MaxMind-DB/), of networks that a test
/// knows. IPv6 tree with IPv4 at ::/96, records of 24 bits.
class MmdbWriter {
public:
    /// `built` is in seconds since 1970.
    explicit MmdbWriter(std::string type, std::uint64_t built = 1'700'000'000)
        : type_(std::move(type)), built_(built) {}

    /// Gives the addresses of a network a record; a wider network must be added before those within it.
    MmdbWriter& add(const std::string& network, const MmdbValue::Map& record);

    /// In the layout of MaxMind and DB-IP.
    MmdbWriter& country(const std::string& network, const std::string& code);
    MmdbWriter& system(const std::string& network, std::uint32_t number, const std::string& name);

    /// The whole file.
    std::string bytes() const;

private:
    static constexpr std::uint32_t kNothing = 0xffffffff;
    static constexpr std::uint32_t kData = 0x80000000;  // with the offset in the data section
    using Node = std::array<std::uint32_t, 2>;

    std::string type_;
    std::uint64_t built_;
    std::vector<Node> nodes_{{kNothing, kNothing}};
    std::string data_;
};

}  // namespace apiary::test
