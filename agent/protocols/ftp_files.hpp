#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace apiary::agent {

/// Who owns a file, and who acts: the host's user, or whoever came in as anonymous.
enum class FtpUser : std::uint8_t { Local, Anonymous };

struct FtpNode {
    bool directory = false;
    FtpUser owner = FtpUser::Local;
    std::uint16_t mode = 0644;                        // permission bits alone
    std::uint64_t size = 0;                           // true also where the content was not kept
    std::int64_t modified = 0;                        // seconds since 1970, UTC
    std::shared_ptr<const std::string> content = {};  // null: a directory, or not kept here
    std::uint64_t shelved = 0;                        // its number on the shelf, or 0

    friend bool operator==(const FtpNode&, const FtpNode&) = default;
};

/// Where a path leads, every directory on the way being there.
struct FtpPath {
    std::string absolute;      // "/" or "/a/b"; the last name need not exist
    bool asDirectory = false;  // it ended in a slash
    bool throughDots = false;  // it ended in "." or ".."
};

/// A tree of files as one source sees it: the decoys, and what that source changed. Nothing of it is on a disk.
///
/// Operations follow Unix: they return false where the kernel would refuse, and then change nothing. What a source can
/// add is bounded; past the bound it is refused as by a full disk. Copies share contents. Not thread-safe.
class FtpFiles {
public:
    using Nodes = std::map<std::string, FtpNode, std::less<>>;  // by absolute path

    static constexpr std::size_t kMostNodes = 256;                         // that a source may add
    static constexpr std::size_t kMostPathBytes = std::size_t{16} << 10U;  // of their paths, together
    static constexpr std::size_t kMostKept = 3072;   // bytes of one file's content; larger ones are only shelved
    static constexpr std::size_t kMostInText = 256;  // what is larger is remembered by its number on the shelf

    /// `decoys` has the root and the directory of each of its nodes.
    explicit FtpFiles(Nodes decoys);

    const Nodes& nodes() const { return nodes_; }
    const FtpNode* find(std::string_view path) const;

    /// Nothing if the path cannot be: a directory on the way is missing or closed to `who`, or a name is too long.
    std::optional<FtpPath> resolve(std::string_view workingDirectory, std::string_view path,
                                   FtpUser who = FtpUser::Local) const;

    static bool maySearch(const FtpNode& node, FtpUser who);
    static bool mayRead(const FtpNode& node, FtpUser who);

    /// What a file is to hold.
    struct Content {
        std::uint64_t size = 0;
        std::shared_ptr<const std::string> bytes = {};  // may be null, as of a node
        std::uint64_t shelved = 0;
    };

    /// Makes a file, or replaces what one holds.
    bool write(const FtpPath& path, FtpUser who, std::uint16_t mode, Content content, std::int64_t now);

    /// Replaces what a file holds that write() has made or opened: its mode may forbid that to who comes later.
    void fill(std::string_view path, Content content, std::int64_t now);
    bool makeDirectory(const FtpPath& path, FtpUser who, std::uint16_t mode, std::int64_t now);
    bool removeFile(const FtpPath& path, FtpUser who, std::int64_t now);
    bool removeDirectory(const FtpPath& path, FtpUser who, std::int64_t now);
    bool rename(const FtpPath& from, const FtpPath& to, FtpUser who, std::int64_t now);

    /// Replaces what is not content of a node that is there.
    bool setMode(std::string_view path, FtpUser who, std::uint16_t mode);
    bool setModified(std::string_view path, FtpUser who, std::int64_t modified);

    /// What differs from `decoys`, as text of at most `most` bytes: the newest changes first, contents where they fit.
    std::string remembered(const FtpFiles& decoys, std::size_t most) const;

    /// Applies what remembered() wrote; what cannot be read is skipped.
    void recall(std::string_view remembered, const FtpFiles& decoys);

private:
    bool mayWriteIn(std::string_view directory, FtpUser who) const;
    bool mayChange(const FtpNode& node, FtpUser who) const;
    bool hasRoomFor(std::string_view path) const;
    bool empty(std::string_view directory) const;
    void touch(std::string_view path, std::int64_t now);
    void add(std::string path, FtpNode node);
    void drop(Nodes::iterator node);

    Nodes nodes_;
    std::size_t addedNodes_ = 0;
    std::size_t addedBytes_ = 0;
};

/// The directory that `path` is in; "/" for the root itself.
std::string_view ftpDirectoryOf(std::string_view path);

/// The last name of `path`.
std::string_view ftpNameOf(std::string_view path);

}  // namespace apiary::agent
