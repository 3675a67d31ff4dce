#include "agent/protocols/http_segments.hpp"
#include "agent/protocols/http_session.hpp"
#include "agent/protocols/http_text.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string>
#include <utility>

namespace apiary::agent {
namespace {

bool agentNames(const HttpRequest& request, std::string_view text) {
    const std::string* agent = request.field("User-Agent");
    return agent != nullptr && agent->find(text) != std::string::npos;
}

/// The browsers that Debian's setenvif.conf does not trust to keep a connection.
bool distrusted(const HttpRequest& request) {
    return agentNames(request, "Mozilla/2") || agentNames(request, "MSIE 4.0b2;");
}

/// Those to which it says HTTP/1.0 if they did, or always.
bool wantsOldVersion(const HttpRequest& request) {
    const bool old =
        agentNames(request, "RealPlayer 4.0") || agentNames(request, "Java/1.0") || agentNames(request, "JDK/1.0");
    return (request.version == 10 && old) || (request.version >= 10 && agentNames(request, "MSIE 4.0b2;"));
}

std::string hexadecimal(std::size_t number) {
    char digits[16];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), number, 16).ptr;
    return {digits, end};
}

/// What is cut into several chunks is one slice.
void sendChunks(const HttpReply& reply, HttpSegments& segments) {
    std::vector<HttpSlice> slices = reply.body;
    if (reply.chunks.size() > 1) {
        slices.clear();
        std::size_t offset = reply.body.front().offset;
        for (const std::size_t length : reply.chunks) {
            slices.push_back({reply.body.front().whole, offset, length});
            offset += length;
        }
    }
    for (const HttpSlice& slice : slices) {
        segments.add(hexadecimal(slice.length) + "\r\n");
        segments.add(slice);
        segments.add("\r\n");
    }
    segments.add("0\r\n\r\n");
}

}  // namespace

/// The conditions of ap_set_keepalive(). `chunked` becomes true if that is how the body's end is told.
bool HttpSession::keepsAlive(const HttpReply& reply, bool& chunked) const {
    if (ending_ || httpDropsConnection(reply.status) || expecting_ || wantsOldVersion(request())) {
        return false;
    }
    const bool measured = request().headerOnly() || reply.status == 204 || reply.status == 304 || reply.lengthKnown;
    if (!measured && request().version < 11) {
        return false;
    }
    chunked = !measured;
    const std::string* connection = request().field("Connection");
    const std::string_view wish = connection == nullptr ? std::string_view() : *connection;
    const bool left = service_.mostRequests == 0 || kept_ < service_.mostRequests;
    const bool trusted = !distrusted(request()) || request().field("Via") != nullptr;
    return service_.keepAlive && left && !httpListed(wish, "close") && trusted &&
           (httpListed(wish, "keep-alive") || request().version >= 11);
}

void HttpSession::respond(const HttpReply& reply, Turn& turn) {
    const WallTime at = turn.now() + delay_;
    turn.pause(std::exchange(delay_, Millis::zero()));
    bool chunked = false;
    ending_ = ending_ || (reply.ends && httpDropsConnection(reply.status));
    const bool keep = !request().simple && keepsAlive(reply, chunked);
    if (keep) {
        kept_ += reply.status == 416 ? 2 : 1;  // which the real server finds out when the request is counted already
    }
    send(reply, keep, chunked, at, turn);
    if (keep && !reply.ends) {
        nextRequest(turn);
    } else {
        turn.close();
    }
}

/// `at` is the time that the answer bears.
void HttpSession::send(const HttpReply& reply, bool keep, bool chunked, WallTime at, Turn& turn) const {
    HttpSegments segments(turn);
    if (!request().simple) {
        segments.add(headOf(reply, keep, chunked, at));
    }
    if (request().headerOnly()) {
        return;
    }
    if (chunked) {
        sendChunks(reply, segments);
        return;
    }
    for (const HttpSlice& slice : reply.body) {
        segments.add(slice);
    }
}

std::string HttpSession::headOf(const HttpReply& reply, bool keep, bool chunked, WallTime at) const {
    const auto own =
        std::ranges::find_if(reply.headers, [](const auto& one) { return httpEqual(one.first, "Server"); });
    std::string head = wantsOldVersion(request()) ? "HTTP/1.0 " : "HTTP/1.1 ";
    head += httpStatusLine(reply.status, reply.page);
    head += "\r\nDate: ";
    head += httpDate(std::chrono::floor<std::chrono::seconds>(at));
    head += "\r\nServer: ";
    head += own == reply.headers.end() ? service_.server : own->second;
    head += "\r\n";
    for (const auto& [name, value] : reply.headers) {
        const bool needless = request().headerOnly() && value == "0" && httpEqual(name, "Content-Length");
        if (!httpEqual(name, "Server") && !needless) {
            head.append(name).append(": ").append(value).append("\r\n");
        }
    }
    const std::string* connection = request().field("Connection");
    if (!keep) {
        head += "Connection: close\r\n";
    } else if (connection != nullptr && httpListed(*connection, "keep-alive")) {
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(service_.keepAliveTime).count();
        head += "Keep-Alive: timeout=" + std::to_string(seconds);
        if (service_.mostRequests > 0) {
            head += ", max=" + std::to_string(service_.mostRequests - kept_ + 1);
        }
        head += "\r\nConnection: Keep-Alive\r\n";
    }
    head += chunked ? "Transfer-Encoding: chunked\r\n" : "";
    head += reply.type.empty() ? "" : "Content-Type: " + reply.type + "\r\n";
    head += reply.language.empty() ? "" : "Content-Language: " + reply.language + "\r\n";
    return head + "\r\n";
}

}  // namespace apiary::agent
