#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace apiary::agent {

/// What the budget removed, in a file of the journal's directory, so that it can be told from what somebody deleted:
/// the logs by name, as long as there are others in the folder of their hour; then their number only.
///
///     <run>/<day>/<hour>/<PROTOCOL>/<name>.txt
///     <run>/<day>/<hour>/ <number>
///
/// Bounded: 50,000 names (above that the folder with the most is counted only) and 20,000 folders, the oldest go. A
/// name is written before its log is removed, up to 64 at once; a loss of power may forget those of the last seconds.
/// Belongs to one thread; a file that cannot be written costs the memory of what was removed, nothing else.
class RemovalList {
public:
    explicit RemovalList(const std::string& directory);

    /// These paths below the directory are about to be removed.
    void add(const std::string& paths);

    /// All logs of that hour's folder are gone.
    void folderGone(const std::string& folder);

private:
    void fold(const std::string& folder);

    std::string path_;
    std::uint64_t names_;
};

/// The list, for who looks into it; also while an agent runs.
struct RemovedList {
    std::set<std::string, std::less<>> paths;
    std::map<std::string, std::uint64_t, std::less<>> folders;  // `<run>/<day>/<hour>/`
};
RemovedList readRemoved(const std::string& directory);

/// `<run>/<day>/<hour>` of a log's path below the directory; empty if it is not of that shape.
std::string hourFolder(std::string_view path);

}  // namespace apiary::agent
