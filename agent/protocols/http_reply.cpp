#include "agent/protocols/http_reply.hpp"

#include "agent/protocols/http_pieces.hpp"
#include "agent/protocols/http_text.hpp"

#include <algorithm>
#include <numeric>

namespace apiary::agent {
namespace {

struct Status {
    unsigned code;
    std::string_view line;
};

constexpr Status kStatuses[] = {
    {200, "200 OK"},
    {201, "201 Created"},
    {202, "202 Accepted"},
    {203, "203 Non-Authoritative Information"},
    {204, "204 No Content"},
    {205, "205 Reset Content"},
    {206, "206 Partial Content"},
    {207, "207 Multi-Status"},
    {208, "208 Already Reported"},
    {226, "226 IM Used"},
    {300, "300 Multiple Choices"},
    {301, "301 Moved Permanently"},
    {302, "302 Found"},
    {303, "303 See Other"},
    {304, "304 Not Modified"},
    {305, "305 Use Proxy"},
    {307, "307 Temporary Redirect"},
    {308, "308 Permanent Redirect"},
    {400, "400 Bad Request"},
    {401, "401 Unauthorized"},
    {402, "402 Payment Required"},
    {403, "403 Forbidden"},
    {404, "404 Not Found"},
    {405, "405 Method Not Allowed"},
    {406, "406 Not Acceptable"},
    {407, "407 Proxy Authentication Required"},
    {408, "408 Request Timeout"},
    {409, "409 Conflict"},
    {410, "410 Gone"},
    {411, "411 Length Required"},
    {412, "412 Precondition Failed"},
    {413, "413 Request Entity Too Large"},
    {414, "414 Request-URI Too Long"},
    {415, "415 Unsupported Media Type"},
    {416, "416 Requested Range Not Satisfiable"},
    {417, "417 Expectation Failed"},
    {421, "421 Misdirected Request"},
    {422, "422 Unprocessable Entity"},
    {423, "423 Locked"},
    {424, "424 Failed Dependency"},
    {426, "426 Upgrade Required"},
    {428, "428 Precondition Required"},
    {429, "429 Too Many Requests"},
    {431, "431 Request Header Fields Too Large"},
    {451, "451 Unavailable For Legal Reasons"},
    {500, "500 Internal Server Error"},
    {501, "501 Not Implemented"},
    {502, "502 Bad Gateway"},
    {503, "503 Service Unavailable"},
    {504, "504 Gateway Timeout"},
    {505, "505 HTTP Version Not Supported"},
    {506, "506 Variant Also Negotiates"},
    {507, "507 Insufficient Storage"},
    {508, "508 Loop Detected"},
    {510, "510 Not Extended"},
    {511, "511 Network Authentication Required"},
};

std::string explanation(unsigned status, const HttpRequest& request, const HttpErrorDetails& details) {
    const std::string note(details.note);
    const std::string method = httpEscape(request.method);
    switch (status) {
        case 301:
            return "<p>The document has moved <a href=\"" + httpEscape(details.location) + "\">here</a>.</p>\n";
        case 400:
            return "<p>Your browser sent a request that this server could not understand.<br />\n" + note + "</p>\n";
        case 401:
            return "<p>This server could not verify that you\nare authorized to access the document\nrequested.  "
                   "Either "
                   "you supplied the wrong\ncredentials (e.g., bad password), or your\nbrowser doesn't understand how "
                   "to supply\nthe credentials required.</p>\n";
        case 403:
            return "<p>You don't have permission to access this resource.</p>\n";
        case 404:
            return "<p>The requested URL was not found on this server.</p>\n";
        case 405:
            return "<p>The requested method " + method + " is not allowed for this URL.</p>\n";
        case 408:
            return "<p>Server timeout waiting for the HTTP request from the client.</p>\n";
        case 413:
            return "The requested resource does not allow request data with " + method +
                   " requests, or the amount of data provided in\nthe request exceeds the capacity limit.\n";
        case 414:
            return "<p>The requested URL's length exceeds the capacity\nlimit for this server.<br />\n</p>\n";
        case 416:
            return "<p>None of the range-specifier values in the Range\nrequest-header field overlap the current "
                   "extent\nof the selected resource.</p>\n";
        case 417: {
            const std::string* expected = request.field("Expect");
            return "<p>The expectation given in the Expect request-header\nfield could not be met by this server.\nThe "
                   "client sent<pre>\n    Expect: " +
                   httpEscape(expected == nullptr ? "" : *expected) +
                   "\n</pre>\n</p><p>Only the 100-continue expectation is supported.</p>\n";
        }
        case 501:
            return "<p>" + method + " not supported for current URL.<br />\n</p>\n";
        default:
            return "";
    }
}

}  // namespace

void HttpReply::add(std::string bytes) {
    const std::size_t size = bytes.size();
    body.push_back({std::make_shared<const std::string>(std::move(bytes)), 0, size});
}

std::size_t HttpReply::size() const {
    return std::accumulate(body.begin(), body.end(), std::size_t{0},
                           [](std::size_t sum, const HttpSlice& slice) { return sum + slice.length; });
}

std::string httpStatusLine(unsigned status, bool page) {
    const auto* known = std::ranges::find(kStatuses, status, &Status::code);
    return known == std::end(kStatuses) ? std::to_string(status) + (page ? " Unknown Reason" : " ")
                                        : std::string(known->line);
}

bool httpDropsConnection(unsigned status) {
    constexpr unsigned kDropping[] = {400, 408, 411, 413, 414, 500, 501, 503};
    return std::ranges::find(kDropping, status) != std::end(kDropping);
}

std::string httpServerName(const HttpOwner& owner, const HttpRequest& request) {
    return request.host ? *request.host : std::string(owner.host);
}

std::uint16_t httpServerPort(const HttpOwner& owner, const HttpRequest& request) {
    return request.port.value_or(owner.port);
}

std::string httpSignature(const HttpOwner& owner, const HttpRequest& request) {
    if (!owner.signature) {
        return "";
    }
    return "<address>" + std::string(owner.server) + " Server at " + httpEscape(httpServerName(owner, request)) +
           " Port " + std::to_string(httpServerPort(owner, request)) + "</address>\n";
}

void httpErrorPage(HttpReply& reply, unsigned status, const HttpOwner& owner, const HttpRequest& request,
                   const HttpErrorDetails& details) {
    reply.status = status;
    reply.page = true;
    reply.type = "text/html; charset=iso-8859-1";
    if (!details.location.empty()) {
        reply.header("Location", details.location);
    }
    if (request.headerOnly()) {
        return;
    }
    const std::string title = httpStatusLine(status, true);
    HttpPieces page;
    page << "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\" \"http://www.w3.org/TR/html4/strict.dtd\">\n"
            "<html><head>\n<title>"
         << title << "</title>\n</head><body>\n<h1>" << title.substr(std::min<std::size_t>(4, title.size()))
         << "</h1>\n"
         << explanation(status, request, details);
    if (details.first != 0) {
        page << "<p>Additionally, a " << httpStatusLine(details.first, true)
             << "\nerror was encountered while trying to use an ErrorDocument to handle the request.</p>\n";
    }
    const std::string signature = httpSignature(owner, request);
    page << (signature.empty() ? "" : "<hr>\n" + signature) << "</body></html>\n";
    reply.chunks = page.chunks();
    reply.lengthKnown = details.measured && reply.chunks.empty();
    if (reply.lengthKnown) {
        reply.header("Content-Length", std::to_string(page.text().size()));
    }
    reply.add(page.text());
}

}  // namespace apiary::agent
