/// The long options of those applets that have some, as Debian's BusyBox was built.

#include "agent/shell/shell_interpreter.hpp"

#include <algorithm>

namespace apiary::agent {
namespace {

enum class Value : std::uint8_t { None, Needed, Possible };

struct LongOption {
    std::string_view applet;
    std::string_view name;
    char letter;  // that it stands for; '\0': it is taken, and changes nothing here
    Value value = Value::None;
};

constexpr LongOption kOptions[] = {
    {"cp", "archive", 'a'},
    {"cp", "force", 'f'},
    {"cp", "interactive", 'i'},
    {"cp", "link", 'l'},
    {"cp", "dereference", 'L'},
    {"cp", "no-clobber", 'n'},
    {"cp", "no-dereference", 'P'},
    {"cp", "recursive", 'R'},
    {"cp", "symbolic-link", 's'},
    {"cp", "no-target-directory", 'T'},
    {"cp", "target-directory", 't', Value::Needed},
    {"cp", "verbose", 'v'},
    {"cp", "update", 'u'},
    {"cp", "remove-destination", '\0'},
    {"cp", "parents", '\0'},
    {"cp", "reflink", '\0', Value::Possible},
    {"mv", "force", 'f'},
    {"mv", "interactive", 'i'},
    {"mv", "no-clobber", 'n'},
    {"mv", "no-target-directory", 'T'},
    {"mv", "target-directory", 't', Value::Needed},
    {"mv", "verbose", 'v'},
    {"mkdir", "mode", 'm', Value::Needed},
    {"mkdir", "parents", 'p'},
    {"mkdir", "verbose", 'v'},
    {"rmdir", "parents", 'p'},
    {"rmdir", "verbose", 'v'},
    {"touch", "no-create", 'c'},
    {"touch", "no-dereference", 'h'},
    {"touch", "reference", 'r', Value::Needed},
    {"touch", "date", 'd', Value::Needed},
    {"chown", "recursive", 'R'},
    {"chown", "changes", 'c'},
    {"chown", "dereference", '\0'},
    {"chown", "no-dereference", 'h'},
    {"chown", "quiet", 'f'},
    {"chown", "silent", 'f'},
    {"chown", "verbose", 'v'},
    {"date", "rfc-822", 'R'},
    {"date", "set", 's', Value::Needed},
    {"date", "utc", 'u'},
    {"date", "universal", 'u'},
    {"date", "date", 'd', Value::Needed},
    {"date", "reference", 'r', Value::Needed},
    {"uname", "all", 'a'},
    {"uname", "kernel-name", 's'},
    {"uname", "nodename", 'n'},
    {"uname", "kernel-release", 'r'},
    {"uname", "kernel-version", 'v'},
    {"uname", "machine", 'm'},
    {"uname", "processor", 'p'},
    {"uname", "hardware-platform", 'i'},
    {"uname", "operating-system", 'o'},
    {"gzip", "stdout", 'c'},
    {"gzip", "to-stdout", 'c'},
    {"gzip", "force", 'f'},
    {"gzip", "verbose", 'v'},
    {"gzip", "quiet", 'q'},
    {"gzip", "no-name", 'n'},
    {"gzip", "test", 't'},
    {"gzip", "fast", '1'},
    {"gzip", "best", '9'},
    {"gunzip", "stdout", 'c'},
    {"gunzip", "to-stdout", 'c'},
    {"gunzip", "force", 'f'},
    {"gunzip", "test", 't'},
    {"gunzip", "no-name", 'n'},
    {"mktemp", "directory", 'd'},
    {"mktemp", "dry-run", 'u'},
    {"mktemp", "quiet", 'q'},
    {"mktemp", "tmpdir", 'p', Value::Possible},
    {"xargs", "no-run-if-empty", 'r'},
    {"ftpget", "continue", 'c'},
    {"ftpget", "verbose", 'v'},
    {"ftpget", "username", 'u', Value::Needed},
    {"ftpget", "password", 'p', Value::Needed},
    {"ftpget", "port", 'P', Value::Needed},
    {"wget", "continue", 'c'},
    {"wget", "quiet", 'q'},
    {"wget", "server-response", 'S'},
    {"wget", "output-document", 'O', Value::Needed},
    {"wget", "output-file", 'o', Value::Needed},
    {"wget", "directory-prefix", 'P', Value::Needed},
    {"wget", "proxy", 'Y', Value::Needed},
    {"wget", "user-agent", 'U', Value::Needed},
    {"wget", "tries", 't', Value::Needed},
    {"wget", "header", '\0', Value::Needed},
    {"wget", "post-data", '\0', Value::Needed},
    {"wget", "post-file", '\0', Value::Needed},
    {"wget", "passive-ftp", '\0'},
    {"wget", "spider", '\0'},
    {"wget", "no-check-certificate", '\0'},
    {"wget", "no-passive-ftp", '\0'},
    {"wget", "no-cache", '\0'},
    {"wget", "no-verbose", '\0'},
    {"wget", "no-clobber", '\0'},
    {"wget", "no-host-directories", '\0'},
    {"wget", "no-parent", '\0'},
};

/// Those that take a second dash for a letter.
constexpr std::string_view kLettersAlone[] = {"head", "hexdump", "nc"};

}  // namespace

/// As getopt_long(): a beginning that means one option alone will do.
bool ShellCall::parseLong(std::size_t& index) {
    const std::string word = words[index];
    const std::size_t sign = std::min(word.find('='), word.size());
    const std::string_view typed = std::string_view(word).substr(2, sign - 2);
    std::vector<const LongOption*> meant;
    for (const LongOption& option : kOptions) {
        if (option.applet == name() && option.name.starts_with(typed)) {
            meant.push_back(&option);
        }
    }
    const auto whole =
        std::ranges::find_if(meant, [&](const LongOption* option) { return option->name.size() == typed.size(); });
    if (whole != meant.end()) {
        meant = {*whole};
    }
    const auto wrong = [&](const std::string& message) {
        fail(message);
        usage();
        return false;
    };
    if (meant.empty()) {
        const bool lettersAlone = std::ranges::find(kLettersAlone, name()) != std::end(kLettersAlone);
        return wrong(lettersAlone ? "invalid option -- '-'" : "unrecognized option '" + word + "'");
    }
    const LongOption& option = *meant.front();
    const bool alike = std::ranges::all_of(
        meant, [&](const LongOption* other) { return other->letter != '\0' && other->letter == option.letter; });
    if (meant.size() > 1 && !alike) {
        std::string names;
        for (const LongOption* other : meant) {
            names += " '--" + std::string(other->name) + '\'';
        }
        return wrong("option '" + word + "' is ambiguous; possibilities:" + names);
    }
    const std::string title = "option '--" + std::string(option.name) + '\'';
    if (option.value == Value::None && sign < word.size()) {
        return wrong(title + " doesn't allow an argument");
    }
    std::string value = sign < word.size() ? word.substr(sign + 1) : std::string{};
    if (option.value == Value::Needed && sign == word.size()) {
        if (index + 1 >= words.size()) {
            return wrong(title + " requires an argument");
        }
        value = words[++index];
    }
    if (option.letter != '\0') {
        options_[option.letter] = value;
        given_.emplace_back(option.letter, value);
    }
    return true;
}

}  // namespace apiary::agent
