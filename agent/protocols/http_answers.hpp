#pragma once

#include "agent/protocol/accounts.hpp"
#include "agent/protocol/lazy.hpp"
#include "agent/protocol/session.hpp"
#include "agent/protocols/http_conditions.hpp"
#include "agent/protocols/http_gzip.hpp"
#include "agent/protocols/http_reply.hpp"
#include "agent/protocols/http_site.hpp"
#include "agent/protocols/http_upload.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace apiary::agent {

/// What all HTTP sessions of a service share.
struct HttpService final : Prepared {
    std::string server;    // what it calls itself
    std::string hostName;  // where a request names none
    std::shared_ptr<const HttpSite> site;
    std::shared_ptr<const HttpSite> icons;  // that Apache has besides; null: it is another server
    Accounts accounts;
    std::string boundary;  // of multipart/byteranges: drawn at the start of the real server
    std::string allow;     // the order of methods, which depends on the start as well
    bool signature = true;
    bool listings = true;
    bool keepAlive = true;
    unsigned mostRequests = 100;  // 0: no limit
    Millis keepAliveTime{};
    Millis failureDelay{};
    bool compresses = true;
    std::map<const std::string*, Lazy<HttpGzip>> coded;  // of the files and texts that are worth it

    /// The content of a file or route of the site, compressed when it is first asked for. Null if that is not worth it.
    const HttpGzip* gzipOf(const std::string& content) const;

    static Result<std::shared_ptr<const Prepared>> prepare(const Settings& settings, const Readings& readings,
                                                           std::uint64_t sensorSeed);
};

/// What the server finds for a request: Apache's phases from the name of the host to the handler, without the body.
class HttpAnswers {
public:
    HttpAnswers(const HttpService& service, const Environment& environment);

    HttpOwner owner() const;

    /// What answers before a handler looks at the body: a fault of the request, missing rights, a redirection. Logins
    /// are observed. Nothing if the handler is to answer.
    std::optional<HttpReply> early(HttpRequest& request, Turn& turn);

    /// The handler's answer to the request for which early() had none.
    HttpReply handle(const HttpRequest& request, const HttpUpload& upload, Turn& turn);

    /// Gives back what the last request took.
    void forget();

    /// The login of the form that the application has for the last request, if it is there.
    std::optional<HttpLogin> loginOf(const HttpRequest& request, const HttpForm& form) const;

    /// Takes down the logins of the fields Authorization and Proxy-Authorization.
    static void noteLogins(const HttpRequest& request, bool admitted, Turn& turn);

    /// True if the last early() met a login that was refused.
    bool refusedLogin() const { return refusedLogin_; }

    /// True if the request was a login that the application has a form for, which is observed by now.
    bool tookLogin() const { return tookLogin_; }

private:
    /// Where a path leads: a file or folder, and what is left behind it.
    struct Found {
        std::string path;  // of a folder with '/' at its end
        const HttpFile* file = nullptr;
        bool folder = false;
        bool more = false;   // something is left
        bool alias = false;  // it is among Apache's icons
    };

    HttpReply page(unsigned status, const HttpRequest& request, const HttpErrorDetails& details = {}) const;
    HttpReply refused(unsigned status, const HttpRequest& request) const;
    HttpReply redirect(const HttpRequest& request) const;
    std::optional<HttpReply> faults(HttpRequest& request) const;
    std::optional<HttpReply> judged(HttpRequest& request, bool& admitted);
    std::optional<HttpReply> rights(const HttpRequest& request, bool& admitted);
    bool admitted(const HttpRequest& request) const;
    Found find(std::string_view path) const;
    HttpReply routed(const HttpRequest& request, const HttpUpload& upload, Turn& turn);
    bool accepts(const HttpLogin& login) const;
    std::string filled(std::string text, const std::string& user, WallTime now) const;
    HttpReply answer(const HttpAnswer& answer, const std::string& user, const HttpRequest& request, Turn& turn);
    HttpReply options() const;

    // http_file.cpp: files and folders
    const HttpFile* indexOf(const std::string& folder) const;
    HttpReply folder(const HttpRequest& request, Turn& turn);
    HttpReply file(const HttpFile& file, const HttpRequest& request, Turn& turn) const;
    HttpReply plain(HttpReply reply, const HttpFile& file, const HttpRequest& request,
                    const HttpValidators& validators) const;
    HttpReply compressed(HttpReply reply, const HttpGzip& coded, const HttpRequest& request,
                         const HttpValidators& validators) const;
    HttpReply unsatisfiable(const HttpRequest& request) const;
    std::string parts(HttpReply& reply, const std::shared_ptr<const std::string>& bytes,
                      const std::vector<std::pair<std::uint64_t, std::uint64_t>>& ranges) const;
    HttpReply whole(HttpReply reply, const std::shared_ptr<const std::string>& bytes, const HttpRequest& request,
                    const HttpValidators& validators) const;
    HttpReply content(HttpReply reply, const std::shared_ptr<const std::string>& body, const HttpRequest& request,
                      Turn& turn);
    const HttpGzip& codedOnce(const std::shared_ptr<const std::string>& body);

    const HttpService& service_;
    std::uint16_t port_;
    bool tls_;
    std::uint64_t seed_;  // of this visit
    std::string path_;    // of the request, decoded
    Found found_;
    const HttpRoute* route_ = nullptr;
    bool refusedLogin_ = false;
    bool tookLogin_ = false;
    std::shared_ptr<const std::string> lastText_;  // that was made for this visit and compressed
    HttpGzip lastCoded_;
};

}  // namespace apiary::agent
