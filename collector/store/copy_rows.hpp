#pragma once

#include "collector/ingest/rows.hpp"

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace apiary::collector {

/// A value for a column of type bytea; a plain string_view is text.
struct Bytes {
    std::string_view bytes;
};
/// A value for a column of type inet: the address, without its port.
struct Inet {
    const Endpoint& address;
};
/// A value for a column of type text[]. No element is null.
struct TextArray {
    std::span<const std::string> elements;
};
/// NULL, in a column of any type.
struct Null {};

/// Appends one field in the binary format of PostgreSQL's COPY: its length and its bytes, big-endian.
void appendField(std::string& out, bool value);             // boolean
void appendField(std::string& out, std::int16_t value);     // int2
void appendField(std::string& out, std::int32_t value);     // int4
void appendField(std::string& out, std::int64_t value);     // int8
void appendField(std::string& out, std::string_view text);  // text: valid in the database's encoding, without NUL
void appendField(std::string& out, Bytes value);            // bytea
void appendField(std::string& out, Moment value);           // timestamptz
void appendField(std::string& out, Inet value);             // inet, /32 or /128
void appendField(std::string& out, const Uuid& value);      // uuid
void appendField(std::string& out, TextArray value);        // text[]
void appendField(std::string& out, Null);

template <typename T>
void appendField(std::string& out, const std::optional<T>& value) {
    if (value) {
        appendField(out, *value);
    } else {
        appendField(out, Null{});
    }
}

/// The rows of one table, encoded for copyBinary().
class CopyRows {
public:
    /// `target` is `schema.table(column, ...)`; every row gives one value for each of its columns, in that order.
    explicit CopyRows(std::string target);

    template <typename... Values>
    void add(const Values&... values) {
        assert(sizeof...(values) == columns_);
        startRow(static_cast<std::int16_t>(sizeof...(values)));
        (appendField(rows_, values), ...);
    }

    bool empty() const { return rows_.empty(); }
    const std::string& target() const { return target_; }

    /// The rows, without the header and trailer of a COPY.
    const std::string& encoded() const { return rows_; }

private:
    void startRow(std::int16_t fields);

    std::string target_;
    std::size_t columns_;
    std::string rows_;
};

}  // namespace apiary::collector
