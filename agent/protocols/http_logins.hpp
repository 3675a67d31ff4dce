#pragma once

#include "agent/protocols/http_request.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiary::agent {

/// Finds the logins that requests carry, whoever asked for them. All of it is linear in what it is given.

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

/// The logins of a body whose type nobody need believe: JSON (members of its objects, and the parameters of a call of
/// "login"), XML-RPC (those calls of blogs that begin with a name and a password, also many in one), other XML (by the
/// names of elements), or a form. Cut bodies are read as far as they go. At most a hundred.
std::vector<HttpLogin> httpLoginsIn(std::string_view body);

}  // namespace apiary::agent
