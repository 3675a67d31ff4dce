#include "agent/protocols/http_request.hpp"
#include "agent/protocols/http_text.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::string_view kSchemeCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.";

bool digit(char c) {
    return c >= '0' && c <= '9';
}

bool letter(char c) {
    return httpLower(c) >= 'a' && httpLower(c) <= 'z';
}

int hexOf(char c) {
    const char low = httpLower(c);
    return digit(c) ? c - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/// The byte that "%XX" at `at` stands for, or -1.
int escapeAt(const std::string& text, std::size_t at) {
    if (at + 2 >= text.size() || text[at] != '%' || hexOf(text[at + 1]) < 0 || hexOf(text[at + 2]) < 0) {
        return -1;
    }
    return hexOf(text[at + 1]) * 16 + hexOf(text[at + 2]);
}

/// As apr_uri_parse() reads a port, with strtol() and whatever is left of a large one. False if more follows the
/// digits.
bool readPort(std::string_view text, HttpRequest& request) {
    const bool sign = text.starts_with('-') || text.starts_with('+');
    const bool minus = text.starts_with('-');
    text.remove_prefix(sign ? 1 : 0);
    const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
    std::uint64_t number = 0;
    for (const char c : text.substr(0, std::min<std::size_t>(digits, 18))) {
        number = number * 10 + static_cast<std::uint64_t>(c - '0');
    }
    request.port = static_cast<std::uint16_t>(minus ? 0 - number : number);
    return digits == text.size() && digits > 0;
}

/// The port that a target means which names a scheme, and a colon without a port: 0 for a scheme that
/// apr_uri_port_of_scheme() does not know.
std::uint16_t portOf(std::string_view scheme) {
    static constexpr std::pair<std::string_view, std::uint16_t> kPorts[] = {
        {"http", 80},  {"ftp", 21},    {"https", 443},   {"gopher", 70},   {"ldap", 389},
        {"nntp", 119}, {"snews", 563}, {"imap", 143},    {"pop", 110},     {"sip", 5060},
        {"rtsp", 554}, {"wais", 210},  {"z39.50r", 210}, {"z39.50s", 210}, {"prospero", 191},
        {"nfs", 2049}, {"tip", 3372},  {"acap", 674},    {"telnet", 23},   {"ssh", 22}};
    const auto* known = std::ranges::find_if(kPorts, [&](const auto& one) { return httpEqual(one.first, scheme); });
    return known == std::end(kPorts) ? std::uint16_t{0} : known->second;
}

/// "user@host:port" of an absolute target. Its host counts where its scheme is the connection's own. False if it is
/// refused.
bool readAuthority(std::string_view authority, HttpRequest& request) {
    const auto at = authority.rfind('@');
    const bool user = at != std::string_view::npos;
    if (user) {
        authority.remove_prefix(at + 1);
    }
    std::string_view host = authority;
    std::string_view port;
    bool colon = false;
    bool good = true;
    if (authority.starts_with('[')) {
        const auto end = authority.find(']');
        if (end == std::string_view::npos) {
            return false;
        }
        host = authority.substr(1, end - 1);
        port = authority.substr(end + 1);
        colon = port.starts_with(':');
        port = colon ? port.substr(1) : "";
    } else if (const auto end = authority.find(':'); end != std::string_view::npos) {
        host = authority.substr(0, end);
        port = authority.substr(end + 1);
        colon = true;
    }
    if (!port.empty()) {
        good = readPort(port, request);
    } else if (colon) {
        request.port = portOf(request.scheme);
    }
    if (good && httpEqual(request.scheme, request.tls ? "https" : "http")) {
        request.host = std::string(host);
    }
    return good && !user;
}

/// "host:port" of CONNECT.
bool readHostAndPort(std::string_view target, HttpRequest& request) {
    const bool literal = target.starts_with('[');
    const auto close = literal ? target.find(']') : 0;
    const auto colon = close == std::string_view::npos ? close : target.find(':', close);
    if (colon == std::string_view::npos || (literal && colon != close + 1) ||
        !readPort(target.substr(colon + 1), request)) {
        return false;
    }
    request.host = std::string(literal ? target.substr(1, close - 1) : target.substr(0, colon));
    return true;
}

bool readPath(std::string_view rest, HttpRequest& request) {
    const auto end = rest.find_first_of("?#");
    request.pathGiven = !rest.substr(0, end).empty();
    request.path = rest.substr(0, end);
    if (end != std::string_view::npos && rest[end] == '?') {
        request.query = std::string(rest.substr(end + 1, rest.find('#', end) - end - 1));
    }
    if (request.path.empty()) {
        request.path = request.method == "OPTIONS" ? "*" : "/";
    }
    return rest.find('#') == std::string_view::npos;  // no fragments on the wire
}

bool strictName(std::string_view host) {
    bool dotted = true;
    bool zeroes = false;
    std::size_t dots = 0;
    const auto at = [&](std::size_t i) { return i < host.size() ? host[i] : '\0'; };
    for (std::size_t i = 0; i < host.size(); ++i) {
        if (letter(host[i]) || host[i] == '-' || host[i] == '_') {
            dotted = false;
        } else if (host[i] == '.') {
            ++dots;
            zeroes = zeroes || (at(i + 1) == '0' && digit(at(i + 2)));
        } else if (!digit(host[i])) {
            return false;
        }
    }
    if (dotted) {
        return !(zeroes || at(0) == '.' || (at(0) == '0' && digit(at(1))) || dots != 3);
    }
    const auto dot = host.rfind('.');
    return dot == std::string_view::npos || dot + 1 == host.size() || letter(host[dot + 1]);
}

/// Lower case and without a dot at its end. False if no host has such a name.
bool fixName(std::string& host) {
    if (host.find("..") != std::string::npos || host.find_first_of("/\\") != std::string::npos) {
        return false;
    }
    host = httpLower(host);
    if (host.ends_with('.')) {
        host.pop_back();
    }
    return strictName(host);
}

/// An IPv6 address, roughly: what inet_pton() takes and a name never is.
bool fixLiteral(std::string& host) {
    host = httpLower(host);
    return host.find(':') != std::string::npos && host.size() >= 2 &&
           std::ranges::all_of(host, [](char c) { return hexOf(c) >= 0 || c == ':' || c == '.'; });
}

/// "name:port" as apr_parse_addr_port() splits it.
bool splitHost(std::string_view text, std::string& host, std::optional<std::uint16_t>& port) {
    const auto last = text.find_last_not_of("0123456789");
    if (last == std::string_view::npos) {
        return false;
    }
    if (text[last] == ':') {
        const auto number = httpNumber(text.substr(last + 1));
        if (!number || *number < 1 || *number > 65535 || last == 0) {
            return false;
        }
        port = static_cast<std::uint16_t>(*number);
        text = text.substr(0, last);
    }
    if (text.starts_with('[')) {
        if (!text.ends_with(']')) {
            return false;
        }
        text = text.substr(1, text.size() - 2);
    }
    host = text;
    return true;
}

}  // namespace

