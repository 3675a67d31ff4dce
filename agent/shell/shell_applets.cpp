#include "agent/shell/shell_applets.hpp"

#include <algorithm>

namespace apiary::agent {
namespace {

/// All groups in one, by name. Made at the first use and never changed.
const std::vector<ShellApplet>& table() {
    static const std::vector<ShellApplet> all = [] {
        std::vector<ShellApplet> applets;
        for (const auto group :
             {shellFileApplets(),     shellCopyApplets(),       shellAttributeApplets(),  shellListApplets(),
              shellFindApplets(),     shellTextApplets(),       shellLineApplets(),       shellFilterApplets(),
              shellGrepApplets(),     shellSortApplets(),       shellNumberApplets(),     shellCalendarApplets(),
              shellBlockApplets(),    shellDumpApplets(),       shellHexdumpApplets(),    shellGzipApplets(),
              shellTarApplets(),      shellPlainApplets(),      shellSystemApplets(),     shellNetworkApplets(),
              shellDigestApplets(),   shellDifferenceApplets(), shellExpressionApplets(), shellOperandApplets(),
              shellRunApplets(),      shellProcessApplets(),    shellUserApplets(),       shellAddressApplets(),
              shellSettingsApplets(), shellRareApplets(),       shellLsApplets(),         shellDeviceApplets(),
              shellAccountApplets(),  shellScriptApplets()}) {
            applets.insert(applets.end(), group.begin(), group.end());
        }
        std::ranges::sort(applets, {}, &ShellApplet::name);
        return applets;
    }();
    return all;
}

}  // namespace

const ShellApplet* findShellApplet(std::string_view name) {
    const auto found = std::ranges::lower_bound(table(), name, {}, &ShellApplet::name);
    return found != table().end() && found->name == name ? &*found : nullptr;
}

std::vector<std::string_view> shellAppletNames() {
    std::vector<std::string_view> names;
    for (const ShellApplet& applet : table()) {
        names.push_back(applet.name);
    }
    return names;
}

std::string_view shellAppletFolder(std::string_view name) {
    const ShellApplet* applet = findShellApplet(name);
    return applet == nullptr ? "/bin" : applet->folder;
}

}  // namespace apiary::agent
