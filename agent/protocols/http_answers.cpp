#include "agent/protocols/http_answers.hpp"

#include "agent/protocol/seeded.hpp"
#include "agent/protocols/http_icons.hpp"
#include "agent/protocols/http_text.hpp"
#include "agent/protocols/http_types.hpp"

#include <algorithm>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostKept = std::size_t{64} << 10U;  // of a text and its coding, between two requests
constexpr std::size_t kLongestName = 255;                  // of a file, on Linux
constexpr std::size_t kLongestPath = 4095 - 13;            // likewise, less the document root of Debian

/// True for `place` and all below it.
bool within(std::string_view path, std::string_view place) {
    return path.starts_with(place) && (path.size() == place.size() || path[place.size()] == '/');
}

/// The last name in `path`.
std::string_view nameOf(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

/// Of a field of the form, or else of the query. Null if there is none.
const std::string* valueOf(const std::string& name, const HttpForm& form, const HttpForm& query) {
    for (const HttpForm* fields : {&form, &query}) {
        const auto found = std::ranges::find(*fields, name, &HttpForm::value_type::first);
        if (!name.empty() && found != fields->end()) {
            return &found->second;
        }
    }
    return nullptr;
}

}  // namespace

HttpAnswers::HttpAnswers(const HttpService& service, const Environment& environment)
    : service_(service), port_(environment.local.port), tls_(environment.tls), seed_(environment.seed) {}

HttpOwner HttpAnswers::owner() const {
    return {service_.server, service_.hostName, port_, service_.signature};
}

HttpReply HttpAnswers::page(unsigned status, const HttpRequest& request, const HttpErrorDetails& details) const {
    HttpReply reply;
    if (status == 405 || status == 501) {
        reply.header("Allow", service_.allow);
    }
    httpErrorPage(reply, status, owner(), request, details);
    return reply;
}

/// The server gives a connection up whose request it could not place, whatever it says.
HttpReply HttpAnswers::refused(unsigned status, const HttpRequest& request) const {
    HttpReply reply = page(status, request);
    reply.ends = true;
    return reply;
}

std::optional<HttpReply> HttpAnswers::faults(HttpRequest& request) const {
    const bool absolute = request.host.has_value();
    if (!httpHost(request)) {
        if (!absolute) {
            request.host.reset();
        }
        return refused(400, request);
    }
    if ((!request.host && request.version >= 11) || (request.version == 11 && request.field("Host") == nullptr)) {
        return refused(400, request);
    }
    const std::string* expected = request.field("Expect");
    if (expected != nullptr && !expected->empty() && !httpEqual(*expected, "100-continue")) {
        return refused(417, request);
    }
    if (!request.scheme.empty() && !httpEqual(request.scheme, "http") && !httpEqual(request.scheme, "https")) {
        return refused(400, request);
    }
    return std::nullopt;
}

void HttpAnswers::forget() {
    std::string().swap(path_);
    std::string().swap(found_.path);
    if (lastText_ && lastText_->size() > kMostKept) {
        lastText_.reset();
        lastCoded_ = {};
    }
    route_ = nullptr;
    found_.file = nullptr;
}

std::optional<HttpReply> HttpAnswers::early(HttpRequest& request, Turn& turn) {
    forget();
    found_ = {};
    refusedLogin_ = false;
    tookLogin_ = false;
    bool admitted = false;
    auto reply = judged(request, admitted);
    noteLogins(request, admitted, turn);  // whatever became of the request
    return reply;
}

void HttpAnswers::noteLogins(const HttpRequest& request, bool admitted, Turn& turn) {
    if (const auto login = httpBasicLogin(request)) {
        turn.observe(Credential{login->user, login->secret, admitted});
    }
    if (const auto login = httpBasicLogin(request, "Proxy-Authorization")) {
        turn.observe(Credential{login->user, login->secret, false});
    }
}

