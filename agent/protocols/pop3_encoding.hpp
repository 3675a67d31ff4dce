#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace apiary::agent {

/// Base64 (RFC 4648) as Dovecot decodes it: blanks are skipped, padding is due. Nothing if it is not base64.
std::optional<std::string> pop3Base64Decode(std::string_view text);

std::string pop3Base64Encode(std::string_view bytes);

/// The MD5 digest (RFC 1321) in lower-case hexadecimal, for APOP.
std::string pop3Md5(std::string_view bytes);

}  // namespace apiary::agent
