#pragma once

#include "agent/protocol/readings.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiary::agent {

/// What an HTTP service shows: the files of a decoy site, and an application described by routes. Plain data, made once
/// per service from what the configuration read, shared by all its sessions.

/// A file of the decoy site.
struct HttpFile {
    std::shared_ptr<const std::string> content;
    FileTime modified;          // for Last-Modified, ETag, which Apache makes of microseconds, and listings
    std::string type;           // Content-Type as Apache on Debian gives it; empty: none
    std::string language = {};  // Content-Language, likewise
};

/// One answer of an application.
struct HttpAnswer {
    unsigned status = 200;
    std::vector<std::pair<std::string, std::string>> headers;  // besides those that the server adds, or in place of one
    std::shared_ptr<const std::string> body = std::make_shared<const std::string>();  // never null
};

/// A page of an application. Of several that fit a request, the first is taken.
struct HttpRoute {
    std::string method;   // empty: GET, POST if there are login fields, all if it guards. HEAD goes with GET.
    std::string path;     // decoded; exact, or a beginning if it ends with '*'
    HttpAnswer answer;    // also to a login that is refused
    std::string realm;    // not empty: asks for Basic authentication first; `answer` follows an accepted one
    bool guards = false;  // has a realm and no answer: after an accepted one files and folders answer as ever
    std::string userField, secretField;  // fields of a form that are a login; empty: no login here
    bool bodyLogin = false;              // the login is what a body of JSON or XML-RPC names
    HttpAnswer welcome;                  // to a login by form or body that is accepted
    std::string cookie;                  // "name=value" that requests must bear, a '*' in it any text; empty: none
};

/// In what an application's own server differs from the one that the service's settings describe.
struct HttpManner {
    std::string server;             // what it calls itself; empty: as the settings say
    std::optional<bool> signature;  // pages of errors name it; nothing: as the settings say
    bool compresses = true;         // else there is neither gzip nor Vary
};

/// An application, as its file describes it.
struct HttpApplication {
    std::vector<HttpRoute> routes;
    HttpManner manner;
};

/// Immutable. What it is asked for may be anything that a peer sent: it is looked up, no more.
class HttpSite {
public:
    /// `files` by path below the document root, beginning with '/'. A path that ends with '/' is a folder, with its
    /// time; the folders that files imply need not be there, and then have the time of the newest file below.
    HttpSite(std::map<std::string, HttpFile, std::less<>> files, std::vector<HttpRoute> routes, HttpManner manner = {});

    /// `path` is decoded and without dot segments, and begins with '/'. Null if there is none, or a folder.
    const HttpFile* file(std::string_view path) const;
    /// `path` ends with '/' or not. The document root is always there.
    bool folder(std::string_view path) const;
    /// When a folder was changed, for listings. The epoch if it is none.
    FileTime folderModified(std::string_view path) const;
    /// Names of what lies directly in a folder, sorted by bytes; those of folders end with '/'.
    std::vector<std::string> entries(std::string_view path) const;

    /// The route to take before files are looked at, or null. One whose path ends with '*' leaves files alone,
    /// unless it has a realm. `cookies` is the field of that name, maybe empty.
    const HttpRoute* route(std::string_view method, std::string_view path, std::string_view cookies = {}) const;

    const std::vector<HttpRoute>& routes() const { return routes_; }
    const HttpManner& manner() const { return manner_; }

private:
    std::map<std::string, HttpFile, std::less<>> files_;  // folders too: their paths end with '/', they have no content
    std::vector<HttpRoute> routes_;
    HttpManner manner_;
};

}  // namespace apiary::agent
