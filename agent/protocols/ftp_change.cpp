#include "agent/protocol/conversation.hpp"
#include "agent/protocols/ftp_listing.hpp"
#include "agent/protocols/ftp_session.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::int64_t kFirstTime = -(std::int64_t{1} << 31U);  // that ext4 can keep, and the last
constexpr std::int64_t kLastTime = (std::int64_t{1} << 34U) + kFirstTime - 1;

std::string quoted(std::string_view path) {
    std::string text = "\"";
    for (const char c : path) {
        text += c;
        text += c == '"' ? "\"" : "";
    }
    return text + '"';
}

bool digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// As many octal digits as there are in front.
std::uint16_t octalNumber(std::string_view text) {
    unsigned value = 0;
    for (const char c : text) {
        if (c < '0' || c > '7') {
            break;
        }
        value = (value * 8 + static_cast<unsigned>(c - '0')) & 0777777U;
    }
    return static_cast<std::uint16_t>(value & 0777U);
}

std::string octalText(unsigned value) {
    std::string text;
    for (; value > 0; value /= 8) {
        text.insert(text.begin(), static_cast<char>('0' + value % 8));
    }
    return '0' + text;
}

/// YYYYMMDD or YYYYMMDDhhmmss as seconds since 1970. Like the real server's mktime(), it takes the 30th of February and
/// the 13th month for the days that they run on to.
std::int64_t timeOf(std::string_view text) {
    const auto number = [&](std::size_t at, std::size_t length) {
        return at + length <= text.size() ? ftpNumber(text.substr(at, length)) : 0;
    };
    const auto month = std::chrono::year_month{std::chrono::year{number(0, 4)}, std::chrono::January} +
                       std::chrono::months{number(4, 2) - 1};
    const std::int64_t day = std::chrono::sys_days{month / 1}.time_since_epoch().count() + number(6, 2) - 1;
    const std::int64_t time =
        day * 86400 + std::int64_t{3600} * number(8, 2) + std::int64_t{60} * number(10, 2) + number(12, 2);
    return std::clamp(time, kFirstTime, kLastTime);
}

}  // namespace

std::string ftpExpand(std::string_view path) {
    const bool home = path == "~" || path.starts_with("~/");
    return (home ? "/" : "") + std::string(path.substr(home ? 1 : 0));
}

std::string FtpSession::absolute(const std::string& argument) const {
    if (argument.starts_with('/')) {
        return argument;
    }
    return workingDirectory_ + (workingDirectory_ == "/" ? "" : "/") + argument;
}

void FtpSession::remember(Turn& turn) {
    turn.remember(ownFiles().remembered(service_.files.get(), Conversation::kRemembered));
}

void FtpSession::pwd(const std::string&, Turn& turn) {
    // getcwd() has no name for a directory that is gone.
    const bool there = files().find(workingDirectory_) != nullptr;
    reply(257, quoted(there ? workingDirectory_ : "") + " is the current directory", turn);
}

void FtpSession::cwd(const std::string& argument, Turn& turn) {
    const auto path = resolve(ftpExpand(argument));
    const FtpNode* node = path ? files().find(path->absolute) : nullptr;
    const bool gone = node == nullptr && path && path->throughDots;  // which one may stay in all the same
    if (!gone && (node == nullptr || !node->directory || !FtpFiles::maySearch(*node, who()))) {
        reply(550, "Failed to change directory.", turn);
        return;
    }
    workingDirectory_ = path->absolute;
    reply(250, "Directory successfully changed.", turn);
}

void FtpSession::cdup(const std::string&, Turn& turn) {
    cwd("..", turn);
}

void FtpSession::mkd(const std::string& argument, Turn& turn) {
    const std::string name = ftpExpand(argument);
    const auto path = resolve(name);
    if (!path ||
        !ownFiles().makeDirectory(*path, who(), static_cast<std::uint16_t>(0777U & ~umask_), ftpSeconds(turn))) {
        reply(550, "Create directory operation failed.", turn);
        return;
    }
    remember(turn);
    reply(257, quoted(absolute(name)) + " created", turn);
}

void FtpSession::rmd(const std::string& argument, Turn& turn) {
    const auto path = resolve(ftpExpand(argument));
    if (!path || !ownFiles().removeDirectory(*path, who(), ftpSeconds(turn))) {
        reply(550, "Remove directory operation failed.", turn);
        return;
    }
    remember(turn);
    reply(250, "Remove directory operation successful.", turn);
}

