#pragma once

#include "common/uuid.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

namespace apiary::agent {

/// An open file or folder; closed with its owner.
class Descriptor {
public:
    explicit Descriptor(int number = -1) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept;
    Descriptor& operator=(Descriptor&& other) noexcept;
    ~Descriptor();

    int number() const { return number_; }
    bool open() const { return number_ >= 0; }

private:
    int number_;
};

/// The logs under way: appends to them, and keeps the descriptors of the busiest. Belongs to one thread.
class LogFiles {
public:
    /// `directory` exists. `most` descriptors are kept between calls; a log that is whole in one call needs none.
    LogFiles(std::string directory, std::size_t most);

    /// What became of a piece of text.
    struct Outcome {
        std::string path;  // of the log; empty if nothing was written
        bool created = false;
        std::uint64_t bytes = 0;  // written
        int error = 0;            // errno of the refusal, once for each log
        bool incomplete = false;  // its session is over, and part of it is missing
    };

    /// Appends the pieces to the log of that session; `path` names it the first time. `last` lets go of it. Nothing is
    /// written behind a refusal: what is there is a true beginning.
    Outcome append(const Uuid& session, std::string_view path, std::span<const std::string_view> text, bool last);

    bool has(const Uuid& session) const { return logs_.contains(session); }

private:
    struct Log {
        std::string path;
        Descriptor file;
        bool created = false;
        bool failed = false;
        std::list<Uuid>::iterator use;  // only while `file` is open
    };

    static int write(const Log& log, std::span<const std::string_view> text, Outcome& outcome);
    int reopen(const Uuid& session, Log& log);
    int openFile(const std::string& path, Descriptor& file);
    int folder(const std::string& path);
    void letGo(Log& log);
    void finish(Log& log, Outcome& outcome) const;

    std::string directory_;
    std::size_t most_;
    std::unordered_map<Uuid, Log> logs_;
    std::list<Uuid> uses_;  // of those whose file is open, the latest first
    std::map<std::string, Descriptor> folders_;
};

}  // namespace apiary::agent
