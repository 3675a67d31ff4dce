/// Applets that go by passwords: becoming another user, changing a password, logging in.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_logins.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kLongestPassword = 128;

// Fields of /etc/passwd.
constexpr std::size_t kId = 2;
constexpr std::size_t kComment = 4;
constexpr std::size_t kShell = 6;

/// The user's line in /etc/passwd, by its fields; empty if there is none that is whole.
std::vector<std::string> accountNamed(ShellCall& call, const std::string& name) {
    const std::vector<std::string> account = shellAccount(call.files(), "/etc/passwd", name);
    return account.size() > kId + 1 ? account : std::vector<std::string>{};
}

constexpr std::string_view kUnprivileged = "must be suid to work properly";

/// BusyBox is no setuid program: it serves root alone.
int substituteUser(ShellCall& call) {
    if (!call.parse("lmpc:s:")) {
        return 1;
    }
    const bool login = std::erase(call.words, "-") > 0 || call.has('l');
    if (call.files().user() != 0) {
        return call.fail(kUnprivileged);
    }
    const std::string user = call.words.size() > 1 ? call.words[1] : "root";
    const std::vector<std::string> account = accountNamed(call, user);
    if (account.empty()) {
        return call.fail("unknown user " + user);
    }
    const std::string own = account.size() > kShell && !account[kShell].empty() ? account[kShell] : "/bin/sh";
    const std::string program = call.valueOr('s', own);
    if (nameOf(program) == "false" || nameOf(program) == "nologin") {
        return 1;
    }
    const ShellFiles::Place place = call.locate(program);
    const ShellError error = place.error != ShellError::None ? place.error : call.files().mayExecute(place.path);
    if (error != ShellError::None) {
        return call.fail("can't execute '" + program + "': " + std::string(errorText(error)));
    }
    const auto id = parseNumber<std::uint32_t>(account[kId]).value_or(0);
    std::vector<std::string> words{std::string(nameOf(program))};
    if (call.has('c')) {
        words.insert(words.end(), {"-c", call.value('c')});
    }
    words.insert(words.end(), call.words.begin() + std::min<std::ptrdiff_t>(std::ssize(call.words), 2),
                 call.words.end());
    ShellEnvironment& environment = call.environment();
    const ShellEnvironment before = environment;
    if (!call.has('m') && !call.has('p')) {
        setShellUser(environment, call.files(), user, program, login);
    }
    environment.user = id;
    call.files().become(id);
    int status = 0;
    if (words.front() == "sh" || words.front() == "ash") {
        ShellCall shell(call.shell(), std::move(words));
        shell.calledAs = login ? "-sh" : "";
        status = runShellApplet(shell);
    } else {
        status = call.shell().file(program, std::move(words));
    }
    const bool nested = environment.nested;
    const std::vector<std::string> arguments = environment.nestedArguments;
    environment = before;
    call.files().become(before.user);
    if (nested) {  // it begins when the line is over
        environment.nested = true;
        environment.nestedArguments = arguments;
        environment.nestedLogin = login;
        environment.nestedUser = id;
    }
    return status;
}

/// Locks, unlocks or removes a password, where it stands in /etc/shadow or /etc/passwd.
int changePassword(ShellCall& call, const std::string& user, bool shadowed) {
    const std::string path = shadowed ? "/etc/shadow" : "/etc/passwd";
    const std::vector<std::string> fields = shellAccount(call.files(), path, user);
    std::string hash = fields.size() > 1 ? fields[1] : "";
    if (call.has('u') && !hash.starts_with('!')) {
        return call.fail("password for " + user + " is already unlocked");
    }
    if (call.has('l') && hash.starts_with('!')) {
        return call.fail("password for " + user + " is already locked");
    }
    hash = call.has('d') ? "" : call.has('l') ? '!' + hash : hash.substr(1);
    std::string text(call.files().find(path)->text());
    const std::string begins = user + ':';
    const std::size_t line = text.starts_with(begins) ? 0 : text.find('\n' + begins) + 1;
    const std::size_t at = line + begins.size();
    text.replace(at, std::min(text.find_first_of(":\n", at), text.size()) - at, hash);
    ShellStream file{ShellStream::Kind::File, path};
    const ShellError error = call.files().create(path, 0600, call.work().seconds());
    if (error == ShellError::None) {
        call.work().write(file, text);
    }
    call.fail("password for " + user + " changed by " + call.work().host().userName(call.files().user()));
    return 0;
}