bool httpTarget(const std::string& target, HttpRequest& request) {
    std::string_view rest = target;
    while (rest.starts_with("//")) {
        rest.remove_prefix(1);
    }
    if (request.method == "CONNECT") {
        request.path = "/";
        return readHostAndPort(rest, request);
    }
    const auto schemeEnd = rest.find_first_not_of(kSchemeCharacters);
    if (rest.empty() || !letter(rest[0]) || schemeEnd == std::string_view::npos || rest[schemeEnd] != ':') {
        return readPath(rest, request);
    }
    request.scheme = rest.substr(0, schemeEnd);
    rest.remove_prefix(schemeEnd + 1);
    if (!rest.starts_with("//")) {
        return readPath(rest, request);
    }
    rest.remove_prefix(2);
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
    const bool good = readAuthority(authority, request);
    return readPath(rest.substr(authority.size()), request) && good;
}

bool httpHost(HttpRequest& request) {
    const std::string* named = request.field("Host");
    if (request.host) {
        std::string host = *request.host;
        const bool good = host.empty() || (host.find(':') != std::string::npos ? fixLiteral(host) : fixName(host));
        const bool number = !host.empty() && std::ranges::all_of(host, digit);
        if (!good || number) {
            return false;
        }
        request.host = host;
        return true;
    }
    if (named == nullptr || named->empty()) {
        return true;
    }
    std::string host;
    std::optional<std::uint16_t> port;
    const bool literal = named->starts_with('[');
    if (!splitHost(*named, host, port) || (literal && !fixLiteral(host))) {
        return false;
    }
    if (port) {
        request.port = port;  // which pages bear even where the name is bad
    }
    if (!literal && !fixName(host)) {
        return false;
    }
    request.host = host;
    return true;
}

namespace {

bool unreserved(int c) {
    return digit(static_cast<char>(c)) || letter(static_cast<char>(c)) || c == '-' || c == '.' || c == '_' || c == '~';
}

/// Decodes what needs no escape. False if an escape is none.
bool decodeUnreserved(std::string& path) {
    bool good = true;
    std::string decoded;
    for (std::size_t at = 0; at < path.size(); ++at) {
        const int byte = escapeAt(path, at);
        good = good && (path[at] != '%' || byte >= 0);
        if (byte >= 0 && unreserved(byte)) {
            decoded += static_cast<char>(byte);
            at += 2;
        } else {
            decoded += path[at];
        }
    }
    path = decoded;
    return good;
}

/// False if ".." climbs above the root.
bool removeDots(std::string& path) {
    bool good = true;
    std::string clean;
    std::size_t at = 0;
    while (at < path.size()) {
        const auto end = std::min(path.find('/', at), path.size());
        const std::string_view segment = std::string_view(path).substr(at, end - at);
        const bool slash = end < path.size();
        if (segment == "..") {
            good = good && clean.size() > 1;
            clean.erase(clean.size() > 1 ? clean.rfind('/', clean.size() - 2) + 1 : clean.size());
        } else if (segment != "." && !(segment.empty() && clean.ends_with('/'))) {
            clean += segment;
            clean += slash ? "/" : "";
        }
        at = end + 1;
    }
    path = clean;
    return good;
}

}  // namespace

unsigned httpNormalise(std::string& path) {
    if (path == "*") {
        return 0;
    }
    const bool good = decodeUnreserved(path);
    if (!removeDots(path) || !good) {
        return 400;
    }
    bool found = true;
    std::string decoded;
    for (std::size_t at = 0; at < path.size(); ++at) {
        const int byte = escapeAt(path, at);
        found = found && byte != 0 && byte != '/';
        decoded += byte >= 0 ? static_cast<char>(byte) : path[at];
        at += byte >= 0 ? 2 : 0;
    }
    path = decoded;
    return found ? 0 : 404;
}

}  // namespace apiary::agent
