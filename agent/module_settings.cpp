#include "agent/module_settings.hpp"

#include "agent/setting_files.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace apiary::agent {
namespace {

/// Hands the content over, or notes at the setting why there is none.
template <typename Content>
bool keep(std::map<std::string, Content, std::less<>>& into, const TomlField& field, const Setting& setting,
          Result<Content> read) {
    if (!read) {
        field.complain("cannot be used: " + read.error());
        return false;
    }
    into.insert_or_assign(std::string(setting.name), *std::move(read));
    return true;
}

/// False if a file that is named cannot be read.
bool readFiles(const Module& module, const TomlTable& table, const Settings& settings, Readings& readings) {
    bool good = true;
    for (const Setting& setting : module.settings) {
        const auto named = settings.find(setting.name);
        if (setting.kind == SettingKind::Text || named == settings.end() || named->second.empty()) {
            continue;
        }
        const TomlField field = table.field(setting.name);
        const std::string path = field.path();
        if (path.empty()) {
            good = false;  // field has complained
        } else if (setting.kind == SettingKind::Folder) {
            good = keep(readings.folders, field, setting, readFolder(path)) && good;
        } else {
            good = keep(readings.tables, field, setting, readTables(path)) && good;
        }
    }
    return good;
}

/// The setting that a message is about: the one it names first, and of two with one beginning the longer.
std::string_view settingNamed(std::string_view message, const Settings& settings) {
    std::string_view named;
    std::size_t at = std::string_view::npos;
    for (const auto& [name, value] : settings) {
        const std::size_t found = name.empty() ? std::string_view::npos : message.find(name);
        if (found < at || (found == at && at != std::string_view::npos && name.size() > named.size())) {
            named = name;
            at = found;
        }
    }
    return named;
}

/// Empty if a file that is named cannot be read.
std::optional<ModuleSettings> readSettings(const Module& module, const TomlTable& table) {
    ModuleSettings read;
    for (auto& [name, value] : table.entries()) {
        read.values.insert_or_assign(name, std::move(value));
    }
    return readFiles(module, table, read.values, read.readings) ? std::optional(std::move(read)) : std::nullopt;
}

std::shared_ptr<const Prepared> prepareWith(const Module& module, const TomlTable& service, std::uint64_t seed,
                                            const Settings& settings, const Readings& readings) {
    const TomlTable table = service.table("settings");
    auto prepared = prepare(module, settings, seed, readings);
    if (prepared) {
        return *std::move(prepared);
    }
    const std::string message = "is refused: " + prepared.error();
    if (const auto name = settingNamed(prepared.error(), settings); !name.empty()) {
        table.field(name).complain(message);
    } else {
        (table.present() ? table : service).complain(message);
    }
    return nullptr;
}

}  // namespace

Settings withHostName(Settings settings, const std::string& name) {
    constexpr std::string_view kHere = "{host}";
    for (auto& [key, value] : settings) {
        for (std::size_t at = value.find(kHere); at != std::string::npos; at = value.find(kHere, at + name.size())) {
            value.replace(at, kHere.size(), name);
        }
    }
    return settings;
}

std::shared_ptr<const Prepared> prepareModule(const Module& module, const TomlTable& service, std::uint64_t seed) {
    const auto read = readSettings(module, service.table("settings"));
    return read ? prepareWith(module, service, seed, read->values, read->readings) : nullptr;
}

std::shared_ptr<const Prepared> prepareForHosts(const Module& module, const TomlTable& service, std::uint64_t seed,
                                                ModuleSettings& kept) {
    auto read = readSettings(module, service.table("settings"));
    if (!read) {
        return nullptr;
    }
    kept = *std::move(read);
    return prepareWith(module, service, seed, withHostName(kept.values, "localhost"), kept.readings);
}

}  // namespace apiary::agent
