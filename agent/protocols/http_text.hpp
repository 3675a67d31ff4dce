#pragma once

#include "agent/protocol/readings.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace apiary::agent {

/// Small questions about text that HTTP's parts share. ASCII only, whatever the locale.

bool httpSpace(char c);  // as isspace(): blank, HT, LF, VT, FF, CR
bool httpToken(char c);  // tchar of RFC 9110
bool httpText(char c);   // a byte of a field's value: no control character but HT
char httpLower(char c);
std::string httpLower(std::string_view text);
bool httpEqual(std::string_view one, std::string_view other);  // without regard to case

/// True if `list` holds `token`, or a beginning of it, as ap_find_token() looks for it: whatever is no token character
/// separates.
bool httpListed(std::string_view list, std::string_view token);

/// Digits only, below 2^63; nothing for any other text.
std::optional<std::uint64_t> httpNumber(std::string_view digits);

/// The text with the characters that HTML gives a meaning replaced, as Apache does it.
std::string httpEscape(std::string_view text);

/// A path as Apache writes it in an URL.
std::string httpEscapePath(std::string_view path);

/// %XX and, if `plus`, '+' replaced by what they stand for; anything else stays.
std::string httpDecode(std::string_view text, bool plus);

/// "Thu, 01 Jan 1970 00:00:00 GMT"
std::string httpDate(std::chrono::sys_seconds time);

/// Reads the three forms of RFC 9110, 5.6.7, whatever stands for the day of the week. Nothing for any other text.
std::optional<std::chrono::sys_seconds> httpTime(std::string_view text);

}  // namespace apiary::agent
