#pragma once

#include <string_view>

namespace apiary::agent {

/// The Content-Type that Apache on Debian 12 gives a file by its name, as mod_mime does: each extension counts,
/// whatever its case, the last that is known decides, and a name's beginning is none, nor that of a hidden file. Empty
/// if none is known: the answer then has no Content-Type. Known are the types that a decoy may need, not all 1,200. The
/// charset and language of an extension are left out.
std::string_view httpType(std::string_view path);

}  // namespace apiary::agent