void FtpSession::dele(const std::string& argument, Turn& turn) {
    const auto path = resolve(ftpExpand(argument));
    if (!path || !ownFiles().removeFile(*path, who(), ftpSeconds(turn))) {
        reply(550, "Delete operation failed.", turn);
        return;
    }
    remember(turn);
    reply(250, "Delete operation successful.", turn);
}

void FtpSession::rnfr(const std::string& argument, Turn& turn) {
    renameFrom_ = ftpExpand(argument);
    const auto path = resolve(renameFrom_);
    if (!path || files().find(path->absolute) == nullptr) {
        renameFrom_.clear();
        reply(550, "RNFR command failed.", turn);
        return;
    }
    reply(350, "Ready for RNTO.", turn);
}

void FtpSession::rnto(const std::string& argument, Turn& turn) {
    if (renameFrom_.empty()) {
        reply(503, "RNFR required first.", turn);
        return;
    }
    const auto from = resolve(std::exchange(renameFrom_, {}));
    const auto to = resolve(ftpExpand(argument));
    if (!from || !to || !ownFiles().rename(*from, *to, who(), ftpSeconds(turn))) {
        reply(550, "Rename failed.", turn);
        return;
    }
    const std::string_view below = std::string_view(workingDirectory_).substr(0, from->absolute.size() + 1);
    if (below == from->absolute || below == from->absolute + '/') {
        workingDirectory_.replace(0, from->absolute.size(), to->absolute);
    }
    remember(turn);
    reply(250, "Rename successful.", turn);
}

void FtpSession::size(const std::string& argument, Turn& turn) {
    const auto path = resolve(ftpExpand(argument));
    const FtpNode* node = path ? files().find(path->absolute) : nullptr;
    if (node == nullptr || node->directory) {
        reply(550, "Could not get file size.", turn);
        return;
    }
    reply(213, std::to_string(node->size), turn);
}

/// With a time in front of the name, and no file called all that, it sets the time instead. Only then is a leading ~
/// understood.
void FtpSession::mdtm(const std::string& argument, Turn& turn) {
    const auto find = [&](const std::string& name) -> const FtpNode* {
        const auto path = resolve(name);
        const FtpNode* node = path ? files().find(path->absolute) : nullptr;
        return node != nullptr && !node->directory ? node : nullptr;
    };
    const auto blank = argument.find(' ');
    const bool isTime = blank == 8 || blank == 14 || (blank != std::string::npos && blank > 15 && argument[14] == '.');
    const bool sets = !guest_ && isTime && digits(argument.substr(0, 1)) && find(argument) == nullptr;
    if (!sets) {
        const FtpNode* node = find(argument);
        node != nullptr ? reply(213, ftpTime(node->modified), turn)
                        : reply(550, "Could not get file modification time.", turn);
        return;
    }
    const std::string name = ftpExpand(argument.substr(blank + 1));
    const auto path = resolve(name);
    const auto time = timeOf(argument.substr(0, blank));
    if (find(name) == nullptr || !ownFiles().setModified(path->absolute, who(), time)) {
        reply(550, "Could not set file modification time.", turn);
        return;
    }
    remember(turn);
    reply(213, "File modification time set.", turn);
}

void FtpSession::site(const std::string& argument, Turn& turn) {
    const auto blank = std::min(argument.find(' '), argument.size());
    const std::string verb = ftpUpper(argument.substr(0, blank));
    const std::string rest = argument.substr(std::min(blank + 1, argument.size()));
    if (verb == "CHMOD") {
        chmod(rest, turn);
    } else if (verb == "UMASK") {
        umask(rest, turn);
    } else if (verb == "HELP") {
        reply(214, "CHMOD UMASK HELP", turn);
    } else {
        reply(500, "Unknown SITE command.", turn);
    }
}

void FtpSession::chmod(const std::string& argument, Turn& turn) {
    const auto blank = argument.find(' ');
    const std::string name = blank == std::string::npos ? "" : argument.substr(blank + 1);
    if (name.empty()) {
        reply(500, "SITE CHMOD needs 2 arguments.", turn);
        return;
    }
    const auto path = resolve(ftpExpand(name));
    if (!path || !ownFiles().setMode(path->absolute, who(), octalNumber(argument.substr(0, blank)))) {
        reply(550, "SITE CHMOD command failed.", turn);
        return;
    }
    remember(turn);
    reply(200, "SITE CHMOD command ok.", turn);
}

void FtpSession::umask(const std::string& argument, Turn& turn) {
    if (!argument.empty()) {
        umask_ = octalNumber(argument);
    }
    reply(200, (argument.empty() ? "Your current UMASK is " : "UMASK set to ") + octalText(umask_), turn);
}

}  // namespace apiary::agent