std::optional<HttpReply> HttpAnswers::judged(HttpRequest& request, bool& admitted) {
    if (auto fault = faults(request)) {
        return fault;
    }
    path_ = request.path;
    if (const unsigned status = httpNormalise(path_)) {
        return page(status, request);
    }
    if (request.method == "TRACE") {
        HttpReply reply;
        reply.header("Allow", "");
        httpErrorPage(reply, 405, owner(), request);
        return reply;
    }
    if (path_ == "*") {
        return std::nullopt;
    }
    found_ = find(path_);
    // The kernel minds how long a name is where it gets to look for it.
    if (path_.size() > kLongestPath || nameOf(found_.path).size() > kLongestName || within(path_, "/server-status")) {
        return page(403, request);
    }
    return rights(request, admitted);
}

std::optional<HttpReply> HttpAnswers::rights(const HttpRequest& request, bool& admitted) {
    const std::string_view name = nameOf(found_.path);
    const auto login = httpBasicLogin(request);
    const std::string* field = request.field("Cookie");
    const std::string_view cookies = field == nullptr ? std::string_view() : *field;
    route_ = service_.site->route(request.method, path_, cookies);
    const HttpRoute* guard = route_ != nullptr ? route_ : service_.site->route("GET", path_, cookies);
    const bool guarded = guard != nullptr && !guard->realm.empty();
    const bool in = login && service_.accounts.admits(login->user, login->secret);
    admitted = guarded && in;
    if (name.starts_with(".ht")) {
        return page(403, request);
    }
    if (guarded && !in) {
        HttpReply reply;
        reply.header("WWW-Authenticate", "Basic realm=\"" + guard->realm + "\"");
        httpErrorPage(reply, 401, owner(), request);
        refusedLogin_ = login.has_value();
        return reply;
    }
    if (route_ != nullptr && route_->guards) {
        route_ = nullptr;
    }
    if (route_ != nullptr || !found_.folder || found_.more) {
        return std::nullopt;
    }
    if (!path_.ends_with('/')) {
        return redirect(request);
    }
    const bool listed = service_.listings && !found_.alias;
    return request.get() && !listed && indexOf(found_.path) == nullptr ? std::optional(page(403, request))
                                                                       : std::nullopt;
}

HttpReply HttpAnswers::redirect(const HttpRequest& request) const {
    const std::string name = httpServerName(owner(), request);
    const std::uint16_t port = httpServerPort(owner(), request);
    const bool usual = port == (tls_ ? 443 : 80);
    std::string location = (tls_ ? "https://" : "http://") +
                           (name.find(':') == std::string::npos ? name : "[" + name + "]") +
                           (usual ? "" : ":" + std::to_string(port)) + httpEscapePath(path_) + "/";
    if (request.query) {
        location += "?" + *request.query;
    }
    return page(301, request, {.location = location});
}

/// As directory_walk(): down as far as there are folders.
HttpAnswers::Found HttpAnswers::find(std::string_view path) const {
    const bool alias = service_.icons != nullptr && path.starts_with(kHttpIcons);
    const HttpSite& site = alias ? *service_.icons : *service_.site;
    Found found{std::string(alias ? kHttpIcons : "/"), nullptr, true, false, alias};
    std::size_t at = found.path.size();
    while (at < path.size()) {
        const auto end = std::min(path.find('/', at), path.size());
        const std::string below = found.path + std::string(path.substr(at, end - at));
        if (site.folder(below)) {
            found.path = below + "/";
            at = end + 1;
            continue;
        }
        return {below, site.file(below), false, end < path.size(), alias};
    }
    return found;
}

HttpReply HttpAnswers::handle(const HttpRequest& request, const HttpUpload& upload, Turn& turn) {
    if (path_ == "*") {
        HttpReply reply;
        reply.header("Content-Length", "0");
        return reply;
    }
    if (route_ != nullptr) {
        return routed(request, upload, turn);
    }
    if (request.method == "OPTIONS") {
        return options();
    }
    if (!httpMethodKnown(request.method)) {
        return page(501, request);
    }
    if (!request.get() && request.method != "POST") {
        return page(405, request);
    }
    if (found_.folder && !found_.more) {
        return folder(request, turn);
    }
    return found_.file != nullptr && !found_.more ? file(*found_.file, request, turn) : page(404, request);
}

