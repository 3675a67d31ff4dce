#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace apiary {

/// A value of the file, with its line and what was asked of it. Free of the parser's own types.
struct TomlNode {
    using Table = std::vector<std::pair<std::string, std::unique_ptr<TomlNode>>>;
    using Array = std::vector<std::unique_ptr<TomlNode>>;

    std::size_t line = 0;
    std::variant<std::monostate, std::string, std::int64_t, bool, Table, Array> value;  // monostate: floats, dates
    std::vector<std::string> known = {};  // of a table: the keys that somebody asked for
    std::string shown = {};               // of a table that was asked for: its name in messages
    bool open = false;                    // of a table: any key is known

    TomlNode* find(std::string_view key) const;
};

/// The whole file and what is wrong with it.
struct TomlDocument {
    std::string name;
    std::unique_ptr<TomlNode> root;
    std::vector<std::pair<std::size_t, std::string>> errors = {};  // line, 0 for none; message
    bool readable = true;  // false: the one error says why, and what the file lacks is no news

    /// What of the message is not printable, since the file's own words are in it, is escaped.
    void complain(std::size_t line, std::string_view message);
};

/// Reads TOML. A syntax error is noted in the document, whose root is then empty.
std::unique_ptr<TomlDocument> parseToml(std::string_view text, const std::string& name);

}  // namespace apiary
