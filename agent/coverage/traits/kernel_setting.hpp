#pragma once

#include "common/result.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace apiary::agent {

/// What a setting of the kernel was before, and what it was changed to. Numbers with '_' between them: "4096_131072".
struct SettingChange {
    std::string before;
    std::string ours;

    friend bool operator==(const SettingChange&, const SettingChange&) = default;
};

/// A setting of TCP in this network namespace, of one number or several, that is another one while a table of ours is
/// there. What was before stands in the name of an empty chain of that table: it comes and goes with it in one
/// transaction, and outlives a `kill -9`.
class KernelSetting {
public:
    /// `name` is that of a file in `folder`: "tcp_timestamps".
    explicit KernelSetting(std::string name, std::string folder = "/proc/sys/net/ipv4")
        : name_(std::move(name)), file_(std::move(folder) + '/' + name_) {}

    /// Nothing if the kernel does not say.
    std::optional<std::string> now() const;

    /// What a table of ours says, as nft lists it.
    std::optional<SettingChange> remembered(std::string_view table) const;
    std::string chainFor(const SettingChange& change) const;

    /// How it comes from what somebody else has set to what is `wished` instead; nothing if that is the same. `earlier`
    /// is what we changed before, and is not somebody else's.
    std::optional<SettingChange> change(const std::optional<SettingChange>& earlier,
                                        const std::function<std::string(const std::string&)>& wished) const;

    /// Takes `earlier` back and makes `next` of it. What somebody else has set meanwhile is left. An Error says how to
    /// do it by hand.
    Status bring(const std::optional<SettingChange>& earlier, const std::optional<SettingChange>& next) const;

    /// How to set it by hand.
    std::string commandFor(const std::string& value) const;

private:
    Status set(const std::string& value) const;

    std::string name_;
    std::string file_;
};

}  // namespace apiary::agent
