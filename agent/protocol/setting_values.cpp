#include "agent/protocol/setting_values.hpp"

#include "common/text/units.hpp"

#include <charconv>
#include <string>

namespace apiary::agent {
namespace {

const std::string& valueOf(const Settings& settings, std::string_view name) {
    return settings.find(name)->second;
}

Error mayBe(std::string_view name, const std::string& value, const std::string& what) {
    return Error{std::string(name) + " is '" + value + "'; it may be " + what};
}

}  // namespace

Result<bool> flagOf(const Settings& settings, std::string_view name) {
    const std::string& value = valueOf(settings, name);
    if (value != "yes" && value != "no") {
        return mayBe(name, value, "yes or no");
    }
    return value == "yes";
}

Result<std::uint64_t> numberOf(const Settings& settings, std::string_view name, std::uint64_t least,
                               std::uint64_t most) {
    const std::string& value = valueOf(settings, name);
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size() || number < least || number > most) {
        return mayBe(name, value, "a number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    return number;
}

Result<Millis> durationOf(const Settings& settings, std::string_view name, Millis most) {
    const std::string& value = valueOf(settings, name);
    const auto duration = readDuration(value);
    if (!duration || *duration > most) {
        return mayBe(name, value, "a duration up to " + durationText(most) + ", such as 500ms or 3s");
    }
    return *duration;
}

}  // namespace apiary::agent
