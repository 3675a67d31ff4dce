#pragma once

#include "collector/enrich/source_lookup.hpp"
#include "common/result.hpp"

#include <chrono>
#include <memory>
#include <string>

struct MMDB_s;

namespace apiary::collector {

/// What a file is asked for.
enum class AddressQuestion { Country, Network };

/// A database of addresses in the MaxMind format (https://maxmind.github.io/MaxMind-DB/), read with libmaxminddb. The
/// layouts of MaxMind, DB-IP and IPinfo are understood. It is copied when it is opened, so nothing that happens to the
/// file afterwards is noticed. Any thread may ask.
class AddressFile {
public:
    /// Opens and checks the file. An Error, which begins with the path, if it cannot be read, is damaged, or answers
    /// the question for none of the first addresses in it. Blocks for the time of reading it.
    static Result<std::shared_ptr<const AddressFile>> open(const std::string& path, AddressQuestion question);

    /// Adds to `facts` what the file says of the address; nothing if it says nothing, or is damaged at that place.
    void look(const Endpoint& address, SourceFacts& facts) const;

    const SourceFileNote& note() const { return note_; }
    std::chrono::sys_seconds built() const { return built_; }

private:
    struct Close {
        void operator()(MMDB_s* database) const;
    };

    explicit AddressFile(AddressQuestion question) : question_(question) {}
    bool answersAnything() const;

    const AddressQuestion question_;
    std::unique_ptr<MMDB_s, Close> database_;
    SourceFileNote note_;
    std::chrono::sys_seconds built_{};
};

}  // namespace apiary::collector
