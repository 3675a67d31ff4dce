#include "common/text/stamp.hpp"

#include <array>
#include <cstdio>
#include <ctime>

namespace apiary {
namespace {

std::tm utcOf(std::chrono::system_clock::time_point at) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count();
    const auto time = static_cast<std::time_t>(seconds);
    std::tm parts{};
    gmtime_r(&time, &parts);
    return parts;
}

}  // namespace

std::string logStamp(std::chrono::system_clock::time_point at) {
    // Not strftime: its names depend on the locale.
    constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::tm t = utcOf(at);
    std::array<char, 64> text{};
    const int size = std::snprintf(text.data(), text.size(), "%s %s %02d %02d:%02d:%02d UTC %d",
                                   kDays[static_cast<std::size_t>(t.tm_wday)],
                                   kMonths[static_cast<std::size_t>(t.tm_mon)], t.tm_mday, t.tm_hour, t.tm_min,
                                   t.tm_sec, t.tm_year + 1900);
    return {text.data(), static_cast<std::size_t>(size)};
}

std::string isoStamp(std::chrono::system_clock::time_point at) {
    const std::tm t = utcOf(at);
    const auto since = at.time_since_epoch();
    const auto millis = std::chrono::floor<std::chrono::milliseconds>(since) -
                        std::chrono::floor<std::chrono::seconds>(since);
    std::array<char, 64> text{};
    const int size = std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", t.tm_year + 1900,
                                   t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec,
                                   static_cast<int>(millis.count()));
    return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace apiary
