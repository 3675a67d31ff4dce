#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace apiary::agent {

class ShellCall;

/// A program inside BusyBox, or a builtin of ash. Returns the exit status.
struct ShellApplet {
    std::string_view name;
    int (*run)(ShellCall& call);
    std::string_view folder = "/bin";  // where its link lies
};

/// Null if there is none of that name.
const ShellApplet* findShellApplet(std::string_view name);
const ShellApplet* findShellBuiltin(std::string_view name);

/// One of those that POSIX calls special: an error of theirs gives up the line.
bool isSpecialShellBuiltin(std::string_view name);

/// All of them, by name.
std::vector<std::string_view> shellAppletNames();
std::string_view shellAppletFolder(std::string_view name);

/// What follows the version in the help of an applet: "Usage: …"; nothing if it has none.
std::string_view shellUsage(std::string_view name);

// One group of applets a file.
std::span<const ShellApplet> shellFileApplets();
std::span<const ShellApplet> shellCopyApplets();
std::span<const ShellApplet> shellAttributeApplets();
std::span<const ShellApplet> shellListApplets();
std::span<const ShellApplet> shellLsApplets();
std::span<const ShellApplet> shellFindApplets();
std::span<const ShellApplet> shellTextApplets();
std::span<const ShellApplet> shellLineApplets();
std::span<const ShellApplet> shellFilterApplets();
std::span<const ShellApplet> shellGrepApplets();
std::span<const ShellApplet> shellSortApplets();
std::span<const ShellApplet> shellNumberApplets();
std::span<const ShellApplet> shellCalendarApplets();
std::span<const ShellApplet> shellBlockApplets();
std::span<const ShellApplet> shellDumpApplets();
std::span<const ShellApplet> shellHexdumpApplets();
std::span<const ShellApplet> shellGzipApplets();
std::span<const ShellApplet> shellTarApplets();
std::span<const ShellApplet> shellPlainApplets();
std::span<const ShellApplet> shellSystemApplets();
std::span<const ShellApplet> shellNetworkApplets();
std::span<const ShellApplet> shellDigestApplets();
std::span<const ShellApplet> shellDifferenceApplets();
std::span<const ShellApplet> shellExpressionApplets();
std::span<const ShellApplet> shellOperandApplets();
std::span<const ShellApplet> shellRunApplets();
std::span<const ShellApplet> shellProcessApplets();
std::span<const ShellApplet> shellUserApplets();
std::span<const ShellApplet> shellAccountApplets();
std::span<const ShellApplet> shellAddressApplets();
std::span<const ShellApplet> shellSettingsApplets();
std::span<const ShellApplet> shellDeviceApplets();
std::span<const ShellApplet> shellRareApplets();
std::span<const ShellApplet> shellScriptApplets();
std::span<const ShellApplet> shellBuiltins();

/// Of BusyBox itself; the shell as a program; `test`.
int runBusybox(ShellCall& call);
int runShellApplet(ShellCall& call);
int runDate(ShellCall& call);
int runTest(ShellCall& call);
int runEcho(ShellCall& call);
int runPrintf(ShellCall& call);
int runSed(ShellCall& call);
int runAwk(ShellCall& call);
int runBc(ShellCall& call);
int runDc(ShellCall& call);

/// Runs what the words from `first` on say, as a program. An error says `prefix` and which one.
int runRest(ShellCall& call, std::size_t first, std::string_view prefix = "can't execute ");

}  // namespace apiary::agent
