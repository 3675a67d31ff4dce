#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <ostream>
#include <string>

namespace apiary::agent {

/// Where the evidence of one agent lies.
struct EvidencePlaces {
    std::string manifests;  // folder
    std::string journal;    // directory
    std::string ca;  // PEM file of the authority that issued the sensor's certificates; empty without a collector
};

/// Compares the text logs with the manifests of their days: a line each on `out` for `changed PATH`, `missing PATH`,
/// `incomplete PATH` (the disk had refused part of it) and `removed by the budget PATH`, with the manifests' own flaws,
/// and a summary for each day. `day`: that one only. Returns how many flaws there are; what the budget removed is none.
/// It reads and waits only, and may be used while the agent runs. Needs no collector: whoever owns the machine and its
/// key can make all of it fit, and only what the collector holds convicts him.
std::size_t verifyEvidence(const EvidencePlaces& evidence, std::optional<std::chrono::sys_days> day, std::ostream& out);

}  // namespace apiary::agent
