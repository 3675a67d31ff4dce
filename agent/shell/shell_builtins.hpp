#pragma once

namespace apiary::agent {

class ShellCall;

// Builtins of ash, for the table in shell_builtins.cpp. Each returns the exit status.
int readBuiltin(ShellCall& call);
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
