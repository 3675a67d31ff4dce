#pragma once

#include "common/net/endpoint.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace apiary {

struct TomlDocument;
struct TomlNode;

/// One key of a table, present or not, with a getter for each kind of value. A bad value is noted as an error of the
/// file and the getter returns its fallback, so that a reader goes on and all errors are found at once.
class TomlField {
public:
    bool present() const { return node_ != nullptr; }

    /// Its line of the file, or its table's where it is missing.
    std::size_t line() const;

    /// Notes an error if the key is missing. Returns itself: `table.field("name").required().text()`.
    const TomlField& required() const;

    std::string text(std::string_view fallback = {}) const;

    /// A list of strings; a single string is a list of one. Empty if missing.
    std::vector<std::string> texts() const;

    /// A list of strings and whole numbers, as texts; a single one is a list of one. Empty if missing.
    std::vector<std::string> words() const;

    /// A path; a relative one counts from the folder of the file.
    std::string path(std::string_view fallback = {}) const;

    bool flag(bool fallback) const;
    std::uint64_t number(std::uint64_t fallback, std::uint64_t least, std::uint64_t most) const;

    /// A list of numbers. Empty if missing.
    std::vector<std::uint64_t> numbers(std::uint64_t least, std::uint64_t most) const;

    /// "100ms", "120s", "15m", "2h", "7d".
    std::chrono::milliseconds duration(std::chrono::milliseconds fallback, std::chrono::milliseconds least,
                                       std::chrono::milliseconds most) const;

    /// Bytes: 4096, "512KiB", "1MiB", "2GiB", "1TiB".
    std::uint64_t size(std::uint64_t fallback, std::uint64_t least, std::uint64_t most) const;

    /// "127.0.0.1:21" or "[::1]:21", one or a list of at least one. Empty if missing.
    std::vector<Endpoint> endpoints() const;

    /// Notes an error at this key, or at its table where it is missing: `message` follows the key's name.
    void complain(std::string_view message) const;

private:
    friend class TomlTable;
    TomlField(TomlDocument& document, TomlNode* parent, std::string name, TomlNode* node)
        : document_(&document), parent_(parent), name_(std::move(name)), node_(node) {}

    TomlDocument* document_;
    TomlNode* parent_;
    std::string name_;
    TomlNode* node_;
};

/// A value of a table whose keys are somebody else's to know.
struct TomlValue {
    std::string key;
    std::size_t line;
    std::variant<std::string, std::int64_t, bool, std::vector<std::string>> value;
};

/// A table, present or not. What it is asked for is what it may hold: every other key is an error of the file.
class TomlTable {
public:
    bool present() const { return node_ != nullptr; }
    std::size_t line() const;

    TomlField field(std::string_view key) const;

    /// The table `[key]`; one that is not there has no fields.
    TomlTable table(std::string_view key) const;

    /// The tables `[[key]]`, in order.
    std::vector<TomlTable> tables(std::string_view key) const;

    /// All keys with their values, for a table whose keys are somebody else's to know. Values must be strings.
    std::vector<std::pair<std::string, std::string>> entries() const;

    /// The same with values of any kind but floats and dates; those of a table within have the key "table.key".
    std::vector<TomlValue> values() const;

    /// The keys that are there, known or not, for a reader that then asks for each.
    std::vector<std::string> keys() const;

    /// Notes an error at the line of one of values().
    void complain(const TomlValue& value, std::string_view message) const;

    /// Notes an error at the table's own line.
    void complain(std::string_view message) const;

private:
    friend class TomlFile;
    void collectValues(const std::string& prefix, std::vector<TomlValue>& into) const;

    TomlTable(TomlDocument& document, std::string name, TomlNode* node)
        : document_(&document), name_(std::move(name)), node_(node) {}

    TomlDocument* document_;
    std::string name_;  // "[journal]", "[[service]]"; empty for the root
    TomlNode* node_;
};

/// A configuration file in TOML, read once. Errors are collected, each `file:line: what is wrong and what to do`.
/// Tables and fields are views into it. Not thread-safe.
class TomlFile {
public:
    /// A file that cannot be read, or is not TOML, is a file with an error and nothing in it.
    static TomlFile read(const std::string& path);

    /// The same of a text; `name` stands for the file in messages, and its folder is where relative paths begin.
    static TomlFile parse(std::string_view text, const std::string& name);

    TomlFile(TomlFile&&) noexcept;
    TomlFile& operator=(TomlFile&&) noexcept;
    ~TomlFile();

    TomlTable root() const;

    /// Call when everything was asked for: notes the keys that nobody knows, with the nearest that is known, and
    /// returns all errors in the order of their lines. Empty: the file is good.
    std::vector<std::string> finish();

    /// The errors noted so far, for who asks for a part of a file that somebody else reads in whole.
    std::vector<std::string> errorsSoFar();

private:
    explicit TomlFile(std::unique_ptr<TomlDocument> document);

    std::unique_ptr<TomlDocument> document_;
};

}  // namespace apiary
