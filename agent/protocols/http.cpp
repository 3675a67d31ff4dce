/// HTTP/1.1 after Debian 12's apache2 2.4, configured as a fresh installation is: mod_alias, autoindex, auth_basic,
/// dir, deflate, mime, reqtimeout, setenvif and status; the rest of the mods-enabled changes nothing that is seen. Left
/// out on purpose: HTTP/2 (not enabled there), CGI, what /server-status shows the host itself, content negotiation
/// (MultiViews is off), digests, virtual hosts. Nothing that a peer sends is unpacked, fetched or run. A site and an
/// application stand in for what the host serves: http_site.hpp.

#include "agent/protocol/seeded.hpp"
#include "agent/protocol/setting_values.hpp"
#include "agent/protocols/http_content.hpp"
#include "agent/protocols/http_icons.hpp"
#include "agent/protocols/http_session.hpp"
#include "agent/protocols/http_text.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace apiary::agent {
namespace {

constexpr Millis kLongestKeepAlive = std::chrono::minutes(10);
constexpr Millis kLongestDelay = std::chrono::minutes(1);
constexpr std::size_t kLongestCoded = std::size_t{4} << 20U;
constexpr std::uint64_t kMostRequests = 1'000'000;

std::string seededBoundary(std::uint64_t seed) {
    char text[17];
    (void)std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(Seeded(seed, 0xb0da).next()));
    return text;
}

/// Apache lists methods in the order of a table whose hash depends on its start.
std::string seededAllow(std::uint64_t seed) {
    static constexpr std::string_view kOrders[] = {"HEAD,GET,POST,OPTIONS", "GET,POST,OPTIONS,HEAD",
                                                   "POST,OPTIONS,HEAD,GET", "OPTIONS,HEAD,GET,POST"};
    return std::string(kOrders[seed % std::size(kOrders)]);
}

using Coded = std::map<const std::string*, Lazy<HttpGzip>>;

/// `bytes` outlive what is made of them when somebody takes it.
void compressLater(const std::string& bytes, Coded& coded) {
    coded.try_emplace(&bytes, [&bytes] { return httpGzip(bytes); });
}

/// What an application always says alike.
void compress(const HttpAnswer& answer, Coded& coded) {
    const auto type = std::ranges::find_if(answer.headers,
                                           [](const auto& header) { return httpEqual(header.first, "Content-Type"); });
    const bool alike = answer.body->find("{{") == std::string::npos;
    if (type != answer.headers.end() && alike && httpCompressible(type->second, answer.body->size()) &&
        answer.body->size() <= kLongestCoded) {
        compressLater(*answer.body, coded);
    }
}

/// All text files below a folder, unless they are so long that nobody should wait for it.
void compress(const HttpSite& site, const std::string& folder, Coded& coded) {
    for (const std::string& name : site.entries(folder)) {
        const HttpFile* file = site.file(folder + name);
        if (name.ends_with('/')) {
            compress(site, folder + name, coded);
        } else if (file != nullptr && httpCompressible(file->type, file->content->size()) &&
                   file->content->size() <= kLongestCoded) {
            compressLater(*file->content, coded);
        }
    }
}

}  // namespace

Result<std::shared_ptr<const Prepared>> HttpService::prepare(const Settings& settings, const Readings& readings,
                                                             std::uint64_t sensorSeed) {
    auto service = std::make_shared<HttpService>();
    const auto accounts = Accounts::of(settings, sensorSeed);
    const auto site = httpSite(readings, sensorSeed);
    const auto signature = flagOf(settings, "signature");
    const auto listings = flagOf(settings, "listings");
    const auto keepAlive = flagOf(settings, "keep_alive");
    const auto requests = numberOf(settings, "keep_alive_requests", 0, kMostRequests);
    const auto time = durationOf(settings, "keep_alive_timeout", kLongestKeepAlive);
    const auto delay = durationOf(settings, "failed_login_delay", kLongestDelay);
    for (const std::string* error : {accounts ? nullptr : &accounts.error(), site ? nullptr : &site.error(),
                                     signature ? nullptr : &signature.error(), listings ? nullptr : &listings.error(),
                                     keepAlive ? nullptr : &keepAlive.error(), requests ? nullptr : &requests.error(),
                                     time ? nullptr : &time.error(), delay ? nullptr : &delay.error()}) {
        if (error != nullptr) {
            return Error{*error};
        }
    }
    service->server = settings.at("server");
    service->hostName = settings.at("hostname");
    service->site = *site;
    service->accounts = *accounts;
    service->boundary = seededBoundary(sensorSeed);
    service->allow = seededAllow(sensorSeed);
    service->signature = *signature;
    service->listings = *listings;
    service->keepAlive = *keepAlive && *time > Millis::zero();
    service->mostRequests = static_cast<unsigned>(*requests);
    service->keepAliveTime = *time;
    service->failureDelay = *delay;
    const HttpManner& manner = service->site->manner();
    service->server = manner.server.empty() ? service->server : manner.server;
    service->signature = manner.signature.value_or(service->signature);
    service->icons = service->server.starts_with("Apache") ? httpIcons() : nullptr;
    service->compresses = manner.compresses;
    if (service->compresses) {
        compress(*service->site, "/", service->coded);
        for (const HttpRoute& route : service->site->routes()) {
            compress(route.answer, service->coded);
            compress(route.welcome, service->coded);
        }
    }
    return std::shared_ptr<const Prepared>(std::move(service));
}

const HttpGzip* HttpService::gzipOf(const std::string& content) const {
    const auto found = coded.find(&content);
    return found == coded.end() ? nullptr : &found->second.get();
}

namespace {

constexpr std::uint16_t kPorts[] = {80, 8080, 443};
constexpr Setting kSettings[] = {
    kHttpSiteSetting,
    kHttpApplicationSetting,
    {"hostname", "localhost", "what the server calls itself where a request names no host (ServerName)"},
    {"server", "Apache/2.4.71 (Debian)", "the Server field, and the signature of error pages"},
    {"signature", "yes", "yes or no: error pages and listings name the server (ServerSignature)"},
    {"listings", "yes", "yes or no: folders without an index are listed (Options Indexes); no answers 403"},
    Accounts::kAccounts,
    Accounts::kUsers,
    {"failed_login_delay", "0s", "until a Basic login that is refused is answered; Apache has none"},
    {"keep_alive", "yes", "yes or no: a connection may serve several requests (KeepAlive)"},
    {"keep_alive_requests", "100", "how many behind the first; 0 is no limit (MaxKeepAliveRequests)"},
    {"keep_alive_timeout", "5s", "how long the next request is waited for (KeepAliveTimeout)"},
};

/// SSLCipherSuite as Debian has it. TLS 1.0 and 1.1 are not excluded, yet fail, for want of a digest that is weak
/// enough.
constexpr TlsProfile kTls{.ciphers = "HIGH:!aNULL:@SECLEVEL=2"};

}  // namespace

extern constinit const Module http{
    "http", Transport::Stream, false, kPorts, kSettings, HttpService::prepare, openSession<HttpSession, HttpService>,
    kTls};

}  // namespace apiary::agent
