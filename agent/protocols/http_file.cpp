#include "agent/protocols/http_answers.hpp"
#include "agent/protocols/http_conditions.hpp"
#include "agent/protocols/http_listing.hpp"
#include "agent/protocols/http_text.hpp"

#include <algorithm>
#include <cstdio>
#include <span>

namespace apiary::agent {
namespace {

constexpr std::string_view kIndexes[] = {"index.html", "index.cgi",   "index.pl",
                                         "index.php",  "index.xhtml", "index.htm"};
constexpr std::chrono::seconds kSettled(1);

/// FileETag MTime Size. A file that may change within the same instant has a weak one.
std::string etagOf(const HttpFile& file, WallTime now) {
    const auto micros = static_cast<unsigned long long>(file.modified.time_since_epoch().count());
    char text[64];
    (void)std::snprintf(text, sizeof text, "%s\"%zx-%llx\"", now - file.modified > kSettled ? "" : "W/",
                        file.content->size(), micros);
    return text;
}

}  // namespace

const HttpFile* HttpAnswers::indexOf(const std::string& folder) const {
    for (const std::string_view index : found_.alias ? std::span<const std::string_view>() : std::span(kIndexes)) {
        if (const HttpFile* found = service_.site->file(folder + std::string(index))) {
            return found;
        }
    }
    return nullptr;
}

HttpReply HttpAnswers::folder(const HttpRequest& request, Turn& turn) {
    if (const HttpFile* index = indexOf(found_.path)) {
        return file(*index, request, turn);
    }
    if (!request.get()) {
        return page(404, request);
    }
    HttpReply reply;
    reply.type = "text/html;charset=UTF-8";
    if (request.headerOnly()) {
        return reply;
    }
    const auto listed = [&](std::string_view path) {
        const HttpRoute* route = service_.site->route("GET", path);
        return route == nullptr || route->realm.empty() || admitted(request);
    };
    const HttpPieces page = httpListing(*service_.site, found_.path, request, owner(), listed);
    const auto text = std::make_shared<const std::string>(page.text());
    reply.chunks = page.chunks();
    if (reply.chunks.empty() || (service_.compresses && httpTakesGzip(request))) {
        return content(std::move(reply), text, request, turn);
    }
    if (service_.compresses) {
        reply.header("Vary", "Accept-Encoding");
    }
    reply.body.push_back({text, 0, text->size()});
    reply.lengthKnown = false;
    return reply;
}

bool HttpAnswers::admitted(const HttpRequest& request) const {
    const auto login = httpBasicLogin(request);
    return login && service_.accounts.admits(login->user, login->secret);
}

/// A body that is made anew for each request, and has neither tag nor time.
HttpReply HttpAnswers::content(HttpReply reply, const std::shared_ptr<const std::string>& body,
                               const HttpRequest& request, Turn& turn) {
    const auto now = std::chrono::floor<std::chrono::seconds>(turn.now());
    const HttpValidators none{"", now, now};
    if (!service_.compresses || !httpCompressible(reply.type, body->size())) {
        return whole(std::move(reply), body, request, none);
    }
    reply.header("Vary", "Accept-Encoding");
    if (!httpTakesGzip(request)) {
        return whole(std::move(reply), body, request, none);
    }
    const HttpGzip* coded = service_.gzipOf(*body);
    return compressed(std::move(reply), coded != nullptr ? *coded : codedOnce(body), request, none);
}

/// Whoever asks for the same again and again costs the work once.
const HttpGzip& HttpAnswers::codedOnce(const std::shared_ptr<const std::string>& body) {
    if (!lastText_ || *lastText_ != *body) {
        lastCoded_ = httpGzip(*body);
        lastText_ = body;
    }
    return lastCoded_;
}

/// Adds the body or the parts that are asked for, where its length was not told before.
HttpReply HttpAnswers::whole(HttpReply reply, const std::shared_ptr<const std::string>& bytes,
                             const HttpRequest& request, const HttpValidators& validators) const {
    const HttpRanges ranges = reply.status == 200 ? httpRanges(request, bytes->size(), validators) : HttpRanges{};
    if (!ranges.satisfiable) {
        return unsatisfiable(request);
    }
    const std::string range = parts(reply, bytes, ranges.parts);
    if (!range.empty()) {
        reply.header("Content-Range", range);
    }
    reply.header("Content-Length", std::to_string(reply.size()));
    return reply;
}

HttpReply HttpAnswers::file(const HttpFile& file, const HttpRequest& request, Turn& turn) const {
    const auto seconds = [](auto time) { return std::chrono::floor<std::chrono::seconds>(time); };
    const auto now = seconds(turn.now());
    HttpValidators validators{etagOf(file, turn.now()), std::min(seconds(file.modified), now), now};
    HttpReply reply;
    reply.type = file.type;
    reply.language = file.language;
    reply.status = httpConditions(request, validators);
    const bool refused = reply.status != 0;
    const HttpGzip* coded = refused || !httpTakesGzip(request) ? nullptr : service_.gzipOf(*file.content);
    if (coded != nullptr) {
        validators.etag = httpGzipTag(validators.etag);
    }
    reply.header("Last-Modified", httpDate(validators.modified));
    reply.header("ETag", validators.etag);
    reply.header("Accept-Ranges", "bytes");
    if (refused) {
        const std::size_t size = request.headerOnly() ? file.content->size() : 0;
        if (reply.status == 304) {
            reply.type.clear();
            reply.language.clear();
        } else {
            reply.header("Content-Length", std::to_string(size));
        }
        return reply;
    }
    reply.status = 200;
    if (coded == nullptr) {
        return plain(std::move(reply), file, request, validators);
    }
    reply.header("Vary", "Accept-Encoding");
    return compressed(std::move(reply), *coded, request, validators);
}

HttpReply HttpAnswers::plain(HttpReply reply, const HttpFile& file, const HttpRequest& request,
                             const HttpValidators& validators) const {
    const bool vary = service_.compresses && httpCompressible(file.type, file.content->size());
    const HttpRanges ranges = httpRanges(request, file.content->size(), validators);
    if (!ranges.satisfiable) {
        return unsatisfiable(request);
    }
    const std::string range = parts(reply, file.content, ranges.parts);
    reply.header("Content-Length", std::to_string(reply.size()));
    if (vary) {
        reply.header("Vary", "Accept-Encoding");
    }
    if (!range.empty()) {
        reply.header("Content-Range", range);
    }
    return reply;
}

/// Ranges are those of the coded bytes, where these are known as a whole.
HttpReply HttpAnswers::compressed(HttpReply reply, const HttpGzip& coded, const HttpRequest& request,
                                  const HttpValidators& validators) const {
    reply.header("Content-Encoding", "gzip");
    if (coded.passes.size() == 1) {
        return whole(std::move(reply), coded.bytes, request, validators);
    }
    reply.body.push_back({coded.bytes, 0, coded.bytes->size()});
    reply.lengthKnown = false;
    reply.chunks = coded.passes;
    return reply;
}

HttpReply HttpAnswers::unsatisfiable(const HttpRequest& request) const {
    return page(416, request, {.measured = false});
}

/// Adds the parts as the body. Returns Content-Range, which only a single part has.
std::string HttpAnswers::parts(HttpReply& reply, const std::shared_ptr<const std::string>& bytes,
                               const std::vector<std::pair<std::uint64_t, std::uint64_t>>& ranges) const {
    const std::string size = "/" + std::to_string(bytes->size());
    const std::string type = reply.type;
    reply.status = ranges.empty() ? reply.status : 206;
    if (ranges.empty()) {
        reply.body.push_back({bytes, 0, bytes->size()});
        return "";
    }
    for (const auto& [first, last] : ranges) {
        const std::string place = "bytes " + std::to_string(first) + "-" + std::to_string(last) + size;
        const HttpSlice slice{bytes, first, static_cast<std::size_t>(last - first + 1)};
        if (ranges.size() == 1) {
            reply.body.push_back(slice);
            return place;
        }
        reply.add("\r\n--" + service_.boundary + (type.empty() ? "" : "\r\nContent-type: " + type) +
                  "\r\nContent-range: " + place + "\r\n\r\n");
        reply.body.push_back(slice);
    }
    reply.add("\r\n--" + service_.boundary + "--\r\n");
    reply.type = "multipart/byteranges; boundary=" + service_.boundary;
    return "";
}

}  // namespace apiary::agent
