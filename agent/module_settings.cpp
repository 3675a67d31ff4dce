#include "agent/module_settings.hpp"

#include "agent/setting_files.hpp"

#include <algorithm>
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

}  // namespace

std::shared_ptr<const Prepared> prepareModule(const Module& module, const TomlTable& service, std::uint64_t seed) {
    const TomlTable table = service.table("settings");
    Settings settings;
    for (auto& [name, value] : table.entries()) {
        settings.insert_or_assign(name, std::move(value));
    }
    Readings readings;
    if (!readFiles(module, table, settings, readings)) {
        return nullptr;
    }
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

}  // namespace apiary::agent
