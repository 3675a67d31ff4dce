#include "agent/protocols/http_routes.hpp"

#include "common/text/escape.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace apiary::agent {
namespace {

using Header = std::pair<std::string, std::string>;

constexpr std::size_t kMostRoutes = 1000;
constexpr std::size_t kErrorsShown = 8;
constexpr std::string_view kKeys[] = {
    "path",           "method",          "status",       "headers",           "body",
    "body_file",      "realm",           "user_field",   "secret_field",      "login",
    "welcome.status", "welcome.headers", "welcome.body", "welcome.body_file", "cookie"};
constexpr std::string_view kOfTheServer[] = {"connection", "content-length", "date", "keep-alive", "transfer-encoding"};

bool tokenByte(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool token(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, tokenByte);
}

bool printable(std::string_view text) {  // and what is beyond ASCII
    return std::ranges::none_of(text, [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; });
}

std::string lower(std::string_view text) {
    std::string small(text);
    std::ranges::transform(small, small.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return small;
}

/// Collects what is wrong with a file.
class Complaints {
public:
    explicit Complaints(const std::string& file) : file_(file) {}

    void add(std::size_t line, const std::string& message) {
        if (count_++ < kErrorsShown) {
            text_ += (text_.empty() ? "" : "; ") + file_ + ':' + std::to_string(line) + ": " + message;
        }
    }
    bool none() const { return count_ == 0; }
    std::string text() const {
        return count_ <= kErrorsShown ? text_ : text_ + "; and " + std::to_string(count_ - kErrorsShown) + " more";
    }

private:
    const std::string& file_;
    std::string text_;
    std::size_t count_ = 0;
};

/// One table, asked for its values by kind. A value of another kind is a complaint, and as if it were not there.
class TableReader {
public:
    TableReader(const TableRead& table, Complaints& complaints) : table_(table), complaints_(complaints) {}

    template <typename T>
    const T* get(const std::string& key, const std::string& kind) const {
        const auto found = table_.values.find(key);
        if (found == table_.values.end()) {
            return nullptr;
        }
        const T* value = std::get_if<T>(&found->second.value);
        if (value == nullptr) {
            complain(key, "must be " + kind);
        }
        return value;
    }

    std::string text(const std::string& key) const {
        const auto* value = get<std::string>(key, "a text in quotes");
        return value == nullptr ? std::string() : *value;
    }

    bool has(const std::string& key) const { return table_.values.contains(key); }

    bool hasBelow(const std::string& prefix) const {
        const auto found = table_.values.lower_bound(prefix);
        return found != table_.values.end() && found->first.starts_with(prefix);
    }

    /// At the line of the key, or of the table where it is missing.
    void complain(const std::string& key, const std::string& message) const {
        const auto found = table_.values.find(key);
        complaints_.add(found == table_.values.end() ? table_.line : found->second.line,
                        "[[" + table_.name + "]] " + key + ' ' + message);
    }

    void refuseOthers(std::span<const std::string_view> known) const {
        for (const auto& [key, value] : table_.values) {
            if (std::ranges::find(known, key) == known.end()) {
                std::string names;
                for (const std::string_view name : known) {
                    names += (names.empty() ? "" : ", ") + std::string(name);
                }
                complain(key, "is not known; known here: " + names);
            }
        }
    }

private:
    const TableRead& table_;
    Complaints& complaints_;
};

std::optional<Header> headerOf(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || !token(text.substr(0, colon)) || !printable(text)) {
        return std::nullopt;
    }
    const std::string_view value = text.substr(colon + 1);
    const auto begin = value.find_first_not_of(" \t");
    const auto end = value.find_last_not_of(" \t");
    return Header(text.substr(0, colon),
                  begin == std::string_view::npos ? std::string_view() : value.substr(begin, end - begin + 1));
}

std::vector<Header> readHeaders(const TableReader& table, const std::string& key) {
    std::vector<Header> headers;
    const auto* texts = table.get<std::vector<std::string>>(key, R"(a list of texts: ["Name: value"])");
    for (const std::string& text : texts == nullptr ? std::vector<std::string>{} : *texts) {
        auto header = headerOf(text);
        if (!header) {
            table.complain(key, "must hold texts such as \"Name: value\", not '" + escapeCut(text, 60) + "'");
        } else if (std::ranges::find(kOfTheServer, lower(header->first)) != std::end(kOfTheServer)) {
            table.complain(key, "must leave " + header->first + " to the server");
        } else {
            headers.push_back(*std::move(header));
        }
    }
    return headers;
}

bool named(const std::vector<Header>& headers, std::string_view name) {
    return std::ranges::any_of(headers, [&](const Header& header) { return lower(header.first) == name; });
}

HttpAnswer readAnswer(const TableReader& table, const std::string& prefix, const std::vector<Header>& common) {
    HttpAnswer answer;
    if (const auto* status = table.get<std::int64_t>(prefix + "status", "a number from 200 to 599")) {
        if (*status < 200 || *status > 599) {
            table.complain(prefix + "status", "must be a number from 200 to 599");
        } else {
            answer.status = static_cast<unsigned>(*status);
        }
    }
    answer.headers = readHeaders(table, prefix + "headers");
    for (const Header& header : common) {
        if (!named(answer.headers, lower(header.first))) {
            answer.headers.push_back(header);
        }
    }
    if (table.has(prefix + "body") && table.has(prefix + "body_file")) {
        table.complain(prefix + "body_file", "must not stand beside body; leave one out");
    }
    if (table.has(prefix + "body")) {
        answer.body = std::make_shared<const std::string>(table.text(prefix + "body"));
    } else if (const auto* file = table.get<FileRead>(prefix + "body_file", "the name of a file")) {
        answer.body = file->content;
    }
    if (!answer.body->empty() && (answer.status == 204 || answer.status == 304)) {
        table.complain(prefix + "status", "has no body by HTTP; leave the body out");
    }
    if (!answer.body->empty() && !named(answer.headers, "content-type")) {
        answer.headers.emplace_back("Content-Type", "text/html");
    }
    return answer;
}

void checkPath(const TableReader& table, const std::string& path) {
    const auto star = path.find('*');
    if (!path.starts_with('/') || path.find_first_of("?#") != std::string::npos || !printable(path)) {
        table.complain("path", "must begin with '/' and hold neither query nor fragment: \"/login.cgi\"");
    } else if (star != std::string::npos && star + 1 != path.size()) {
        table.complain("path", "may have a '*' at its end only");
    } else if (path.find("//") != std::string::npos || (path + '/').find("/./") != std::string::npos ||
               (path + '/').find("/../") != std::string::npos) {
        table.complain("path", "must not hold '//', '/.' or '/..', which no request keeps");
    }
}

void checkCookie(const TableReader& table, const std::string& cookie) {
    const auto equals = cookie.find('=');
    const bool good = equals != std::string::npos &&
                      token(std::string_view(cookie).substr(0, cookie.find_first_of("={"))) && printable(cookie) &&
                      cookie.find_first_of("; ") == std::string::npos;
    if (!good || std::ranges::count(cookie, '*') > 1) {
        table.complain("cookie",
                       "must be the name and value of one cookie, with one '*' at most: \"session=*{{secret}}\"");
    }
}

HttpRoute readRoute(const TableReader& table, const std::vector<Header>& common) {
    table.refuseOthers(kKeys);
    HttpRoute route;
    route.path = table.text("path");
    checkPath(table, route.path);
    route.method = table.text("method");
    if (table.has("method") && (!token(route.method) || lower(route.method) == route.method)) {
        table.complain("method", "must be a method such as \"POST\"; left out it is GET, and POST for a login");
    }
    route.realm = table.text("realm");
    if (!printable(route.realm) || route.realm.find_first_of("\"\\") != std::string::npos) {
        table.complain("realm", "must not hold quotes, backslashes or control characters");
    }
    route.userField = table.text("user_field");
    route.secretField = table.text("secret_field");
    route.bodyLogin = table.has("login");
    if (route.bodyLogin && (table.text("login") != "body" || !route.secretField.empty() || !route.userField.empty())) {
        table.complain("login", "must be \"body\", and stands in place of user_field and secret_field");
    }
    route.cookie = table.text("cookie");
    if (table.has("cookie")) {
        checkCookie(table, route.cookie);
    }
    const bool login = route.bodyLogin || !route.secretField.empty();
    route.answer = readAnswer(table, "", common);
    route.guards = !route.realm.empty() && !table.has("status") && !table.has("headers") && !table.has("body") &&
                   !table.has("body_file") && !login;
    if (login && !table.hasBelow("welcome.")) {
        table.complain(route.bodyLogin ? "login" : "secret_field",
                       "needs [route.welcome], what an accepted login gets");
    } else if (!login && (!route.userField.empty() || table.hasBelow("welcome."))) {
        table.complain("secret_field", "is missing: user_field and [route.welcome] are for the login of a form");
    } else if (login) {
        route.welcome = readAnswer(table, "welcome.", common);
    }
    return route;
}

std::vector<std::string_view> methodsOf(const HttpRoute& route) {
    if (route.guards && route.method.empty()) {
        return {"GET", "HEAD", "POST", "any other"};
    }
    if (route.method.empty()) {
        return route.secretField.empty() && !route.bodyLogin ? std::vector<std::string_view>{"GET", "HEAD"}
                                                             : std::vector<std::string_view>{"GET", "HEAD", "POST"};
    }
    return route.method == "GET" ? std::vector<std::string_view>{"GET", "HEAD"}
                                 : std::vector<std::string_view>{route.method};
}

/// True if all requests for the path of `route` of that method are taken by `earlier`.
bool takes(const HttpRoute& earlier, std::string_view method, const HttpRoute& route) {
    const std::string_view own = earlier.path;
    const std::string_view path = route.path;
    if (!earlier.cookie.empty() && earlier.cookie != route.cookie) {
        return false;
    }
    const bool wider = own.ends_with('*') && path.starts_with(own.substr(0, own.size() - 1));
    const auto methods = methodsOf(earlier);
    const bool all = earlier.guards && earlier.method.empty();
    return (own == path || wider) && (all || std::ranges::find(methods, method) != methods.end());
}

/// The place of the route that leaves nothing to the last one; of several, that of the first.
std::optional<std::size_t> takenBy(const std::vector<HttpRoute>& routes) {
    const auto earlier = std::span(routes).first(routes.size() - 1);
    std::optional<std::size_t> taker;
    for (const std::string_view method : methodsOf(routes.back())) {
        const auto found =
            std::ranges::find_if(earlier, [&](const HttpRoute& route) { return takes(route, method, routes.back()); });
        if (found == earlier.end()) {
            return std::nullopt;
        }
        taker = std::min(taker.value_or(routes.size()), static_cast<std::size_t>(found - earlier.begin()));
    }
    return taker;
}

void readManner(const TableReader& table, HttpManner& manner) {
    manner.server = table.text("server");
    if (!printable(manner.server)) {
        table.complain("server", "must not hold control characters");
    }
    if (const bool* signature = table.get<bool>("signature", "true or false")) {
        manner.signature = *signature;
    }
    const bool* compress = table.get<bool>("compress", "true or false");
    manner.compresses = compress == nullptr || *compress;
}

std::vector<Header> readCommon(const TablesRead& tables, HttpManner& manner, Complaints& complaints) {
    constexpr std::string_view kCommonKeys[] = {"headers", "server", "signature", "compress"};
    std::vector<Header> common;
    bool seen = false;
    for (const TableRead& table : tables.tables) {
        const TableReader reader(table, complaints);
        if (table.name == "common") {
            reader.refuseOthers(kCommonKeys);
            common = readHeaders(reader, "headers");
            readManner(reader, manner);
            if (!manner.server.empty() && !named(common, "server")) {
                common.emplace_back("Server", manner.server);
            }
            if (std::exchange(seen, true)) {
                complaints.add(table.line, "[[common]] stands there already; write one");
            }
        } else if (table.name != "route") {
            complaints.add(table.line,
                           "[[" + escapeCut(table.name, 60) + "]] is not known; known are [[route]] and [[common]]");
        }
    }
    return common;
}

}  // namespace

Result<HttpApplication> httpRoutes(const TablesRead& tables) {
    Complaints complaints(tables.file);
    HttpApplication application;
    const std::vector<Header> common = readCommon(tables, application.manner, complaints);
    std::vector<HttpRoute>& routes = application.routes;
    std::vector<std::size_t> lines;
    for (const TableRead& table : tables.tables) {
        if (table.name != "route") {
            continue;
        }
        if (routes.size() == kMostRoutes) {
            complaints.add(table.line,
                           "[[route]] is one too many; at most " + std::to_string(kMostRoutes) + " are read");
            break;
        }
        routes.push_back(readRoute(TableReader(table, complaints), common));
        lines.push_back(table.line);
        if (const auto taker = takenBy(routes)) {
            complaints.add(table.line, "[[route]] is never reached, as that of line " + std::to_string(lines[*taker]) +
                                           " takes its requests; put it before, or remove it");
        }
    }
    if (routes.empty() && complaints.none()) {
        return Error{tables.file + " holds no [[route]]"};
    }
    return complaints.none() ? Result<HttpApplication>(std::move(application)) : Error{complaints.text()};
}

}  // namespace apiary::agent
