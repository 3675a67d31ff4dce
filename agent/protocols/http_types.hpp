#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// What Apache on Debian 12 makes of a file's name, as mod_mime does: each extension counts, whatever its case, the
/// last that is known decides, and a name's beginning is none, nor that of a hidden file.

/// The extensions in lower case, in order.
std::vector<std::string> httpExtensions(std::string_view path);

/// The Content-Type, with the charset if an extension names one. Empty if none is known: the answer then has no
/// Content-Type. Known are the types that a decoy may need, not all 1,200.
std::string httpType(std::string_view path);

/// The charset that an extension stands for, or nothing.
std::string_view httpCharset(std::string_view extension);

/// The Content-Language: all that the name has, with commas between them. Empty: none.
std::string httpLanguage(std::string_view path);

}  // namespace apiary::agent
