#include "agent/protocols/identify_line.hpp"
#include "agent/protocols/identify_matchers.hpp"

#include <span>

namespace apiary::agent {
namespace {

constexpr std::string_view kHttpMethods[] = {
    "GET",   "HEAD",   "POST",        "PUT",          "DELETE",   "OPTIONS", "TRACE",  "CONNECT", "PATCH",  "TRACK",
    "DEBUG", "SEARCH", "PROPFIND",    "PROPPATCH",    "MKCOL",    "COPY",    "MOVE",   "LOCK",    "UNLOCK", "REPORT",
    "PURGE", "MERGE",  "RPC_IN_DATA", "RPC_OUT_DATA", "M-SEARCH", "NOTIFY",  "UPDATE", "BDELETE"};
constexpr std::string_view kSipMethods[] = {"OPTIONS", "INVITE", "REGISTER", "ACK",   "BYE",   "CANCEL", "SUBSCRIBE",
                                            "NOTIFY",  "INFO",   "MESSAGE",  "PRACK", "REFER", "UPDATE", "PUBLISH"};

bool digit(char c) {
    return c >= '0' && c <= '9';
}

/// A line that begins with one of `methods` and says `version` behind a blank: HTTP and its relatives.
Match isRequest(std::string_view begin, std::span<const std::string_view> methods, std::string_view version) {
    const auto blank = begin.find(' ');
    if (blank == std::string_view::npos) {
        const bool possible = std::ranges::any_of(methods, [&](auto method) { return method.starts_with(begin); });
        return possible ? Match::NeedMore : Match::No;
    }
    if (std::ranges::find(methods, begin.substr(0, blank)) == methods.end()) {
        return Match::No;
    }
    const auto line = firstLine(begin);
    const bool said = line.text.find(version, blank) != std::string_view::npos;
    return said ? Match::Yes : line.whole ? Match::No : Match::NeedMore;
}

/// A path behind GET or a method of its like, with or without the version of HTTP.
Match isGetOfPath(std::string_view begin) {
    Match match = Match::No;
    for (const std::string_view method : {"GET /", "HEAD /", "POST /", "PUT /", "DELETE /"}) {
        const bool same = begin.substr(0, method.size()) == method.substr(0, begin.size());
        if (same && begin.size() >= method.size()) {
            return Match::Yes;
        }
        match = same ? Match::NeedMore : match;
    }
    return match;
}

}  // namespace

/// HTTP 0.9, 1.x (RFC 9112) with WebDAV (RFC 4918), CONNECT and RPC over HTTP; the preface of HTTP/2 (RFC 9113).
Match matchHttp(std::string_view begin) {
    constexpr std::string_view kPreface[] = {"PRI"};
    return either(either(isGetOfPath(begin), isRequest(begin, kHttpMethods, " HTTP/")),
                  isRequest(begin, kPreface, " HTTP/2.0"));
}

/// RFC 3261: a request, or an answer to one that somebody forged in our name.
Match matchSip(std::string_view begin) {
    return either(isRequest(begin, kSipMethods, " SIP/2.0"), startsWith(begin, "SIP/2.0 "));
}

/// RFC 4253: the client's version, of SSH 1 or 2.
Match matchSsh(std::string_view begin) {
    const Match name = startsWith(begin, "SSH-");
    if (name != Match::Yes) {
        return name;
    }
    return begin.size() < 5 ? Match::NeedMore : digit(begin[4]) ? Match::Yes : Match::No;
}

/// RFC 5321, and LMTP (RFC 2033).
Match matchSmtp(std::string_view begin) {
    return either(startsWithAnyWord(begin, {"EHLO", "HELO", "LHLO"}),
                  either(startsWith(begin, "MAIL FROM:"), startsWith(begin, "RCPT TO:")));
}

/// RESP: an array of bulk strings; or one of the inline commands that scanners send.
Match matchRedis(std::string_view begin) {
    if (begin[0] != '*') {
        return isAnyLine(begin, {"PING", "INFO", "INFO SERVER", "CLIENT LIST", "CONFIG GET *", "DBSIZE", "KEYS *",
                                 "FLUSHALL", "FLUSHDB", "COMMAND", "SLAVEOF NO ONE"});
    }
    const auto digits = std::min(begin.find_first_not_of("0123456789", 1), begin.size());
    const auto rest = begin.substr(digits);
    constexpr std::string_view kNext = "\r\n$";
    if (digits > 8 || (digits == 1 && !rest.empty()) || rest.substr(0, 3) != kNext.substr(0, rest.size())) {
        return Match::No;
    }
    return rest.size() < 4 ? Match::NeedMore : digit(rest[3]) ? Match::Yes : Match::No;
}

}  // namespace apiary::agent
