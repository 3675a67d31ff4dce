#pragma once

#include "common/net/endpoint.hpp"
#include "common/uuid.hpp"
#include "proto/apiary/v1/session.pb.h"

#include <pqxx/result>

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::collector {

/// Between values of ours and the text that PostgreSQL takes and gives. What goes in is a bound parameter, never a part
/// of a statement; libpqxx cuts a text at a NUL, so texts must have none, and bytes travel as pqxx::binarystring.

/// `2026-11-25 10:19:59.123456+00`: any zone or date style reads it alike.
std::string momentText(std::chrono::sys_time<std::chrono::microseconds> at);

/// An array as PostgreSQL writes it, for a parameter cast to int[] or text[]: `{1,2}`, `{"ftp","a\"b"}`.
std::string arrayText(std::span<const std::int32_t> numbers);
std::string arrayText(std::span<const std::string> texts);

/// The same for a parameter cast to uuid[].
std::string uuidArray(std::span<const Uuid> ids);

/// The bytes of a bytea column; empty if it is null.
std::string bytesOf(const pqxx::field& field);

/// The text of a column; empty if it is null.
std::string textOf(const pqxx::field& field);

/// A count or microseconds since 1970; 0 if the column is null.
std::uint64_t countOf(const pqxx::field& field);

/// A uuid column. Throws std::runtime_error if it is not one.
Uuid uuidOf(const pqxx::field& field);

/// From host(inet) and a port to the wire's 4 or 16 bytes.
void setEndpoint(v1::Endpoint& to, const std::string& address, std::uint32_t port);
void setEndpoint(v1::Endpoint& to, const Endpoint& from);

}  // namespace apiary::collector
