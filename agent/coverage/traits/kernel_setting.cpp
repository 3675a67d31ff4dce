#include "agent/coverage/traits/kernel_setting.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>

namespace apiary::agent {

static constexpr std::string_view kBefore = "_before_";
static constexpr std::string_view kDigits = "0123456789_";

static std::string words(std::string value) {
    std::ranges::replace(value, '_', ' ');
    return value;
}

std::optional<std::string> KernelSetting::now() const {
    std::ifstream in(file_);
    std::string text;
    for (std::string word; in >> word;) {
        text += (text.empty() ? "" : "_") + word;
    }
    return text.empty() || text.find_first_not_of(kDigits) != std::string::npos ? std::nullopt : std::optional(text);
}

std::optional<SettingChange> KernelSetting::remembered(std::string_view table) const {
    const std::string head = "chain " + name_ + '_';  // chain tcp_rmem_4096_131072_8388608_before_4096_131072_6291456
    const auto from = table.find(head);
    if (from == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view rest = table.substr(from + head.size());
    const auto middle = rest.find(kBefore);
    if (middle == std::string_view::npos || rest.find_first_not_of(kDigits) != middle + 1) {
        return std::nullopt;
    }
    const std::string_view before = rest.substr(middle + kBefore.size());
    return SettingChange{std::string(before.substr(0, before.find_first_not_of(kDigits))),
                         std::string(rest.substr(0, middle))};
}

std::string KernelSetting::chainFor(const SettingChange& change) const {
    return name_ + '_' + change.ours + std::string(kBefore) + change.before;
}

std::optional<SettingChange> KernelSetting::change(const std::optional<SettingChange>& earlier,
                                                   const std::function<std::string(const std::string&)>& wished) const {
    const auto is = now();
    if (!is) {
        return std::nullopt;
    }
    const std::string before = earlier && earlier->ours == *is ? earlier->before : *is;
    const std::string ours = wished(before);
    return ours == before ? std::nullopt : std::optional(SettingChange{before, ours});
}

Status KernelSetting::bring(const std::optional<SettingChange>& earlier,
                            const std::optional<SettingChange>& next) const {
    const auto is = now();
    if (next) {
        return is == next->ours ? Status(Done{}) : set(next->ours);
    }
    return earlier && is == earlier->ours ? set(earlier->before) : Status(Done{});
}

std::string KernelSetting::commandFor(const std::string& value) const {
    return "sysctl -w net.ipv4." + name_ + "='" + words(value) + '\'';
}

Status KernelSetting::set(const std::string& value) const {
    errno = 0;
    std::ofstream out(file_);
    out << words(value) << '\n' << std::flush;
    if (!out) {
        return Error{"cannot set " + name_ + ": " + std::generic_category().message(errno) +
                     "; do it by hand: " + commandFor(value)};
    }
    return Done{};
}

}  // namespace apiary::agent
