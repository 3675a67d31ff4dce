#include "agent/protocols/http_upload.hpp"

#include "agent/protocols/http_text.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kLongestForm = std::size_t{64} << 10U;
constexpr std::size_t kMostLookedAt = std::size_t{16} << 10U;  // of a body of no certain kind
constexpr std::size_t kLongestBoundary = 200;
constexpr std::size_t kLongestValue = 4096;
constexpr std::size_t kLongestPartHead = 8192;
constexpr std::size_t kMostFields = 100;
constexpr std::uint32_t kMostFiles = 50;  // of a session

/// The value of `name="…"` or `name=…` in a field's parameters.
std::string parameter(std::string_view text, std::string_view name) {
    const std::string lower = httpLower(text);
    for (std::size_t at = lower.find(name); at != std::string::npos; at = lower.find(name, at + 1)) {
        std::size_t begin = at + name.size();
        const bool whole = at == 0 || lower[at - 1] == ';' || httpSpace(lower[at - 1]);
        if (!whole || begin >= text.size() || text[begin] != '=') {
            continue;
        }
        ++begin;
        if (begin < text.size() && text[begin] == '"') {
            return std::string(text.substr(begin + 1, text.find('"', begin + 1) - begin - 1));
        }
        return std::string(text.substr(begin, text.find_first_of("; \t", begin) - begin));
    }
    return "";
}

/// What a part's head calls its file, or nothing if it is none. RFC 8187 gives the second way to write it.
std::optional<std::string> fileNameOf(std::string_view head) {
    const std::string lower = httpLower(head);
    if (lower.find("filename=") == std::string::npos && lower.find("filename*=") == std::string::npos) {
        return std::nullopt;
    }
    std::string name = parameter(head, "filename");
    if (name.empty()) {
        const std::string coded = parameter(head, "filename*");
        name = httpDecode(std::string_view(coded).substr(coded.rfind('\'') + 1), false);
    }
    return name;
}

/// What an upload to a path is called.
std::string nameOf(std::string_view path) {
    return httpDecode(path.substr(path.rfind('/') + 1), false);
}

}  // namespace

void HttpUpload::begin(const HttpRequest& request) {
    *this = {};
    if (!request.hasBody()) {
        return;
    }
    const std::string* type = request.field("Content-Type");
    const std::string_view text = type == nullptr ? std::string_view() : *type;
    name_ = nameOf(request.path);
    if (httpEqual(text.substr(0, 33), "application/x-www-form-urlencoded")) {
        kind_ = Kind::Form;
    } else if (httpEqual(text.substr(0, 19), "multipart/form-data")) {
        kind_ = Kind::Multipart;
        const std::string boundary = parameter(text, "boundary");
        if (!boundary.empty() && boundary.size() <= kLongestBoundary) {
            name_.clear();  // what precedes the first part is no field
            delimiter_ = "\r\n--" + boundary;
            held_ = "\r\n";  // as if a line came before the first delimiter
        }
    } else {
        kind_ = Kind::Raw;
        looks_ = true;
    }
}

void HttpUpload::add(std::string_view bytes, std::uint32_t& nextId, Turn& turn) {
    if (kind_ == Kind::Raw) {
        addRaw(bytes, nextId, turn);
        return;
    }
    if (kind_ == Kind::Nothing) {
        return;
    }
    held_ += bytes;
    if (kind_ == Kind::Multipart) {
        if (!delimiter_.empty() || findDelimiter(nextId, turn)) {
            addPart(nextId, turn);
        }
    } else if (held_.size() >
               kLongestForm) {  // no form that anybody fills in, but a login may stand before what fills it
        form_ = httpForm(held_);
        becomeRaw(nextId, turn);
    }
}

void HttpUpload::addRaw(std::string_view bytes, std::uint32_t& nextId, Turn& turn) {
    if (bytes.empty()) {
        return;
    }
    id_ = id_ == 0 ? nextId++ : id_;
    if (looks_) {
        held_ += bytes.substr(0, kMostLookedAt - std::min(kMostLookedAt, held_.size()));
    }
    turn.observe(PayloadPiece{id_, std::string(bytes), false});
}

/// What is held was the beginning of a payload.
void HttpUpload::becomeRaw(std::uint32_t& nextId, Turn& turn) {
    kind_ = Kind::Raw;
    addRaw(std::exchange(held_, {}), nextId, turn);
}

