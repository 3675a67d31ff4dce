#pragma once

#include "agent/protocol/session.hpp"
#include "agent/protocols/http_site.hpp"

#include <cstdint>
#include <memory>
#include <string_view>

namespace apiary::agent {

/// What an HTTP module puts into its table of settings.
inline constexpr Setting kHttpSiteSetting{
    "site", "", "a folder whose files are shown; empty: the default page of Debian's Apache", SettingKind::Folder};
inline constexpr Setting kHttpApplicationSetting{
    "application", "", "a TOML file of [[route]] tables, which answer before files do", SettingKind::Tables};

/// Makes the site of what was read for those two. Debian's page is there unless a folder is, or a route for "/". In
/// texts and in the application, so that not all sensors show the same bytes, these stand for what is the sensor's own:
/// {{company}} and {{Company}}, the name that its other decoys use as well; {{token}} and {{secret}}, 32 and 64
/// hexadecimal digits. Those of a visit are filled in later: HttpAnswers. An Error names the setting.
Result<std::shared_ptr<const HttpSite>> httpSite(const Readings& readings, std::uint64_t sensorSeed);

/// Valid for ever.
extern const std::string_view kHttpDefaultPage;

}  // namespace apiary::agent
