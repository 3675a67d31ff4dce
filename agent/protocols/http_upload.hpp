#pragma once

#include "agent/protocol/session.hpp"
#include "agent/protocols/http_logins.hpp"
#include "agent/protocols/http_request.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// Takes down the body of one request: a form as fields, files and anything else as payloads, and the logins in it.
/// Holds at most a form of 64 KiB, the first 16 KiB of another body, or of a multipart body a part's head or a value.
class HttpUpload {
public:
    HttpUpload() = default;

    void begin(const HttpRequest& request);

    /// `nextId` numbers the payloads of the session and is moved on.
    void add(std::string_view bytes, std::uint32_t& nextId, Turn& turn);

    /// The body is over, whole or cut short.
    void end(std::uint32_t& nextId, Turn& turn);

    /// What came of a form, and the logins of any body. Whole behind end().
    const HttpForm& form() const { return form_; }
    const std::vector<HttpLogin>& logins() const { return logins_; }

private:
    enum class Kind { Nothing, Form, Multipart, Raw };

    void addRaw(std::string_view bytes, std::uint32_t& nextId, Turn& turn);
    void becomeRaw(std::uint32_t& nextId, Turn& turn);
    bool findDelimiter(std::uint32_t& nextId, Turn& turn);
    void addPart(std::uint32_t& nextId, Turn& turn);
    bool partHead(std::string_view& rest, std::uint32_t& nextId, Turn& turn);
    void value(std::string_view bytes, Turn& turn);
    void endPart(Turn& turn);

    Kind kind_ = Kind::Nothing;
    HttpForm form_;
    std::vector<HttpLogin> logins_;
    std::string held_;
    std::string delimiter_;  // of a multipart body: CRLF and "--boundary"; empty: to be found
    std::string name_;       // of the upload, or of the field of a part
    std::uint32_t id_ = 0;   // of the payload under way; 0: none
    bool looks_ = false;     // holds the beginning of a raw body, which may have logins
    bool inPart_ = false;
    bool file_ = false;
    std::string value_;
};

}  // namespace apiary::agent
