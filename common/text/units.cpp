#include "common/text/units.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>
#include <system_error>

namespace apiary {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};
constexpr Unit kDurations[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
constexpr Unit kSizes[] = {{"B", 1},
                           {"KiB", std::uint64_t{1} << 10U},
                           {"MiB", std::uint64_t{1} << 20U},
                           {"GiB", std::uint64_t{1} << 30U},
                           {"TiB", std::uint64_t{1} << 40U}};

template <std::size_t N>
std::optional<std::uint64_t> measure(std::string_view text, const Unit (&units)[N]) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
    const auto unit = std::ranges::find(units, rest, &Unit::name);
    if (error != std::errc{} || unit == std::end(units) ||
        number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / unit->factor) {
        return std::nullopt;
    }
    return number * unit->factor;
}

template <std::size_t N>
std::string measured(std::uint64_t number, const Unit (&units)[N]) {
    const Unit* best = &units[0];
    for (const Unit& unit : units) {
        best = number != 0 && number % unit.factor == 0 ? &unit : best;
    }
    return std::to_string(number / best->factor) + std::string(best->name);
}

}  // namespace

std::optional<std::chrono::milliseconds> readDuration(std::string_view text) {
    const auto read = measure(text, kDurations);
    return read ? std::optional(std::chrono::milliseconds(static_cast<std::int64_t>(*read))) : std::nullopt;
}

std::string durationText(std::chrono::milliseconds duration) {
    return measured(static_cast<std::uint64_t>(duration.count()), kDurations);
}

std::optional<std::uint64_t> readSize(std::string_view text) {
    return measure(text, kSizes);
}

std::string sizeText(std::uint64_t bytes) {
    return measured(bytes, kSizes);
}

}  // namespace apiary
