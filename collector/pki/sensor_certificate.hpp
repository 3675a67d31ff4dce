#pragma once

#include "common/uuid.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace apiary::collector {

/// Why a certificate (DER) is not one that the authority of `directory` issued to that sensor; empty if it is. Whether
/// it is valid now does not matter, nor whether it is the latest. Reads ca.crt.
std::string strangerTo(const Uuid& sensor, std::string_view certificate, const std::filesystem::path& directory);

}  // namespace apiary::collector
