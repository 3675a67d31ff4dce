#include "agent/protocols/http_request.hpp"

#include "agent/protocols/http_text.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostHeld = 24192;  // of a line without an end: three buffers of the real server
constexpr std::string_view kFieldTooLong = "Size of a request header field exceeds server limit.";
constexpr std::string_view kTooManyFields = "The number of request header fields exceeds this server's limit.";

bool blank(char c) {
    return c == ' ' || c == '\t';
}

bool visible(char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != '\x7f';
}

/// True if chunked is the last coding.
bool endsChunked(std::string_view codings) {
    std::string_view last = codings.substr(codings.rfind(',') + 1);
    last.remove_prefix(std::min(last.find_first_not_of(" \t"), last.size()));
    last = last.substr(0, last.find_last_not_of(" \t") + 1);
    return httpEqual(last, "chunked");
}

/// Nothing if the line is no field at all.
std::optional<HttpField> fieldOf(std::string_view line) {
    const auto nameEnd = static_cast<std::size_t>(std::ranges::find_if_not(line, httpToken) - line.begin());
    if (nameEnd == 0 || nameEnd == line.size() || line[nameEnd] != ':') {
        return std::nullopt;
    }
    std::string_view value = line.substr(nameEnd + 1);
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    return HttpField{std::string(line.substr(0, nameEnd)), std::string(value)};
}

/// A line as those write it who do not care how it ends.
std::string_view takeLine(std::string_view& rest) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    line.remove_suffix(line.ends_with('\r') ? 1 : 0);
    return line;
}

/// Walks over a request line. Each part says whether it met what should not be there.
struct Scanner {
    std::string_view line;
    std::size_t at = 0;
    bool wrong = false;

    char now() const { return at < line.size() ? line[at] : '\0'; }

    /// A word of bytes that `fits` tells, and the blank behind it, which should be one.
    template <typename Fits>
    std::string word(Fits fits) {
        const std::size_t begin = at;
        while (at < line.size() && fits(line[at])) {
            ++at;
        }
        if (at == begin || (at < line.size() && !httpSpace(line[at]))) {
            wrong = true;
            while (at < line.size() && !httpSpace(line[at])) {
                ++at;
            }
        }
        const std::size_t end = at;
        while (httpSpace(now())) {
            wrong = wrong || now() != ' ' || at > end;
            ++at;
        }
        return std::string(line.substr(begin, end - begin));
    }
};

/// 0 for what is no version.
unsigned versionOf(std::string_view protocol) {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    if (protocol.size() != 8 || !protocol.starts_with("HTTP/") || !digit(protocol[5]) || protocol[6] != '.' ||
        !digit(protocol[7]) || protocol[5] == '0') {
        return 0;
    }
    return static_cast<unsigned>((protocol[5] - '0') * 10 + protocol[7] - '0');
}

}  // namespace

const std::string* HttpRequest::field(std::string_view name) const {
    const auto found = std::ranges::find_if(fields, [&](const HttpField& one) { return httpEqual(one.name, name); });
    return found == fields.end() ? nullptr : &found->value;
}

/// The real server finds a line too long when it has its end, or when the buffer is full that makes it twice as much
/// as it may have.
HttpLine httpLine(std::string_view rest) {
    const auto end = rest.substr(0, kMostHeld).find('\n');
    if (end == std::string_view::npos && rest.size() < kMostHeld) {
        return {HttpLine::Kind::Incomplete, {}};
    }
    const std::string_view line = rest.substr(0, end);
    const std::size_t length = line.size() - (line.ends_with('\r') ? 1 : 0);
    if (end == std::string_view::npos || length > kHttpLongestLine + 1) {
        return {HttpLine::Kind::TooLong, {}, std::min(end, rest.size() - 1) + 1};
    }
    if (!line.ends_with('\r') || line.find('\0') != std::string_view::npos) {
        return {HttpLine::Kind::Broken, line, end + 1};
    }
    return {HttpLine::Kind::Whole, line.substr(0, end - 1), end + 1};
}

std::size_t HttpFields::take(std::string_view rest) {
    const HttpLine next = httpLine(rest);
    switch (next.kind) {
        case HttpLine::Kind::Incomplete:
            break;
        case HttpLine::Kind::Whole:
            line(next.text);
            break;
        case HttpLine::Kind::TooLong:
            refuse(kFieldTooLong);
            break;
        case HttpLine::Kind::Broken:
            refuse();
            break;
    }
    return next.consumed;
}

void HttpFields::line(std::string_view line) {
    while (line.size() > 1 && blank(line.back())) {
        line.remove_suffix(1);
    }
    if (!line.empty() && blank(line.front())) {
        if (!pending_ || line.size() == 1) {
            refuse();
            return;
        }
        while (line.size() > 1 && blank(line[1])) {
            line.remove_prefix(1);
        }
        if (last_.size() + line.size() + 1 >= kHttpLongestLine) {
            refuse(kFieldTooLong);
            return;
        }
        (last_ += ' ') += line.substr(1);
        return;
    }
    if (pending_ && !keep()) {
        return;
    }
    pending_ = !line.empty();
    last_ = line;
    if (line.empty()) {
        state_ = checkSizes() ? State::Done : State::Refused;
    }
}

bool HttpFields::keep() {
    if (++count_ > kHttpMostFields) {
        refuse(kTooManyFields);
        return false;
    }
    held_ += last_.size();
    if (held_ > kHttpMostHeld) {
        refuse(kFieldTooLong);
        return false;
    }
    auto field = fieldOf(last_);
    if (!field || !std::ranges::all_of(field->value, httpText)) {
        refuse();
        return false;
    }
    const auto same =
        std::ranges::find_if(fields_, [&](const HttpField& one) { return httpEqual(one.name, field->name); });
    if (same == fields_.end()) {
        fields_.push_back(*std::move(field));
    } else {
        (same->value += ", ") += field->value;
    }
    return true;
}

