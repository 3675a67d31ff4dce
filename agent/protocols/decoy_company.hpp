#pragma once

#include "agent/protocol/seeded.hpp"

#include <cstdint>
#include <string_view>

namespace apiary::agent {

inline constexpr std::uint64_t kDecoyCompanyPurpose = 0xf71e5;
inline constexpr std::string_view kDecoyCompanies[] = {"halden",      "northgate", "verano",    "kestrel",
                                                       "brightwater", "ostermann", "lindqvist", "tamarack",
                                                       "corvus",      "meridian",  "ashford",   "solheim"};

/// The company whose host a sensor pretends to be: lower case, and the same in the decoys of all its services.
constexpr std::string_view decoyCompany(std::uint64_t sensorSeed) {
    return Seeded(sensorSeed, kDecoyCompanyPurpose).pick(kDecoyCompanies);
}

}  // namespace apiary::agent
