#pragma once

#include "agent/shell/shell_environment.hpp"
#include "agent/shell/shell_files.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// Where login notes who is logged in, for who and w. It lies in memory on a router: no visit leaves it to the next.
constexpr std::string_view kLoginsFile = "/var/run/utmp";

struct ShellLogin {
    std::string user;
    std::string terminal;  // "pts/0"
    std::string from;      // "192.0.2.7:41000"
    std::int64_t at = 0;   // seconds since 1970
};

/// Writes the file of logins anew with this one alone: a record of glibc's utmp(5), little end first.
void noteShellLogin(ShellFiles& files, const ShellLogin& login);

/// What the file says; nothing of records that are cut or of another kind.
std::vector<ShellLogin> shellLogins(const ShellFiles& files);

/// Sets what su tells a user's shell: HOME, USER, LOGNAME and SHELL, by the line of /etc/passwd with that name.
/// `enters`: it begins in the user's folder, with nothing else in its environment but TERM.
void setShellUser(ShellEnvironment& environment, const ShellFiles& files, std::string_view user, std::string shell,
                  bool enters);

/// The fields of the user's line in such a file; none if there is none.
std::vector<std::string> shellAccount(const ShellFiles& files, std::string_view file, std::string_view user);

}  // namespace apiary::agent
