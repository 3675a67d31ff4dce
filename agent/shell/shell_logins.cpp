#include "agent/shell/shell_logins.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

// struct utmp of glibc, without the fields that nobody here reads.
constexpr std::size_t kRecord = 384;
constexpr std::size_t kTerminal = 8;
constexpr std::size_t kUser = 44;
constexpr std::size_t kFrom = 76;
constexpr std::size_t kSeconds = 340;
constexpr std::size_t kShort = 32;  // bytes of a terminal's and a user's name
constexpr std::size_t kLong = 256;  // and of a host's
constexpr std::size_t kMost = 64;   // records that are looked at
constexpr char kUserProcess = 7;

void put(std::string& record, std::size_t at, std::string_view text, std::size_t most) {
    text = text.substr(0, most);
    record.replace(at, text.size(), text);
}

std::string textAt(std::string_view record, std::size_t at, std::size_t most) {
    const std::string_view field = record.substr(at, most);
    return std::string(field.substr(0, field.find('\0')));
}

}  // namespace

std::vector<std::string> shellAccount(const ShellFiles& files, std::string_view file, std::string_view user) {
    constexpr std::size_t kMostFields = 10;
    const ShellNode* node = files.find(file);
    std::string_view rest = node == nullptr ? std::string_view{} : node->text();
    while (!rest.empty()) {
        std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        if (!line.starts_with(user) || line.substr(user.size(), 1) != ":") {
            continue;
        }
        std::vector<std::string> fields;
        for (bool more = true; more && fields.size() < kMostFields;) {
            const std::size_t end = line.find(':');
            fields.emplace_back(line.substr(0, end));
            more = end != std::string_view::npos;
            line.remove_prefix(more ? end + 1 : line.size());
        }
        return fields;
    }
    return {};
}

void setShellUser(ShellEnvironment& environment, const ShellFiles& files, std::string_view user, std::string shell,
                  bool enters) {
    constexpr std::size_t kHome = 5;  // which field
    const std::vector<std::string> account = shellAccount(files, "/etc/passwd", user);
    const std::string home = account.size() > kHome ? account[kHome] : "/";
    if (enters) {
        std::erase_if(environment.variables,
                      [](const auto& one) { return one.second.exported && one.first != "TERM"; });
        const ShellFiles::Place place = files.locate("/", home);
        const ShellNode* node = place.error == ShellError::None ? files.find(place.path) : nullptr;
        environment.directory = node != nullptr && node->kind == ShellNode::Kind::Directory ? place.path : "/";
    }
    const std::pair<const char*, std::string> variables[] = {
        {"HOME", home}, {"LOGNAME", std::string(user)}, {"SHELL", std::move(shell)}, {"USER", std::string(user)}};
    for (const auto& [name, value] : variables) {
        environment.set(name, value);
        environment.variables[name].exported = true;
    }
}

void noteShellLogin(ShellFiles& files, const ShellLogin& login) {
    std::string record(kRecord, '\0');
    record[0] = kUserProcess;
    put(record, kTerminal, login.terminal, kShort);
    put(record, kUser, login.user, kShort);
    put(record, kFrom, login.from, kLong);
    for (std::size_t i = 0; i < 4; ++i) {
        record[kSeconds + i] = static_cast<char>(static_cast<std::uint64_t>(login.at) >> (8 * i) & 0xffU);
    }
    // A full disk has no room for it, as for anything else: then nobody is logged in.
    static_cast<void>(files.layDown(std::string(kLoginsFile), std::move(record), login.at));
}

std::vector<ShellLogin> shellLogins(const ShellFiles& files) {
    std::vector<ShellLogin> logins;
    const ShellNode* node = files.find(kLoginsFile);
    std::string_view rest = node == nullptr ? std::string_view{} : node->text();
    for (; rest.size() >= kRecord && logins.size() < kMost; rest.remove_prefix(kRecord)) {
        if (rest[0] != kUserProcess) {
            continue;
        }
        std::uint64_t seconds = 0;
        for (std::size_t i = 4; i-- > 0;) {
            seconds = seconds << 8U | static_cast<unsigned char>(rest[kSeconds + i]);
        }
        logins.push_back({textAt(rest, kUser, kShort), textAt(rest, kTerminal, kShort), textAt(rest, kFrom, kLong),
                          static_cast<std::int64_t>(seconds)});
    }
    return logins;
}

}  // namespace apiary::agent
