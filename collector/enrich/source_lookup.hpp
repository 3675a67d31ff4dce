#pragma once

#include "common/net/endpoint.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace apiary::collector {

/// What is known of an address. What is not known is empty or 0.
struct SourceFacts {
    std::string country;        // ISO 3166, two capitals
    std::uint32_t network = 0;  // number of the autonomous system that announces it
    std::string networkName;    // whose that is: escaped, 128 characters at most

    friend bool operator==(const SourceFacts&, const SourceFacts&) = default;
};

/// A file that answers, as evidence of what the answers rest on.
struct SourceFileNote {
    std::string path;
    std::string type;    // as the file names itself, escaped: GeoLite2-Country
    std::string built;   // 2026-11-24
    std::string sha256;  // hexadecimal
};

/// Where sources come from, as far as somebody says so. Never changes; any thread may ask.
class SourceLookup {
public:
    virtual ~SourceLookup() = default;

    virtual SourceFacts factsOf(const Endpoint& source) const = 0;

    /// The files that answer: country first, then network. None: nothing is known of any source.
    virtual std::vector<SourceFileNote> files() const = 0;
};

/// `GeoLite2-Country 2026-11-24, GeoLite2-ASN 2026-11-24`, for session.enrichment; empty without files.
std::string editionText(const std::vector<SourceFileNote>& files);

}  // namespace apiary::collector
