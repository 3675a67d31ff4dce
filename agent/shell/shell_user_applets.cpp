/// Applets about users: who they are by the machine's files, who is logged in, what is to run for them.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_logins.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <optional>

namespace apiary::agent {
namespace {

struct User {
    std::string name;
    std::string id;
    std::string group;  // its id
};

/// The fields of the first line of a file whose field `which` is `value`.
std::optional<std::vector<std::string>> entryOf(ShellCall& call, const std::string& path, std::size_t which,
                                                std::string_view value) {
    const auto place = call.files().locate("/", path);
    const ShellNode* node = place.error == ShellError::None ? call.files().find(place.path) : nullptr;
    std::string_view text = node == nullptr ? std::string_view{} : node->text();
    while (!text.empty() && call.work().move(64)) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        std::vector<std::string> fields;
        for (std::size_t end = 0; end != std::string_view::npos && fields.size() < 8;) {
            end = line.find(':');
            fields.emplace_back(line.substr(0, end));
            line.remove_prefix(std::min(end == std::string_view::npos ? line.size() : end + 1, line.size()));
        }
        if (fields.size() > std::max<std::size_t>(which, 3) - 1 && fields[which] == value) {
            return fields;
        }
    }
    return {};
}

std::optional<User> userNamed(ShellCall& call, const std::string& name) {
    const auto entry = entryOf(call, "/etc/passwd", 0, name);
    return entry && entry->size() > 3 ? std::optional(User{name, (*entry)[2], (*entry)[3]}) : std::nullopt;
}

User self(ShellCall& call) {
    const std::uint32_t id = call.files().user();
    const std::string number = std::to_string(id);
    return {call.work().host().userName(id), number, number};
}

std::string groupName(ShellCall& call, const std::string& id) {
    const auto entry = entryOf(call, "/etc/group", 2, id);
    return entry ? entry->front() : "";
}

int identity(ShellCall& call) {
    if (!call.parse("ugGnr")) {
        return 1;
    }
    if (call.words.size() > 2) {
        return call.usage();
    }
    auto user = call.words.size() > 1 ? userNamed(call, call.words[1]) : std::optional(self(call));
    if (!user) {
        return call.fail("unknown user " + call.words[1]);
    }
    const std::string group = groupName(call, user->group);
    if (const auto first = entryOf(call, "/etc/passwd", 2, user->id)) {
        user->name = first->front();  // of those that share the number
    }
    if (call.has('u')) {
        call.out((call.has('n') ? user->name : user->id) + '\n');
    } else if (call.has('g') || call.has('G')) {
        call.out((call.has('n') && !group.empty() ? group : user->group) + '\n');
    } else if (call.has('n') || call.has('r')) {
        return call.usage();
    } else {
        const std::string shown = user->group + (group.empty() ? "" : '(' + group + ')');
        call.out("uid=" + user->id + '(' + user->name + ") gid=" + shown + " groups=" + shown + '\n');
    }
    return 0;
}

int groupNames(ShellCall& call) {
    if (!call.parse("")) {
        return 1;
    }
    const auto user = call.words.size() > 1 ? userNamed(call, call.words[1]) : std::optional(self(call));
    if (!user) {
        return call.fail("unknown user " + call.words[1]);
    }
    const std::string group = groupName(call, user->group);
    call.out((group.empty() ? user->group : group) + '\n');
    return 0;
}

int whoAmI(ShellCall& call) {
    if (!call.parse("")) {
        return 1;
    }
    if (call.words.size() > 1) {
        return call.usage();
    }
    call.out(call.work().host().userName(call.files().user()) + '\n');
    return 0;
}

int loggedIn(ShellCall& call) {
    if (!call.parse(call.name() == "w" ? "" : "aH")) {
        return 1;
    }
    if (call.words.size() > 1) {
        return call.usage();
    }
    if (call.name() == "w" || call.has('H')) {
        call.out("USER\t\tTTY\t\tIDLE\tTIME\t\t HOST\n");
    }
    for (const ShellLogin& login : shellLogins(call.files())) {
        call.out(printed("%-15s %-15s %-7s %-16s %s\n", login.user.c_str(), login.terminal.c_str(), "00:00",
                         dateOf(login.at).substr(0, 15).c_str(), login.from.c_str()));
    }
    return 0;
}

int lastUsers(ShellCall& call) {
    return call.parse("Wf:") ? call.fail("can't open '/var/log/wtmp': No such file or directory") : 1;
}

int loginName(ShellCall& call) {
    if (!call.parse("")) {
        return 1;
    }
    if (call.words.size() > 1) {
        return call.usage();
    }
    const std::vector<ShellLogin> logins = shellLogins(call.files());
    if (logins.empty()) {
        return call.fail("getlogin: No such device or address");
    }
    call.out(logins.front().user + '\n');
    return 0;
}

int terminalName(ShellCall& call) {
    if (!call.parse("s")) {
        return 1;
    }
    const bool terminal = call.input()->kind == ShellStream::Kind::Terminal;
    if (!call.has('s')) {
        call.out(terminal ? "/dev/pts/0\n" : "not a tty\n");
    }
    return terminal ? 0 : 1;
}

int schedule(ShellCall& call) {
    if (!call.parse("u:c:lerd")) {
        return 1;
    }
    const bool acts = call.has('l') || call.has('e') || call.has('r') || call.has('d');
    if (acts ? call.words.size() > 1 : call.words.size() != 2) {
        return call.usage();
    }
    const std::string user = call.valueOr('u', call.work().host().userName(call.files().user()));
    if (!userNamed(call, user)) {
        return call.fail("unknown user " + user);
    }
    if (call.words.size() > 1 && call.words[1] != "-" && !call.open(call.words[1])) {
        return 1;
    }
    const std::string folder = call.valueOr('c', "/var/spool/cron/crontabs");
    const ShellFiles::Place place = call.locate(folder);
    if (place.error != ShellError::None || call.files().find(place.path) == nullptr) {
        return call.fail("can't change directory to '" + folder + "': No such file or directory");
    }
    const std::string table = place.path + '/' + user;
    if (call.has('l')) {
        const ShellNode* node = call.files().find(table);
        if (node == nullptr) {
            return call.fail("can't open '" + user + "': No such file or directory");
        }
        call.out(node->text());
    }
    return 0;
}

constexpr ShellApplet kApplets[] = {
    {"crontab", schedule, "/usr/bin"}, {"groups", groupNames, "/usr/bin"}, {"id", identity, "/usr/bin"},
    {"last", lastUsers, "/usr/bin"},   {"logname", loginName, "/usr/bin"}, {"tty", terminalName, "/usr/bin"},
    {"w", loggedIn, "/usr/bin"},       {"who", loggedIn, "/usr/bin"},      {"whoami", whoAmI, "/usr/bin"},
};

}  // namespace

std::span<const ShellApplet> shellUserApplets() {
    return kApplets;
}

}  // namespace apiary::agent
