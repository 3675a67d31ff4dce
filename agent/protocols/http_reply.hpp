#pragma once

#include "agent/protocols/http_request.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiary::agent {

/// A part of bytes that others share.
struct HttpSlice {
    std::shared_ptr<const std::string> whole;
    std::size_t offset;
    std::size_t length;
};

/// An answer before it is known whether the connection lives on.
struct HttpReply {
    unsigned status = 200;
    std::vector<std::pair<std::string, std::string>> headers;  // before those of the connection, in order
    std::string type;                                          // Content-Type; empty: none
    std::string language;                                      // Content-Language; empty: none
    std::vector<HttpSlice> body;
    std::vector<std::size_t> chunks;  // how the body is cut if it is chunked; none: not at all
    bool lengthKnown = true;          // Content-Length is among the headers, or is not needed; else it may be chunked
    bool ends = false;                // the connection, whatever the answer says
    bool page = false;                // it is an error page of the server

    void header(std::string_view name, std::string_view value) { headers.emplace_back(name, value); }
    void add(std::string bytes);
    std::size_t size() const;
};

/// What the pages of the server say of itself.
struct HttpOwner {
    std::string_view server;  // "Apache/2.4.71 (Debian)"
    std::string_view host;    // where a request names none
    std::uint16_t port;
    bool signature;
};

/// "404 Not Found". A status that Apache does not know has no reason, or one of its own on an error page.
std::string httpStatusLine(unsigned status, bool page);

/// True for those after which Apache does not trust the stream any more.
bool httpDropsConnection(unsigned status);

/// "<address>…</address>" with a newline, or nothing where the signature is off.
std::string httpSignature(const HttpOwner& owner, const HttpRequest& request);

/// The host and port by which an answer speaks of the server.
std::string httpServerName(const HttpOwner& owner, const HttpRequest& request);
std::uint16_t httpServerPort(const HttpOwner& owner, const HttpRequest& request);

/// What an error page may name.
struct HttpErrorDetails {
    std::string_view note = {};
    std::string location = {};
    unsigned first = 0;    // the error that the page was for when `status` came between
    bool measured = true;  // has a Content-Length
};

/// An error page of Apache. Adds Location for a redirect; the caller adds what else belongs to the status before.
void httpErrorPage(HttpReply& reply, unsigned status, const HttpOwner& owner, const HttpRequest& request,
                   const HttpErrorDetails& details = {});

}  // namespace apiary::agent
