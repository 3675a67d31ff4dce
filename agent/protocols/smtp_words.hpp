#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// One word of an SMTP command, quotes and brackets kept.
struct SmtpWord {
    std::string text;
    bool open = false;  // a quote or bracket in it never ended
};

/// Splits a command as Postfix does: at blanks that are outside of "" and <>, and behind a leading FROM: or TO:. Like a
/// C string, the line ends at a NUL.
std::vector<SmtpWord> smtpWords(std::string_view line);

/// True if `word` is what a mail header or a URL begins with: visible characters, then a colon.
bool smtpIsHeader(std::string_view word);

/// True for well-formed UTF-8 (RFC 3629).
bool smtpIsUtf8(std::string_view text);

/// Decodes base64 as Cyrus SASL does, and says which of its two complaints it would have.
enum class SmtpBase64 { Good, Bad, Short };
SmtpBase64 smtpDecode(std::string_view text, std::string& decoded);

/// True if `text` is RFC 3461's xtext, of which `+` and two digits is a character; all of them visible if `visible`.
bool smtpIsXtext(std::string_view text, bool visible);

/// True if `text` is RFC 6533's utf-8-addr-xtext, of which \x{hex} is a character.
bool smtpIsUnicodeXtext(std::string_view text);

/// True for the value of NOTIFY: NEVER alone, or some of SUCCESS, FAILURE and DELAY.
bool smtpIsNotify(std::string_view value);

/// The number, or nothing if it has other characters than digits. What does not fit a file's size is -1.
std::optional<std::int64_t> smtpSize(std::string_view digits);

/// Equality without regard to the case of ASCII letters.
bool smtpSame(std::string_view one, std::string_view other);
std::string smtpLower(std::string_view text);

}  // namespace apiary::agent
