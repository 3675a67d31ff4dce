#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiary::agent {

/// What the kernel would answer instead of doing it.
enum class ShellError : std::uint8_t {
    None,
    NoEntry,
    IsDirectory,
    NotDirectory,
    Exists,
    Denied,
    NotPermitted,
    ReadOnly,
    NoSpace,
    NotEmpty,
    NameTooLong,
    Loops,
    Invalid,
    Busy,
    BrokenPipe,
    InputOutput,
};

/// As strerror() of glibc says it.
std::string_view errorText(ShellError error);

struct ShellNode {
    enum class Kind : std::uint8_t { Directory, File, Link, Device };
    /// What reading a node gives that changes by the moment.
    enum class Live : std::uint8_t { No, Null, Zero, Random, Terminal, Uptime, LoadAverage, Memory };
    /// Of Kind::Device, which named pipes are too.
    enum class Device : std::uint8_t { Character, Block, Pipe };

    Kind kind = Kind::File;
    std::uint16_t mode = 0644;                  // permission bits alone
    std::uint32_t owner = 0;                    // user id
    std::int64_t modified = 0;                  // seconds since 1970, UTC
    std::shared_ptr<std::string> content = {};  // of a file, or where a link leads; changed only by its sole owner
    Live live = Live::No;
    std::uint16_t major = 0;  // of a device
    std::uint16_t minor = 0;
    Device device = Device::Character;
    std::optional<std::uint32_t> groupId = {};  // if it is not that of the owner
    std::uint32_t made = 0;                     // the number of those that the session made until then; 0: the host's

    std::uint32_t group() const { return groupId.value_or(owner); }
    std::size_t size() const { return content ? content->size() : 0; }
    std::string_view text() const { return content ? std::string_view(*content) : std::string_view(); }
};

/// A tree of files as one session sees it: the host's, and what its user changed. Nothing of it is on a disk.
///
/// Paths handed over are absolute and plain ("/a/b") unless said otherwise. What a session can add is bounded; past the
/// bound it is refused as by a full disk. Copies share contents and are cheap. Not thread-safe.
class ShellFiles {
public:
    using Nodes = std::map<std::string, ShellNode, std::less<>>;
    using Entry = std::pair<std::string, const ShellNode*>;

    static constexpr std::size_t kMostNodes = 640;                    // that a session may add or remove
    static constexpr std::size_t kMostBytes = std::size_t{1} << 20U;  // of contents and paths that it may add
    static constexpr std::size_t kLongestPath = 1024;
    static constexpr std::size_t kLongestTyped = 4096;  // PATH_MAX

    /// `host` has the root and the directory of each of its nodes. `user` is who acts; 0 may do everything.
    ShellFiles(std::shared_ptr<const Nodes> host, std::uint32_t user) : host_(std::move(host)), user_(user) {}

    std::uint32_t user() const { return user_; }
    void become(std::uint32_t user) { user_ = user; }

    const ShellNode* find(std::string_view path) const;

    /// Where `path` leads from `directory`: links on the way are followed, the last one if asked. The last name need
    /// not exist. An error if a directory on the way is missing.
    struct Place {
        std::string path;
        ShellError error = ShellError::None;
        bool asDirectory = false;  // it ended in a slash
    };
    Place locate(std::string_view directory, std::string_view path, bool followLast = true) const;

    /// What is directly in a directory, by name.
    std::vector<Entry> entries(std::string_view directory) const;
    /// The same as the kernel lists them, newest first: what the host has comes last, by name.
    std::vector<Entry> listed(std::string_view directory) const;

    ShellError mayRead(std::string_view path) const;
    ShellError mayExecute(std::string_view path) const;

    /// Makes a file that is not there, or empties one.
    ShellError create(const std::string& path, std::uint16_t mode, std::int64_t now, bool keep = false);
    /// Writes into a file that is there, at `offset` (its end at most).
    ShellError write(const std::string& path, std::size_t offset, std::string_view bytes, std::int64_t now);
    /// Makes `to` the same as the node `from`, in content and mode, without copying.
    ShellError copy(const std::string& from, const std::string& to, std::int64_t now);
    /// Makes a file of root's, or writes one anew, as a program of the machine does that may do everything.
    ShellError layDown(const std::string& path, std::string content, std::int64_t now);
    ShellError makeDirectory(const std::string& path, std::uint16_t mode, std::int64_t now);
    ShellError makeLink(const std::string& path, std::string target, std::int64_t now);
    ShellError makeDevice(const std::string& path, ShellNode node, std::int64_t now);
    ShellError remove(const std::string& path, std::int64_t now);  // an empty directory, or anything else
    ShellError rename(const std::string& from, const std::string& to, std::int64_t now);
    ShellError setMode(const std::string& path, std::uint16_t mode);
    ShellError setOwner(const std::string& path, std::uint32_t owner, std::uint32_t group);
    ShellError setModified(const std::string& path, std::int64_t now);

    /// The changes as text of at most `most` bytes, the newest files first; contents that do not fit are cut.
    std::string remembered(std::size_t most) const;
    /// Applies what remembered() wrote; what cannot be read is skipped.
    void recall(std::string_view remembered);

private:
    ShellError mayChangeIn(std::string_view path) const;
    bool hasRoom(std::size_t bytes) const;
    ShellError put(const std::string& path, ShellNode node);
    ShellNode* own(const std::string& path);
    std::string changeLine(const std::string& path, const std::optional<ShellNode>& node) const;
    void recallLine(std::string_view line);
    void dropOrphans();
    void touchParent(std::string_view path, std::int64_t now);

    std::shared_ptr<const Nodes> host_;
    std::uint32_t user_;
    std::map<std::string, std::optional<ShellNode>, std::less<>> changes_;  // nothing: gone
    std::uint32_t made_ = 0;
};

/// The directory that `path` is in; "/" for the root itself.
std::string_view directoryOf(std::string_view path);

/// The last name of `path`.
std::string_view nameOf(std::string_view path);

}  // namespace apiary::agent