/// True if either has the other in it, forwards or backwards, whatever the case.
bool similar(std::string one, std::string other) {
    for (std::string* text : {&one, &other}) {
        std::ranges::transform(*text, text->begin(),
                               [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    }
    const std::string backwards(one.rbegin(), one.rend());
    return one.find(other) != std::string::npos || other.find(one) != std::string::npos ||
           backwards.find(other) != std::string::npos || other.find(backwards) != std::string::npos;
}

/// What BusyBox finds wrong with a password; nothing if it is good enough.
std::string_view weaknessOf(ShellCall& call, const std::string& word, const std::string& user) {
    constexpr std::size_t kShortest = 6;
    constexpr std::size_t kKinds = 4;
    if (word.size() < kShortest) {
        return "too short";
    }
    const std::vector<std::string> account = accountNamed(call, user);
    const std::string comment = account.size() > kComment ? account[kComment] : "";
    if (similar(word, user)) {
        return "similar to username";
    }
    if (!comment.empty() && similar(word, comment)) {
        return "similar to gecos";
    }
    if (similar(word, call.work().host().spec().hostName)) {
        return "similar to hostname";
    }
    std::array<bool, kKinds> kinds{};
    for (const char c : word) {
        const auto byte = static_cast<unsigned char>(c);
        kinds[std::islower(byte) != 0 ? 0 : std::isupper(byte) != 0 ? 1 : std::isdigit(byte) != 0 ? 2 : 3] = true;
        if (static_cast<std::size_t>(std::ranges::count(word, c)) * 2 >= word.size()) {
            return "too many similar characters";
        }
    }
    const auto lacking = static_cast<std::size_t>(std::ranges::count(kinds, false));
    return word.size() < kShortest + 2 * lacking ? "too weak" : "";
}

/// Reads twice what it was told not to show; the password of the decoy stays.
int password(ShellCall& call) {
    if (!call.parse("a:luds")) {
        return 1;
    }
    if (call.files().user() != 0) {
        return call.fail(kUnprivileged);
    }
    const std::string user = call.words.size() > 1 ? call.words[1] : call.work().host().userName(call.files().user());
    if (accountNamed(call, user).empty()) {
        return call.fail("unknown user " + user);
    }
    const bool shadowed = !shellAccount(call.files(), "/etc/shadow", user).empty();
    if (!shadowed) {
        call.fail("no record of " + user + " in /etc/shadow, using /etc/passwd");
    }
    if (call.has('l') || call.has('u') || call.has('d')) {
        return changePassword(call, user, shadowed);
    }
    call.out("Changing password for " + user + "\nNew password: ");
    const std::string first = call.work().readLine(*call.input());
    if (call.work().starved()) {
        return 1;
    }
    call.out("\n");
    const std::string word = first.substr(0, std::min<std::size_t>(first.find('\n'), kLongestPassword));
    if (!first.empty()) {
        const std::string_view weakness = weaknessOf(call, word, user);
        call.out(weakness.empty() ? "" : "Bad password: " + std::string(weakness) + '\n');
    }
    call.out("Retype password: ");
    const std::string second = first.empty() ? first : call.work().readLine(*call.input());
    if (call.work().starved()) {
        return 1;
    }
    call.out("\n");
    if (first != second || first.empty()) {
        call.out(first.empty() ? "" : "Passwords don't match\n");
        return call.fail("password for " + user + " is unchanged");
    }
    call.out("passwd: password for " + user + " changed by " + call.work().host().userName(call.files().user()) + '\n');
    return 0;
}

/// Becomes a user without a password after -f; else there is no password that is right.
int login(ShellCall& call) {
    if (!call.parse("f:h:p")) {
        return 1;
    }
    constexpr int kMostTries = 3;
    constexpr Millis kPenalty{3000};
    std::string name = call.valueOr('f', call.words.size() > 1 ? call.words[1] : "");
    if (call.has('f') && !accountNamed(call, name).empty()) {
        ShellCall shell(call.shell(), {"sh"});
        shell.calledAs = "-sh";
        return runShellApplet(shell);
    }
    for (int tries = 0; tries < kMostTries; ++tries) {
        while (name.empty()) {
            call.out(call.work().host().spec().hostName + " login: ");
            const std::string line = call.work().readLine(*call.input());
            if (line.empty()) {  // the end of input, or it is not typed yet
                return 1;
            }
            const std::size_t first = std::min(line.find_first_not_of(" \t"), line.size());
            name = line.substr(first, line.find('\n', first) - first);
        }
        call.out("Password: ");
        if (call.work().readLine(*call.input()).empty()) {
            return 1;
        }
        call.out("\n");
        call.work().wait(kPenalty);
        call.out("Login incorrect\n");
        name.clear();
    }
    return 1;
}

constexpr ShellApplet kApplets[] = {
    {"login", login},
    {"passwd", password, "/usr/bin"},
    {"su", substituteUser},
};

}  // namespace

std::span<const ShellApplet> shellAccountApplets() {
    return kApplets;
}

}  // namespace apiary::agent
