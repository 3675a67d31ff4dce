#include "agent/protocols/http_upload.hpp"

#include "agent/protocols/http_text.hpp"

#include <algorithm>

namespace apiary::agent {
namespace {

constexpr std::size_t kLongestForm = std::size_t{64} << 10U;
constexpr std::size_t kLongestValue = 4096;
constexpr std::size_t kLongestPartHead = 8192;
constexpr std::size_t kMostFields = 100;
constexpr std::uint32_t kMostFiles = 50;  // of a session

constexpr std::string_view kUserNames[] = {
    "username",  "user",           "login", "log",         "uname",   "userid",    "user_name",    "user_login",
    "email",     "mail",           "usr",   "name",        "account", "id",        "pma_username", "j_username",
    "loginname", "login_username", "_user", "txtusername", "u",       "admin_name"};
constexpr std::string_view kSecretNames[] = {
    "password",  "passwd",         "pass",      "pwd",         "psd",          "psw",
    "passw",     "secret",         "user_pass", "userpass",    "pma_password", "j_password",
    "loginpass", "login_password", "_pass",     "txtpassword", "admin_pwd",    "p",
    "pw"};

template <std::size_t N>
const std::string* firstOf(const HttpForm& form, const std::string_view (&names)[N]) {
    for (const std::string_view name : names) {
        const auto found = std::ranges::find_if(form, [&](const auto& one) { return httpEqual(one.first, name); });
        if (found != form.end()) {
            return &found->second;
        }
    }
    return nullptr;
}

/// Decodes as apr_base64_decode() does: up to the first byte that is no digit of it.
std::string base64(std::string_view text) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string bytes;
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : text) {
        const auto value = kDigits.find(c);
        if (value == std::string_view::npos) {
            break;
        }
        bits = bits << 6U | static_cast<std::uint32_t>(value);
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes += static_cast<char>(bits >> count & 0xffU);
        }
    }
    return bytes;
}

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

/// What an upload to a path is called.
std::string nameOf(std::string_view path) {
    return httpDecode(path.substr(path.rfind('/') + 1), false);
}

}  // namespace

HttpForm httpForm(std::string_view encoded) {
    HttpForm form;
    while (!encoded.empty() && form.size() < kMostFields) {
        const std::string_view item = encoded.substr(0, encoded.find('&'));
        const auto equals = std::min(item.find('='), item.size());
        form.emplace_back(httpDecode(item.substr(0, equals), true),
                          httpDecode(item.substr(std::min(equals + 1, item.size())), true));
        encoded.remove_prefix(std::min(item.size() + 1, encoded.size()));
    }
    return form;
}

std::optional<HttpLogin> httpLogin(const HttpForm& form) {
    const std::string* secret = firstOf(form, kSecretNames);
    if (secret == nullptr) {
        return std::nullopt;
    }
    const std::string* user = firstOf(form, kUserNames);
    return HttpLogin{user == nullptr ? "" : *user, *secret};
}

std::optional<HttpLogin> httpBasicLogin(const HttpRequest& request, std::string_view name) {
    const std::string* field = request.field(name);
    if (field == nullptr) {
        return std::nullopt;
    }
    const auto blank = field->find(' ');
    if (!httpEqual(std::string_view(*field).substr(0, blank), "Basic") || blank == std::string::npos) {
        return std::nullopt;
    }
    const auto begin = std::min(field->find_first_not_of(" \t", blank), field->size());
    std::string pair = base64(std::string_view(*field).substr(begin));
    pair = pair.substr(0, pair.find('\0'));
    const auto colon = pair.find(':');
    return HttpLogin{pair.substr(0, colon), colon == std::string::npos ? "" : pair.substr(colon + 1)};
}

void HttpUpload::begin(const HttpRequest& request, std::uint32_t& nextId) {
    *this = {};
    if (!request.hasBody()) {
        return;
    }
    const std::string* type = request.field("Content-Type");
    const std::string_view text = type == nullptr ? std::string_view() : *type;
    name_ = nameOf(request.path);
    if (httpEqual(text.substr(0, 33), "application/x-www-form-urlencoded")) {
        kind_ = Kind::Form;
    } else if (const std::string boundary = parameter(text, "boundary");
               httpEqual(text.substr(0, 19), "multipart/form-data") && !boundary.empty() && boundary.size() <= 200) {
        kind_ = Kind::Multipart;
        name_.clear();  // what precedes the first part is no field
        delimiter_ = "\r\n--" + boundary;
        held_ = "\r\n";  // as if a line came before the first delimiter
    } else {
        kind_ = Kind::Raw;
        id_ = nextId++;
    }
}

void HttpUpload::add(std::string_view bytes, std::uint32_t& nextId, Turn& turn) {
    if (kind_ == Kind::Raw && !bytes.empty()) {
        turn.observe(PayloadPiece{id_, std::string(bytes), false});
    } else if (kind_ == Kind::Multipart) {
        held_ += bytes;
        addPart(nextId, turn);
    } else if (kind_ == Kind::Form) {
        held_ += bytes;
        if (held_.size() > kLongestForm) {  // no form that anybody fills in
            kind_ = Kind::Raw;
            id_ = nextId++;
            turn.observe(PayloadPiece{id_, std::move(held_), false});
            held_.clear();
        }
    }
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
    file_ = httpLower(head).find("filename=") != std::string::npos;
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
        name_ = parameter(head, "filename");
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

void HttpUpload::end(Turn& turn) {
    if (kind_ == Kind::Form) {
        form_ = httpForm(held_);
    } else if (kind_ == Kind::Raw && id_ != 0) {
        turn.observe(PayloadPiece{id_, {}, true, name_});
    } else if (kind_ == Kind::Multipart) {
        if (!inPart_) {
            value(held_, turn);
        }
        endPart(turn);
    }
    kind_ = Kind::Nothing;
    held_.clear();
    id_ = 0;
}

}  // namespace apiary::agent
