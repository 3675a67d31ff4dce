#include "agent/protocols/ftp_listing.hpp"
#include "agent/protocols/ftp_session.hpp"

#include <algorithm>
#include <chrono>
#include <climits>
#include <utility>

namespace apiary::agent {
namespace {

/// REST's number: nothing but digits, and not too many of them, or it is 0.
std::uint64_t offsetOf(std::string_view text) {
    if (text.empty() || text.size() > 15 || text.find_first_not_of("0123456789") != std::string_view::npos) {
        return 0;
    }
    return std::stoull(std::string(text));
}

}  // namespace

std::int64_t ftpSeconds(const Turn& turn) {
    return std::chrono::floor<std::chrono::seconds>(turn.now()).time_since_epoch().count();
}

int ftpNumber(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\n\v\f\r");
    text.remove_prefix(std::min(first, text.size()));
    const bool negative = text.starts_with('-');
    text.remove_prefix(negative || text.starts_with('+') ? 1 : 0);
    std::int64_t number = 0;
    for (; !text.empty() && text[0] >= '0' && text[0] <= '9' && number <= INT_MAX; text.remove_prefix(1)) {
        number = number * 10 + (text[0] - '0');
    }
    return number > INT_MAX || (negative && number > 0) ? -1 : static_cast<int>(number);
}

void FtpSession::openChannel(bool extended, Turn& turn) {
    extended_ = extended;
    channel_ = Channel::Asked;
    ++channelId_;
    turn.openPassive();
}

void FtpSession::dropChannel(Turn& turn) {
    if (channel_ == Channel::Listening || channel_ == Channel::Open) {
        turn.closeChannel(channelId_);
    }
    channel_ = Channel::None;
}

void FtpSession::pasv(const std::string&, Turn& turn) {
    extendedOnly_ ? reply(550, "Permission denied.", turn) : openChannel(false, turn);
}

/// PASV as a router mangles it. The real server forgets it after EPSV ALL, and only refuses PASV.
void FtpSession::brokenPasv(const std::string&, Turn& turn) {
    extendedOnly_ ? reply(500, "Unknown command.", turn) : openChannel(false, turn);
}

void FtpSession::epsv(const std::string& argument, Turn& turn) {
    const int protocol = ftpNumber(argument);
    if (ftpUpper(argument) == "ALL") {
        extendedOnly_ = true;
        reply(200, "EPSV ALL ok.", turn);
    } else if (!argument.empty() && (protocol < 1 || protocol > 2)) {
        reply(522, "Bad network protocol.", turn);
    } else {
        openChannel(true, turn);
    }
}

void FtpSession::onPassive(std::optional<Endpoint> where, Turn& turn) {
    if (!where) {
        channel_ = Channel::None;
        reply(500, "OOPS: vsf_sysutil_bind, maximum number of attempts to find a listening port exceeded", turn);
        turn.close();
        return;
    }
    channel_ = Channel::Listening;
    if (extended_) {
        reply(229, "Entering Extended Passive Mode (|||" + std::to_string(where->port) + "|)", turn);
        return;
    }
    const Endpoint::V4 ip = where->v4().value_or(Endpoint::V4{});
    std::string numbers;
    for (const std::uint8_t byte : ip) {
        numbers += std::to_string(byte) + ',';
    }
    numbers += std::to_string(where->port / 256) + ',' + std::to_string(where->port % 256);
    reply(227, "Entering Passive Mode (" + numbers + ").", turn);
}

void FtpSession::rest(const std::string& argument, Turn& turn) {
    restart_ = offsetOf(argument);
    reply(350, "Restart position accepted (" + std::to_string(restart_) + ").", turn);
}

bool FtpSession::hasChannel(Turn& turn) const {
    if (channel_ == Channel::None) {
        reply(425, "Use PORT or PASV first.", turn);
    }
    return channel_ != Channel::None;
}

/// The lines, or nothing if the directory cannot be read; `full` as LIST, else as NLST.
std::optional<std::string> FtpSession::listing(const std::string& argument, bool full, bool all, Turn& turn) const {
    FtpListing wanted;
    wanted.full = full;
    std::string filter = argument;
    if (argument.starts_with('-')) {
        const auto blank = std::min(argument.find(' '), argument.size());
        wanted.options = argument.substr(1, blank - std::min<std::size_t>(blank, 1));
        filter = argument.substr(std::min(blank + 1, argument.size()));
    }
    wanted.options += all ? "a" : "";
    filter = ftpExpand(filter);
    std::string directory = ".";
    const auto isDirectory = [&](const std::string& path) {
        const auto resolved = resolve(path);
        const FtpNode* node = resolved ? files().find(resolved->absolute) : nullptr;
        return node != nullptr && node->directory && FtpFiles::mayRead(*node, who());
    };
    if (!filter.empty() && isDirectory(filter)) {
        directory = std::exchange(filter, {});
    } else if (const auto slash = filter.rfind('/'); slash != std::string::npos) {
        directory = slash == 0 ? "/" : filter.substr(0, slash);
        filter.erase(0, slash + 1);
    }
    const auto resolved = resolve(directory);
    const FtpNode* node = resolved ? files().find(resolved->absolute) : nullptr;
    const bool gone = node == nullptr && resolved && resolved->throughDots;  // which is open all the same
    if (!gone && (node == nullptr || !node->directory || !FtpFiles::mayRead(*node, who()))) {
        return all ? std::optional<std::string>("") : std::nullopt;
    }
    const bool looksAtEach = full || wanted.options.find_first_of("ltF") != std::string::npos;
    if (gone || (looksAtEach && !FtpFiles::maySearch(*node, who()))) {
        return "";
    }
    wanted.directory = resolved->absolute;
    wanted.filter = filter;
    wanted.shown = directory == "." ? "" : directory + (directory.ends_with('/') ? "" : "/");
    return ftpList(files(), wanted, ftpSeconds(turn));
}

void FtpSession::listOn(const std::string& argument, bool full, Turn& turn) {
    if (!hasChannel(turn)) {
        return;
    }
    auto lines = listing(argument, full, false, turn);
    Transfer transfer{Transfer::Kind::Send, "Here comes the directory listing.",
                      lines ? "Directory send OK." : "Transfer done (but failed to open directory)."};
    transfer.content = std::make_shared<const std::string>(std::move(lines).value_or(""));
    start(std::move(transfer), turn);
}

void FtpSession::list(const std::string& argument, Turn& turn) {
    listOn(argument, true, turn);
}

void FtpSession::nlst(const std::string& argument, Turn& turn) {
    listOn(argument, false, turn);
}

void FtpSession::retr(const std::string& argument, Turn& turn) {
    const std::uint64_t offset = std::exchange(restart_, 0);
    if (!hasChannel(turn)) {
        return;
    }
    if (ascii_ && offset != 0) {
        reply(550, "No support for resume of ASCII transfer.", turn);
        return;
    }
    const std::string name = ftpExpand(argument);
    const auto path = resolve(name);
    const FtpNode* node = path ? files().find(path->absolute) : nullptr;
    const bool readable = node != nullptr && !node->directory && FtpFiles::mayRead(*node, who());
    const auto content = readable ? contentOf(*node) : nullptr;
    if (!readable || (content == nullptr && node->size > 0)) {
        reply(550, "Failed to open file.", turn);
        return;
    }
    Transfer transfer{
        Transfer::Kind::Send,
        "Opening BINARY mode data connection for " + name + " (" + std::to_string(node->size) + " bytes).",
        "Transfer complete."};
    transfer.content = content != nullptr ? content : std::make_shared<const std::string>();
    transfer.offset = static_cast<std::size_t>(std::min<std::uint64_t>(offset, transfer.content->size()));
    start(std::move(transfer), turn);
}

void FtpSession::stor(const std::string& argument, Turn& turn) {
    store(ftpExpand(argument), false, false, turn);
}

void FtpSession::appe(const std::string& argument, Turn& turn) {
    store(ftpExpand(argument), true, false, turn);
}

void FtpSession::stou(const std::string& argument, Turn& turn) {
    store(ftpExpand(argument), false, true, turn);
}

/// As the real server does, makes the file before it looks for the connection.
void FtpSession::store(const std::string& name, bool append, bool unique, Turn& turn) {
    const std::uint64_t restart = std::exchange(restart_, 0);
    const std::uint64_t offset = guest_ || unique ? 0 : restart;  // a file that must be new has no middle
    if (!hasChannel(turn)) {
        return;
    }
    const auto there = [&](const std::string& candidate) {
        const auto path = resolve(candidate);
        return path && files().find(path->absolute) != nullptr;
    };
    std::string chosen = unique && name.empty() ? "STOU.1" : name;
    for (unsigned suffix = 1; unique && there(chosen); ++suffix) {
        chosen = (name.empty() ? "STOU" : name) + '.' + std::to_string(suffix);
    }
    const auto path = resolve(chosen);
    const FtpNode* old = path ? files().find(path->absolute) : nullptr;
    const bool mayReplace = old == nullptr || (!guest_ && !old->directory);
    Transfer transfer{Transfer::Kind::Store, unique ? "FILE: " + chosen : "Ok to send data.", {}};
    const bool truncates = !append && offset == 0;
    const std::uint64_t size = truncates || old == nullptr ? 0 : old->size;
    const auto content = size == 0 ? nullptr : contentOf(*old);
    FtpFiles::Content before{.size = size};
    if (size != 0) {
        before = {size, old->content, old->shelved};
    }
    transfer.size = size;
    transfer.position = append ? size : offset;
    if (!path || !mayReplace ||
        !ownFiles().write(*path, who(), static_cast<std::uint16_t>(0666U & ~umask_), std::move(before),
                          ftpSeconds(turn))) {
        reply(553, "Could not create file.", turn);
        return;
    }
    if (size == 0 || (content != nullptr && size <= FtpFiles::kMostKept)) {
        transfer.kept = content != nullptr ? *content : "";
    } else if (content != nullptr) {
        transfer.draft = draftOf(*content);
    }
    transfer.path = *path;
    transfer.name = chosen;
    start(std::move(transfer), turn);
}

}  // namespace apiary::agent
