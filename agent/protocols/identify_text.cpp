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

constexpr std::string_view kRtspMethods[] = {"OPTIONS", "DESCRIBE", "ANNOUNCE",      "SETUP",        "PLAY",
                                             "PAUSE",   "TEARDOWN", "GET_PARAMETER", "SET_PARAMETER"};

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

/// RFC 2326.
Match matchRtsp(std::string_view begin) {
    return isRequest(begin, kRtspMethods, " RTSP/1.0");
}

/// The search of UPnP: HTTP's line in a datagram.
Match matchSsdp(std::string_view begin) {
    return either(startsWith(begin, "M-SEARCH * HTTP/1.1"), startsWith(begin, "NOTIFY * HTTP/1.1"));
}

/// RFC 2812. USER with its four parameters is told from that of FTP by the end of its line.
Match matchIrc(std::string_view begin) {
    const Match other = either(startsWithAnyWord(begin, {"NICK", "JOIN"}),
                               either(startsWith(begin, "CAP LS"), startsWith(begin, "CAP REQ")));
    const Match user = startsWithWord(begin, "USER");
    if (user != Match::Yes) {
        return either(other, user);
    }
    const auto line = firstLine(begin);
    return !line.whole ? Match::NeedMore : std::ranges::count(line.text, ' ') >= 4 ? Match::Yes : Match::No;
}

/// RFC 959 and 4217. USER alone could be POP3 as well; where a peer may speak to any port, FTP is the likelier.
Match matchFtp(std::string_view begin) {
    return either(startsWithWord(begin, "USER"), isAnyLine(begin, {"FEAT", "SYST", "AUTH TLS", "AUTH SSL", "PASV"}));
}

/// RFC 1939, 2449 and 5034, by what FTP does not have.
Match matchPop3(std::string_view begin) {
    return either(startsWithWord(begin, "APOP"),
                  isAnyLine(begin, {"CAPA", "STLS", "AUTH", "AUTH PLAIN", "AUTH LOGIN", "AUTH CRAM-MD5", "AUTH NTLM"}));
}

/// RFC 3501: a tag, and one of the commands with which a client begins.
Match matchImap(std::string_view begin) {
    constexpr std::size_t kLongestTag = 16;
    const auto tag = begin.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.");
    if (tag == std::string_view::npos) {
        return begin.size() > kLongestTag ? Match::No : Match::NeedMore;
    }
    if (tag == 0 || tag > kLongestTag || begin[tag] != ' ') {
        return Match::No;
    }
    return startsWithAnyWord(begin.substr(tag + 1), {"LOGIN", "CAPABILITY", "STARTTLS", "AUTHENTICATE", "NAMESPACE"});
}

/// The text protocol, which is in small letters.
Match matchMemcached(std::string_view begin) {
    if (std::ranges::any_of(begin.substr(0, 3), [](char c) { return c >= 'A' && c <= 'Z'; })) {
        return Match::No;
    }
    return either(isAnyLine(begin, {"VERSION", "FLUSH_ALL", "STATS", "STATS ITEMS", "STATS SLABS", "STATS SETTINGS"}),
                  startsWithAnyWord(begin, {"GET", "GETS"}));
}

/// The four-letter words of ZooKeeper's administrators.
Match matchZookeeper(std::string_view begin) {
    Match match = Match::No;
    for (const std::string_view word : {"ruok", "srvr", "mntr"}) {
        const bool same = begin.substr(0, word.size()) == word.substr(0, begin.size());
        match = either(match, !same ? Match::No : begin.size() < word.size() ? Match::NeedMore : Match::Yes);
    }
    return match;
}

/// JSON-RPC of miners for coins.
Match matchStratum(std::string_view begin) {
    if (begin[0] != '{') {
        return Match::No;
    }
    const auto line = firstLine(begin);
    const bool said = line.text.find("\"mining.") != std::string_view::npos ||
                      line.text.find("\"eth_submitLogin\"") != std::string_view::npos;
    return said ? Match::Yes : line.whole ? Match::No : Match::NeedMore;
}

/// The git protocol: a length in hexadecimal digits and the request for a service.
Match matchGit(std::string_view begin) {
    const auto digits = begin.substr(0, 4);
    if (digits.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
        return Match::No;
    }
    return begin.size() < 5
               ? Match::NeedMore
               : either(startsWith(begin.substr(4), "GIT-UPLOAD-"), startsWith(begin.substr(4), "GIT-RECEIVE-"));
}

}  // namespace apiary::agent