/// A peer may leave the boundary out; then the first line is the delimiter, or there is none. False if it is not known.
bool HttpUpload::findDelimiter(std::uint32_t& nextId, Turn& turn) {
    const auto end = std::string_view(held_).substr(0, kLongestBoundary + 4).find("\r\n");
    const bool begun = held_.size() < 2 || held_.starts_with("--");
    if (end == std::string_view::npos && begun && held_.size() < kLongestBoundary + 4) {
        return false;
    }
    if (end == std::string_view::npos || !begun || end <= 2) {
        looks_ = true;
        becomeRaw(nextId, turn);
        return false;
    }
    delimiter_ = "\r\n" + held_.substr(0, end);
    held_.insert(0, "\r\n");
    name_.clear();
    return true;
}

/// Takes whole delimiters, heads and values off what is held, and keeps what may become one.
void HttpUpload::addPart(std::uint32_t& nextId, Turn& turn) {
    std::string_view rest = held_;
    while (!inPart_ || partHead(rest, nextId, turn)) {
        const auto at = rest.find(delimiter_);
        if (at == std::string_view::npos) {
            const std::size_t sure = rest.size() - std::min(rest.size(), delimiter_.size() - 1);
            value(rest.substr(0, sure), turn);
            rest.remove_prefix(sure);
            break;
        }
        value(rest.substr(0, at), turn);
        rest.remove_prefix(at + delimiter_.size());
        endPart(turn);
        inPart_ = true;
    }
    held_.erase(0, held_.size() - rest.size());  // once: each time would cost the square of many small parts
}

/// False while the head of the part is not all there, and when it is one file too many: then all that follows is one
/// payload, since each file is a record however short it is.
bool HttpUpload::partHead(std::string_view& rest, std::uint32_t& nextId, Turn& turn) {
    const auto end = rest.find("\r\n\r\n");
    if (end == std::string_view::npos && rest.size() <= kLongestPartHead) {
        return false;
    }
    const std::string_view head = rest.substr(0, std::min(end, kLongestPartHead));
    inPart_ = false;
    name_ = parameter(head, "name");
    auto fileName = fileNameOf(head);
    file_ = fileName.has_value();
    if (file_ && nextId > kMostFiles) {
        kind_ = Kind::Raw;
        file_ = false;
        name_.clear();
        id_ = nextId++;
        turn.observe(Anomaly{"too many files in a form"});
        turn.observe(PayloadPiece{id_, std::string(rest), false});
        rest = {};
        return false;
    }
    if (file_) {
        name_ = *std::move(fileName);
        id_ = nextId++;
    }
    rest.remove_prefix(std::min(head.size() + (end == std::string_view::npos ? 0 : 4), rest.size()));
    return true;
}

void HttpUpload::value(std::string_view bytes, Turn& turn) {
    if (bytes.empty()) {
        return;
    }
    if (file_) {
        turn.observe(PayloadPiece{id_, std::string(bytes), false});
    } else {
        value_ += bytes.substr(0, kLongestValue - std::min(kLongestValue, value_.size()));
    }
}

void HttpUpload::endPart(Turn& turn) {
    if (file_) {
        turn.observe(PayloadPiece{id_, {}, true, name_});
    } else if (!name_.empty() && form_.size() < kMostFields) {
        form_.emplace_back(name_, value_);
    }
    file_ = false;
    id_ = 0;
    name_.clear();
    value_.clear();
}

void HttpUpload::end(std::uint32_t& nextId, Turn& turn) {
    if (kind_ == Kind::Multipart && delimiter_.empty()) {
        looks_ = true;
        becomeRaw(nextId, turn);
    }
    std::string_view body;
    if (kind_ == Kind::Form) {
        form_ = httpForm(held_);
        body = held_;
    } else if (kind_ == Kind::Raw && id_ != 0) {
        turn.observe(PayloadPiece{id_, {}, true, name_});
        body = looks_ ? held_ : body;
    } else if (kind_ == Kind::Multipart) {
        if (!inPart_) {
            value(held_, turn);
        }
        endPart(turn);
    }
    if (const auto login = httpLogin(form_)) {
        logins_ = {*login};
    } else if (kind_ != Kind::Nothing) {
        logins_ = httpLoginsIn(body);  // curl calls everything a form
    }
    kind_ = Kind::Nothing;
    held_.clear();
    id_ = 0;
}

}  // namespace apiary::agent
