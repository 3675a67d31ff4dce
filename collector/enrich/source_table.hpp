#pragma once

#include "collector/enrich/address_file.hpp"
#include "collector/enrich/source_lookup.hpp"
#include "common/concurrent/guarded.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace apiary::collector {

/// The files that a user names. An empty path: no file.
struct SourcePaths {
    std::string country;
    std::string network;
};

/// The files of countries and networks as they are now. A file that cannot be read leaves the one before in use, or
/// none: what it would say is then unknown. Thread-safe.
class SourceTable {
public:
    /// Names the files; refresh() reads them.
    explicit SourceTable(SourcePaths paths) : paths_(std::move(paths)) {}

    /// What changed: sentences for the log.
    struct Changes {
        std::vector<std::string> read;      // files that answer from now on
        std::vector<std::string> problems;  // each begins with a path
    };

    /// Reads the files that are not those read before, by their device, number, size and time; with `again` also those
    /// that failed. Blocks. One thread at a time.
    Changes refresh(bool again);

    /// `GeoLite2-Country is 12 days old`, of each file that answers now.
    std::vector<std::string> ages() const;

    /// What answers now; never null. The present files stay there as long as somebody holds this.
    std::shared_ptr<const SourceLookup> current() const;

private:
    using File = std::shared_ptr<const AddressFile>;
    /// What tells a file from another at the same path.
    using Mark = std::array<std::int64_t, 5>;
    struct Slot {
        File file;
        Mark mark{};
    };

    static Mark markOf(const std::string& path);
    static void refreshSlot(Slot& slot, const std::string& path, AddressQuestion question, bool again,
                            Changes& changes);

    const SourcePaths paths_;
    Slot country_;
    Slot network_;
    Guarded<std::array<File, 2>> files_;
};

}  // namespace apiary::collector
