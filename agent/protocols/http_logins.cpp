#include "agent/protocols/http_logins.hpp"

#include "agent/protocols/http_text.hpp"

#include <algorithm>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostFields = 100;

constexpr std::string_view kUserNames[] = {
    "username",  "user",           "login", "log",         "uname",   "userid",    "user_name",    "user_login",
    "email",     "mail",           "usr",   "name",        "account", "id",        "pma_username", "j_username",
    "loginname", "login_username", "_user", "txtusername", "u",       "admin_name"};
constexpr std::string_view kSecretNames[] = {
    "password", "passwd",      "pass",      "pwd",           "psd",        "psw",       "passw",
    "secret",   "user_pass",   "userpass",  "pma_password",  "j_password", "loginpass", "login_password",
    "_pass",    "txtpassword", "admin_pwd", "loginpassword", "p",          "pw"};

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

}  // namespace apiary::agent