std::vector<HttpField> HttpFields::soFar() const {
    std::vector<HttpField> fields = fields_;
    if (auto last = pending_ ? fieldOf(last_) : std::nullopt) {
        fields.push_back(*std::move(last));
    }
    return fields;
}

bool HttpFields::checkSizes() {
    const bool good =
        std::ranges::all_of(fields_, [](const HttpField& one) { return one.value.size() <= kHttpLongestLine; });
    if (!good) {
        refuse(kFieldTooLong);
    }
    return good;
}

void HttpFields::refuse(std::string_view note) {
    state_ = State::Refused;
    refusal_ = {400, note};
}

std::size_t HttpHead::take(std::string_view rest) {
    if (state_ == State::Fields) {
        const std::size_t consumed = fields_.take(rest);
        if (fields_.state() == HttpFields::State::Refused) {
            refuse(fields_.refusal());
        } else if (fields_.state() == HttpFields::State::Done) {
            finish();
        }
        return consumed;
    }
    state_ = State::Line;
    const HttpLine next = httpLine(rest);
    switch (next.kind) {
        case HttpLine::Kind::Incomplete:
            break;
        case HttpLine::Kind::Whole:
            if (!next.text.empty() || ++blankLines_ > kHttpMostBlankLines) {
                requestLine(next.text);
            }
            break;
        case HttpLine::Kind::TooLong:
            refuse({414});
            break;
        case HttpLine::Kind::Broken:
            refuse({400});
            break;
    }
    return next.consumed;
}

HttpRequest HttpHead::overheard(std::string_view& rest) const {
    HttpRequest heard = request_;
    if (heard.fields.empty()) {
        heard.fields = fields_.soFar();
    }
    if (heard.method.empty()) {
        (void)httpRequestLine(takeLine(rest).substr(0, kHttpLongestLine), heard);
        if (heard.target.empty() || !std::ranges::all_of(heard.method, [](char c) { return c >= 'A' && c <= 'Z'; })) {
            rest = {};
            return {};
        }
    }
    while (!rest.empty()) {
        const std::string_view line = takeLine(rest);
        if (line.empty()) {
            break;
        }
        auto field = fieldOf(line);
        if (field && heard.fields.size() < kHttpMostFields) {
            heard.fields.push_back(*std::move(field));
        }
    }
    const std::string* coding = heard.field("Transfer-Encoding");
    const std::string* length = heard.field("Content-Length");
    heard.chunked = coding != nullptr && endsChunked(*coding);
    heard.length = heard.chunked || length == nullptr ? 0 : httpNumber(*length).value_or(rest.size());
    return heard;
}

void HttpHead::requestLine(std::string_view line) {
    if (!httpRequestLine(line, request_)) {
        refuse({400});
        return;
    }
    state_ = request_.simple ? State::Ready : State::Fields;
}

void HttpHead::finish() {
    request_.fields = fields_.release();
    const std::string* length = request_.field("Content-Length");
    const auto number = length == nullptr ? std::nullopt : httpNumber(*length);
    const std::string* coding = request_.field("Transfer-Encoding");
    if ((length != nullptr && !number) || (coding != nullptr && !endsChunked(*coding))) {
        refuse({400});
        return;
    }
    request_.chunked = coding != nullptr;
    request_.ambiguous = coding != nullptr && length != nullptr;
    request_.length = coding != nullptr ? 0 : number.value_or(0);
    state_ = State::Ready;
}

void HttpHead::refuse(HttpRefusal refusal) {
    state_ = State::Refused;
    refusal_ = refusal;
}

bool httpRequestLine(std::string_view line, HttpRequest& request) {
    Scanner scanner{line};
    while (httpSpace(scanner.now())) {
        scanner.wrong = true;
        ++scanner.at;
    }
    request.method = scanner.word(httpToken);
    const bool noTarget = scanner.at == line.size();
    request.target = noTarget ? "" : scanner.word(visible);
    const std::string_view protocol = line.substr(scanner.at);
    const bool targetGood = httpTarget(request.target, request);
    request.version = versionOf(protocol);
    request.simple = false;
    if (scanner.wrong || noTarget || (request.version == 0 && !protocol.empty())) {
        return false;
    }
    if (protocol.empty()) {
        request.version = 9;
        if (request.method != "GET") {
            return false;
        }
    }
    const bool asterisk = request.method == "OPTIONS" && request.path == "*";
    if (!targetGood || (request.pathGiven && !request.path.starts_with('/') && !asterisk)) {
        return false;
    }
    request.simple = protocol.empty();
    return true;
}

bool httpMethodKnown(std::string_view method) {
    static constexpr std::string_view kMethods[] = {"GET",
                                                    "HEAD",
                                                    "PUT",
                                                    "POST",
                                                    "DELETE",
                                                    "CONNECT",
                                                    "OPTIONS",
                                                    "TRACE",
                                                    "PATCH",
                                                    "PROPFIND",
                                                    "MKCOL",
                                                    "COPY",
                                                    "MOVE",
                                                    "LOCK",
                                                    "UNLOCK",
                                                    "PROPPATCH",
                                                    "CHECKOUT",
                                                    "UNCHECKOUT",
                                                    "CHECKIN",
                                                    "UPDATE",
                                                    "LABEL",
                                                    "REPORT",
                                                    "MERGE",
                                                    "MKWORKSPACE",
                                                    "MKACTIVITY",
                                                    "VERSION-CONTROL",
                                                    "BASELINE-CONTROL"};
    return std::ranges::find(kMethods, method) != std::end(kMethods);
}

}  // namespace apiary::agent
