#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace apiary::agent {

/// A file that only takes up room, to be given back when others have filled the disk: on a full one SQLite cannot even
/// delete. Belongs to one thread at a time.
class Ballast {
public:
    Ballast(std::string path, std::uint64_t bytes) : path_(std::move(path)), bytes_(bytes) {}

    /// Makes it if it is not there and the disk has plenty.
    void ensure() const;

    /// Removes it; false if there was none.
    bool give() const;

private:
    std::string path_;
    std::uint64_t bytes_;
};

}  // namespace apiary::agent
