#pragma once

#include "agent/protocols/ftp_files.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace apiary::agent {

/// What the argument of LIST, NLST or STAT asks for.
struct FtpListing {
    std::string options;         // letters; a, l, r, t and F have a meaning, the others none
    std::string filter;          // pattern of names: * ? {a,b}; empty for all
    std::string shown;           // put before each name of a short listing
    std::string_view directory;  // absolute, and there
    bool full = true;            // one line with all details each, not the name alone
};

/// The listing as vsftpd 3.0.3 writes it, lines ending in CRLF.
std::string ftpList(const FtpFiles& files, const FtpListing& listing, std::int64_t now);

/// True if the name matches the pattern as vsftpd understands it: `*`, `?` and `{a,b}`, not nested. Bounded.
bool ftpMatches(std::string_view name, std::string_view pattern);

/// YYYYMMDDhhmmss, as in the answer to MDTM.
std::string ftpTime(std::int64_t seconds);

}  // namespace apiary::agent
