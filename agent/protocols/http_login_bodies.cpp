#include "agent/protocols/http_logins.hpp"
#include "agent/protocols/http_text.hpp"

#include <algorithm>
#include <charconv>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostLogins = 100;
constexpr std::size_t kMostMembers = 100;  // of an object, or values of a call
constexpr std::size_t kDeepest = 32;
constexpr std::string_view kBlanks = " \t\r\n";

void appendUtf8(std::string& text, std::uint32_t code) {
    const auto byte = [&](std::uint32_t bits) { text += static_cast<char>(bits); };
    if (code < 0x80) {
        byte(code);
    } else if (code < 0x800) {
        byte(0xc0U | code >> 6U);
        byte(0x80U | (code & 0x3fU));
    } else if (code < 0x10000) {
        byte(0xe0U | code >> 12U);
        byte(0x80U | (code >> 6U & 0x3fU));
        byte(0x80U | (code & 0x3fU));
    } else if (code < 0x110000) {
        byte(0xf0U | code >> 18U);
        byte(0x80U | (code >> 12U & 0x3fU));
        byte(0x80U | (code >> 6U & 0x3fU));
        byte(0x80U | (code & 0x3fU));
    }
}

/// Of all digits, or 0xffffffff.
std::uint32_t numberOf(std::string_view digits, int base) {
    std::uint32_t number = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
    return read.ec == std::errc{} && read.ptr == digits.data() + digits.size() && !digits.empty() ? number : ~0U;
}

/// Reads JSON without asking whether it is good.
class JsonReader {
public:
    explicit JsonReader(std::string_view text) : text_(text) {}

    std::vector<HttpLogin> logins() {
        while (at_ < text_.size() && found_.size() < kMostLogins && levels_.size() <= kDeepest) {
            step(text_[at_]);
        }
        while (!levels_.empty()) {
            close();
        }
        return std::move(found_);
    }

private:
    struct Level {
        bool object;
        std::string key = {};
        bool named = false;  // the key is there, its value is to come
        HttpForm members = {};
        std::vector<std::string> items = {};  // of an array; of an object, those of its "params"
    };

    void step(char c) {
        if (c == '{' || c == '[') {
            levels_.push_back({c == '{'});
            ++at_;
        } else if (c == '}' || c == ']') {
            if (!levels_.empty()) {
                close();
            }
            ++at_;
        } else if (c == '"') {
            text(string());
        } else if (c == ',' || c == ':' || kBlanks.find(c) != std::string_view::npos) {
            ++at_;
        } else {
            const auto end = std::min(text_.find_first_of(",:]}[{\" \t\r\n", at_), text_.size());
            text(std::string(text_.substr(at_, end - at_)));
            at_ = end;
        }
    }

    void text(std::string value) {
        if (levels_.empty()) {
            return;
        }
        Level& level = levels_.back();
        if (level.object && !level.named) {
            level.key = std::move(value);
            level.named = true;
        } else if (level.object) {
            level.named = false;
            if (level.members.size() < kMostMembers) {
                level.members.emplace_back(level.key, std::move(value));
            }
        } else if (level.items.size() < kMostMembers) {
            level.items.push_back(std::move(value));
        }
    }

    /// An object that holds no login of its own lends its members to the one around it: {"user": …, "auth": {…}}.
    void close() {
        Level level = std::move(levels_.back());
        levels_.pop_back();
        Level* around = levels_.empty() ? nullptr : &levels_.back();
        if (around != nullptr) {
            around->named = false;
        }
        if (!level.object) {
            if (around != nullptr && around->object && around->key == "params") {
                around->items = std::move(level.items);
            }
            return;
        }
        const auto login = httpLogin(level.members);
        const bool call =
            std::ranges::find(level.members, HttpForm::value_type("method", "login")) != level.members.end();
        if (login && (around == nullptr || !around->object || !login->user.empty())) {
            found_.push_back(*login);
        } else if (around != nullptr && around->object) {
            for (auto& member : level.members) {
                if (around->members.size() < kMostMembers) {
                    around->members.push_back(std::move(member));
                }
            }
        }
        if (call && level.items.size() >= 2) {
            found_.push_back({level.items[0], level.items[1]});
        }
    }

    std::string string() {
        std::string value;
        for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
            if (text_[at_] != '\\' || at_ + 1 == text_.size()) {
                value += text_[at_];
                continue;
            }
            const char c = text_[++at_];
            if (c == 'u') {
                appendUtf8(value, code());
            } else {
                constexpr std::string_view kLetters = "bfnrt";
                constexpr std::string_view kMeanings = "\b\f\n\r\t";
                const auto letter = kLetters.find(c);
                value += letter == std::string_view::npos ? c : kMeanings[letter];
            }
        }
        at_ = std::min(at_ + 1, text_.size());
        return value;
    }

    /// Of "uXXXX", and of a second that completes it. Moves to the last digit.
    std::uint32_t code() {
        const std::uint32_t first = numberOf(text_.substr(at_ + 1, 4), 16);
        at_ = std::min(at_ + 4, text_.size() - 1);
        if (first >= 0xd800 && first < 0xdc00 && text_.substr(at_ + 1, 2) == "\\u") {
            const std::uint32_t second = numberOf(text_.substr(std::min(at_ + 3, text_.size()), 4), 16);
            if (second >= 0xdc00 && second < 0xe000) {
                at_ = std::min(at_ + 6, text_.size() - 1);
                return 0x10000 + ((first - 0xd800) << 10U) + (second - 0xdc00);
            }
        }
        return first;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::vector<Level> levels_;
    std::vector<HttpLogin> found_;
};

