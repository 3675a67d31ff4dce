#pragma once

#include "common/result.hpp"

#include <string>

namespace apiary {

/// The whole of a small file. An Error says why it cannot be read and names it as `what`.
Result<std::string> readPem(const std::string& what, const std::string& path);

}  // namespace apiary
