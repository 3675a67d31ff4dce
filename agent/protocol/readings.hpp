#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace apiary::agent {

/// What the agent read for a module, which itself reads no files: plain data, made before Module::prepare.

using FileTime = std::chrono::sys_time<std::chrono::microseconds>;

/// A file, or a folder, which has no content. The content is shared because a reload reads all anew while sessions
/// under way still send the old one.
struct FileRead {
    std::shared_ptr<const std::string> content;
    FileTime modified;
};

/// All that lies below a folder, by path, beginning with '/'. Paths of folders end with '/'; "/" is always there.
/// Names are bytes, and may be any.
using FolderRead = std::map<std::string, FileRead, std::less<>>;

/// A value of a table, with its line in the file.
struct ValueRead {
    std::size_t line = 0;
    std::variant<std::string, std::int64_t, bool, std::vector<std::string>, FileRead> value;
};

/// One `[[name]]` of a file. Values of a table within are there as "table.key". A key that ends with "_file" names a
/// file, whose content stands in for its path.
struct TableRead {
    std::string name;
    std::size_t line = 0;
    std::map<std::string, ValueRead, std::less<>> values;
};

/// A file of tables, in their order.
struct TablesRead {
    std::string file;  // its name in messages: "decoys/router.toml"
    std::vector<TableRead> tables;
};

/// By name of the setting; those left empty are not there.
struct Readings {
    std::map<std::string, FolderRead, std::less<>> folders;
    std::map<std::string, TablesRead, std::less<>> tables;
};

}  // namespace apiary::agent
