#pragma once

#include <string>

namespace apiary::agent {

class ShellCall;

/// The path of a file in the folders of PATH; empty if there is none.
std::string searchedInPath(ShellCall& call, const std::string& name);

// Builtins of ash, for the table in shell_builtins.cpp. Each returns the exit status.
int readBuiltin(ShellCall& call);
int getoptsBuiltin(ShellCall& call);
int killBuiltin(ShellCall& call);
int jobsBuiltin(ShellCall& call);
int waitBuiltin(ShellCall& call);
int foregroundBuiltin(ShellCall& call);
int backgroundBuiltin(ShellCall& call);
int trapBuiltin(ShellCall& call);
int typeBuiltin(ShellCall& call);
int commandBuiltin(ShellCall& call);
int hashBuiltin(ShellCall& call);
int umaskBuiltin(ShellCall& call);
int ulimitBuiltin(ShellCall& call);
int setBuiltin(ShellCall& call);
int exportBuiltin(ShellCall& call);
int readonlyBuiltin(ShellCall& call);
int localBuiltin(ShellCall& call);
int unsetBuiltin(ShellCall& call);
int shiftBuiltin(ShellCall& call);
int letBuiltin(ShellCall& call);
int aliasBuiltin(ShellCall& call);
int unaliasBuiltin(ShellCall& call);

}  // namespace apiary::agent