std::string fromXml(std::string_view text) {
    constexpr std::pair<std::string_view, std::string_view> kNames[] = {
        {"lt", "<"}, {"gt", ">"}, {"amp", "&"}, {"quot", "\""}, {"apos", "'"}};
    constexpr std::size_t kLongest = 8;  // name of an entity
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto end = text[at] == '&' ? text.substr(at, kLongest + 2).find(';') : std::string_view::npos;
        if (end == std::string_view::npos) {
            plain += text[at];
            continue;
        }
        const std::string_view name = text.substr(at + 1, end - 1);
        const auto* known = std::ranges::find(kNames, name, &std::pair<std::string_view, std::string_view>::first);
        if (known != std::end(kNames)) {
            plain += known->second;
        } else if (name.starts_with('#')) {
            const bool hex = name.starts_with("#x");
            appendUtf8(plain, numberOf(name.substr(hex ? 2 : 1), hex ? 16 : 10));
        }
        at += end;
    }
    return plain;
}

/// Reads XML-RPC, and of any other XML the elements that hold text alone, without asking whether it is good.
class XmlReader {
public:
    explicit XmlReader(std::string_view text) : rest_(text) {}

    std::vector<HttpLogin> logins() {
        while (found_.size() < kMostLogins && nextTag()) {
        }
        endCall();
        if (const auto login = called_ ? std::nullopt : httpLogin(elements_)) {
            found_.push_back(*login);
        }
        return std::move(found_);
    }

private:
    /// Takes the text up to a tag, and the tag.
    bool nextTag() {
        constexpr std::string_view kData = "<![CDATA[";
        const auto begin = rest_.find('<');
        if (begin == std::string_view::npos) {
            return false;
        }
        text_ += fromXml(rest_.substr(0, begin));
        rest_.remove_prefix(begin);
        if (rest_.starts_with(kData)) {
            const auto end = std::min(rest_.find("]]>"), rest_.size());
            text_ += rest_.substr(kData.size(), end - std::min(end, kData.size()));
            rest_.remove_prefix(std::min(end + 3, rest_.size()));
            return true;
        }
        const auto end = std::min(rest_.find('>'), rest_.size());
        std::string_view name = rest_.substr(1, end - 1);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        name = name.substr(0, name.find_first_of(" \t\r\n"));
        const bool closes = name.starts_with('/');
        name.remove_prefix(closes ? 1 : 0);
        name = name.substr(name.rfind(':') + 1);
        closes ? close(name) : open(name);
        text_.clear();
        return true;
    }

    void open(std::string_view name) {
        open_ = name;
        taken_ = taken_ && name != "value";
    }

    void close(std::string_view name) {
        constexpr std::string_view kKinds[] = {"string", "int", "i4", "boolean", "double", "base64"};
        if (name == "methodName") {
            begin(text_);
        } else if (name == "name") {
            namesMethod_ = text_ == "methodName";
        } else if (std::ranges::find(kKinds, name) != std::end(kKinds) || (name == "value" && !taken_)) {
            value();
        }
        if (open_ == name && elements_.size() < kMostMembers) {
            elements_.emplace_back(name, text_);
        }
        open_ = {};
    }

    void begin(std::string method) {
        endCall();
        method_ = std::move(method);
        called_ = true;
    }

    void value() {
        taken_ = true;
        if (std::exchange(namesMethod_, false)) {
            begin(text_);
        } else if (values_.size() < kMostMembers) {
            values_.push_back(text_);
        }
    }

    /// How many values stand before the name; nothing if the method takes no login.
    static std::optional<std::size_t> before(std::string_view method) {
        const auto of = [&](std::string_view family) { return method.starts_with(family); };
        if (method == "wp.getUsersBlogs" || method.ends_with("login") || method.ends_with("Login")) {
            return 0;
        }
        if (method == "blogger.getUsersBlogs" || method == "blogger.getUserInfo" || of("wp.") || of("metaWeblog.") ||
            of("mt.")) {
            return 1;
        }
        return of("blogger.") ? std::optional<std::size_t>(2) : std::nullopt;
    }

    void endCall() {
        const auto first = before(method_);
        if (first && values_.size() >= *first + 2) {
            found_.push_back({values_[*first], values_[*first + 1]});
        }
        values_.clear();
        method_.clear();
    }

    std::string_view rest_;
    std::string text_;
    std::string_view open_;     // the element that was opened last, if nothing came since but text
    bool taken_ = true;         // the value under way was an element within it
    bool namesMethod_ = false;  // the next value does, in a call of many
    bool called_ = false;
    std::string method_;
    std::vector<std::string> values_;
    HttpForm elements_;
    std::vector<HttpLogin> found_;
};

bool formLike(std::string_view text) {
    return text.find('=') != std::string_view::npos &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

std::vector<HttpLogin> httpLoginsIn(std::string_view body) {
    body.remove_prefix(std::min(body.find_first_not_of(kBlanks), body.size()));
    body = body.substr(0, body.find_last_not_of(kBlanks) + 1);
    if (body.starts_with('{') || body.starts_with('[')) {
        return JsonReader(body).logins();
    }
    if (body.starts_with('<')) {
        return XmlReader(body).logins();
    }
    const auto login = formLike(body) ? httpLogin(httpForm(body)) : std::nullopt;
    return login ? std::vector<HttpLogin>{*login} : std::vector<HttpLogin>{};
}

}  // namespace apiary::agent
