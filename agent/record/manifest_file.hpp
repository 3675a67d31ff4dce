#pragma once

#include "common/crypto/digest.hpp"
#include "common/uuid.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace apiary::agent {

/// A session that is over, and what its text log digests to, footer included.
struct ManifestEntry {
    Uuid session;
    Sha256Digest digest{};
    std::string path;  // of its log below the journal's directory; empty if it got none
};

/// A piece of a day's manifest: the entries that stand above it in the file, up to the piece before.
struct ManifestMark {
    std::uint64_t first = 0;  // number of its first entry within the day
    std::uint64_t count = 0;
    Sha256Digest chain{};
    std::string signature;  // empty, as `certificate` (DER): not signed
    std::string certificate;
    std::uint32_t lane = 0;  // of the spool, and the number behind which its record comes, if it comes
    std::uint64_t after = 0;
};

/// Stands behind a piece: its record is in the spool, or will never be, since it is not signed.
struct ManifestDone {};

using ManifestLine = std::variant<ManifestEntry, ManifestMark, ManifestDone>;

/// The file of a day holds one line each, appended in the order in which it happened:
///
///     <SHA-256>  <path of the log>              of a session, as sha256sum writes it and reads it with -c
///     #none <SHA-256> <session id>              of a session that got no log
///     #piece <first> <count> <chain> <signature> <certificate> <lane> <after>    bytes in hexadecimal, - for none
///     #sent                                     or #kept, of a piece that is not signed
std::string manifestText(const ManifestLine& line);
inline constexpr std::string_view kKept = "#kept\n";

/// Name of a day's file, YYYY-MM-DD, which is also that of the day's folders in the journal; and back.
std::string dayName(std::chrono::sys_days day);
std::optional<std::chrono::sys_days> dayOfName(std::string_view name);

std::chrono::sys_days dayOf(const Uuid& session);

/// How much of a file makes sense.
struct ManifestReading {
    bool there = false;
    std::uint64_t sound = 0;  // bytes, up to the last line before the first that makes none
    bool torn = false;        // there is more than that, as a loss of power leaves it
    bool damaged = false;     // and behind it there are pieces: that was somebody else
};

/// Calls `take` with each line of a file up to the first that makes no sense.
ManifestReading readManifest(const std::string& path, const std::function<void(ManifestLine)>& take);

}  // namespace apiary::agent
