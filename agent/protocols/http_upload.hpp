#pragma once

#include "agent/protocol/session.hpp"
#include "agent/protocols/http_request.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiary::agent {

/// The fields of a form, decoded, in order.
using HttpForm = std::vector<std::pair<std::string, std::string>>;

/// "a=b&c=d". Bounded: what is beyond a hundred fields is left out.
HttpForm httpForm(std::string_view encoded);

struct HttpLogin {
    std::string user;
    std::string secret;
};

/// The login that a form looks like, by the names that its fields go by in the wild. Nothing without a secret.
std::optional<HttpLogin> httpLogin(const HttpForm& form);

/// The login of "Authorization: Basic …", or of the other field of that name. Nothing if there is none; a name without
/// a colon has no secret.
std::optional<HttpLogin> httpBasicLogin(const HttpRequest& request, std::string_view name = "Authorization");

/// Takes down the body of one request: a form as fields, files and anything else as payloads. Holds at most a form of
/// 64 KiB, or of a multipart body a part's head or a value.
class HttpUpload {
public:
    HttpUpload() = default;

    /// `nextId` numbers the payloads of the session and is moved on.
    void begin(const HttpRequest& request, std::uint32_t& nextId);

    void add(std::string_view bytes, std::uint32_t& nextId, Turn& turn);

    /// The body is over, whole or cut short.
    void end(Turn& turn);

    const HttpForm& form() const { return form_; }

private:
    enum class Kind { Nothing, Form, Multipart, Raw };

    void addPart(std::uint32_t& nextId, Turn& turn);
    bool partHead(std::string_view& rest, std::uint32_t& nextId, Turn& turn);
    void value(std::string_view bytes, Turn& turn);
    void endPart(Turn& turn);

    Kind kind_ = Kind::Nothing;
    HttpForm form_;
    std::string held_;
    std::string delimiter_;  // of a multipart body: CRLF and "--boundary"
    std::string name_;       // of the upload, or of the field of a part
    std::uint32_t id_ = 0;   // of the payload under way; 0: none
    bool inPart_ = false;
    bool file_ = false;
    std::string value_;
};

}  // namespace apiary::agent
