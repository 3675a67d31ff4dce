#pragma once

#include "collector/ingest/rows.hpp"

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <functional>
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

/// The rows of one table on their way to copyBinary(), encoded piece by piece: the server works on one while the next
/// is made.
class CopyRows {
public:
    /// Adds row `number` (from 0) to `rows` by one call of add().
    using Encode = std::function<void(CopyRows& rows, std::size_t number)>;

    /// `target` is `schema.table(column, ...)`; every row gives one value for each of its columns, in that order.
    /// Whatever `encode` refers to must outlive this.
    CopyRows(std::string target, std::size_t count, Encode encode);

    template <typename... Values>
    void add(const Values&... values) {
        assert(sizeof...(values) == columns_);
        startRow(static_cast<std::int16_t>(sizeof...(values)));
        (appendField(piece_, values), ...);
    }

    bool empty() const { return count_ == 0; }
    const std::string& target() const { return target_; }

    /// The next rows, encoded, without the header and trailer of a COPY; empty when there are no more. Valid until the
    /// next call.
    std::string_view next();

private:
    void startRow(std::int16_t fields);

    std::string target_;
    std::size_t columns_;
    std::size_t count_;
    Encode encode_;
    std::size_t encoded_ = 0;
    std::string piece_;
};

}  // namespace apiary::collector