std::optional<HttpLogin> HttpAnswers::loginOf(const HttpRequest& request, const HttpForm& form) const {
    if (route_ == nullptr) {
        return std::nullopt;
    }
    const HttpForm query = httpForm(request.query.value_or(""));
    const std::string* user = valueOf(route_->userField, form, query);
    const std::string* secret = valueOf(route_->secretField, form, query);
    return secret == nullptr ? std::nullopt : std::optional(HttpLogin{user == nullptr ? "" : *user, *secret});
}

/// Where a page asks for no name, any account's password will do.
bool HttpAnswers::accepts(const HttpLogin& login) const {
    if (route_->bodyLogin || !route_->userField.empty()) {
        return service_.accounts.admits(login.user, login.secret);
    }
    const auto& all = service_.accounts.all();
    return std::ranges::find(all, login.secret, &Account::password) != all.end();
}

/// Of several logins in one body, the first decides what is answered, as with a call of many.
HttpReply HttpAnswers::routed(const HttpRequest& request, const HttpUpload& upload, Turn& turn) {
    std::vector<HttpLogin> logins;
    if (route_->bodyLogin) {
        logins = upload.logins();
    } else if (auto login = loginOf(request, upload.form())) {
        logins.push_back(*std::move(login));
    }
    for (const HttpLogin& login : logins) {
        turn.observe(Credential{login.user, login.secret, accepts(login)});
    }
    tookLogin_ = !logins.empty();
    const bool welcome = tookLogin_ && accepts(logins.front());
    return welcome ? answer(route_->welcome, logins.front().user, request, turn)
                   : answer(route_->answer, "", request, turn);
}

/// Puts what is the visit's own where an application has its marks: {{session}} and {{nonce}}, 32 and 10 hexadecimal
/// digits; {{expires}}, a time two days from now in seconds; {{user}}, who was let in just now.
std::string HttpAnswers::filled(std::string text, const std::string& user, WallTime now) const {
    constexpr std::uint64_t kPurpose = 0x5e55;
    if (text.find("{{") == std::string::npos) {
        return text;
    }
    std::string id;
    for (Seeded choice(seed_, kPurpose); id.size() < 42;) {
        id += "0123456789abcdef"[choice.below(16)];
    }
    const auto expires = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()) + std::chrono::days(2);
    const std::pair<std::string_view, std::string> marks[] = {{"{{session}}", id.substr(0, 32)},
                                                              {"{{nonce}}", id.substr(32)},
                                                              {"{{expires}}", std::to_string(expires.count())},
                                                              {"{{user}}", httpEscapePath(user)}};
    for (const auto& [mark, word] : marks) {
        for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + word.size())) {
            text.replace(at, mark.size(), word);
        }
    }
    return text;
}

/// An application's answer, as the server passes it on.
HttpReply HttpAnswers::answer(const HttpAnswer& answer, const std::string& user, const HttpRequest& request,
                              Turn& turn) {
    HttpReply reply;
    for (const auto& [name, value] : answer.headers) {
        if (httpEqual(name, "Content-Type")) {
            reply.type = value;
        } else {
            reply.header(name, filled(value, user, turn.now()));
        }
    }
    if (answer.status >= 400 && answer.body->empty()) {
        httpErrorPage(reply, answer.status, owner(), request);
        return reply;
    }
    reply.status = answer.status;
    const bool bodiless = answer.status == 204 || answer.status == 304;
    if (bodiless) {
        return reply;
    }
    const bool own = answer.body->find("{{") != std::string::npos;
    return content(std::move(reply),
                   own ? std::make_shared<const std::string>(filled(*answer.body, user, turn.now())) : answer.body,
                   request, turn);
}

HttpReply HttpAnswers::options() const {
    HttpReply reply;
    const HttpFile* index = found_.folder ? indexOf(found_.path) : nullptr;
    reply.header("Allow", service_.allow);
    reply.header("Content-Length", "0");
    if (index != nullptr) {
        reply.type = index->type;
        reply.language = index->language;
    } else {
        reply.type = found_.folder ? "httpd/unix-directory" : httpType(found_.path);
        reply.language = found_.folder ? "" : httpLanguage(found_.path);
    }
    return reply;
}

}  // namespace apiary::agent
