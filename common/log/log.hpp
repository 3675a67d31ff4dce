#pragma once

#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiary::log {

enum class Format { Text, Json };

/// "text" or "json".
Format formatOf(std::string_view name);

/// The program's own log on stderr, one line an event: time (UTC), program, level, text; or with Json an object each,
/// see jsonLine(). Every line is printable ASCII. Of one place in the source at most 50 messages a minute are said, the
/// others are counted and the count is said. Thread-safe, never blocks for long.
void start(std::string_view program, std::string_view level = "info", Format format = Format::Text);

/// Facts of a message that a program may want to find without reading its text: names of ours, and their values.
using Fields = std::vector<std::pair<std::string_view, std::string>>;
using Where = std::source_location;

/// What a peer sent must have passed escape() before it gets here, so that it can be told from our own words.
void debug(std::string_view text, const Fields& fields = {}, const Where& where = Where::current());
void info(std::string_view text, const Fields& fields = {}, const Where& where = Where::current());
void warn(std::string_view text, const Fields& fields = {}, const Where& where = Where::current());
void error(std::string_view text, const Fields& fields = {}, const Where& where = Where::current());

/// Says how many messages were not said, of the places whose minute is over; with `all`, of all. Every message does so
/// too: call it now and then in case there is none, and with `all` at the end of the program.
void tellHeld(bool all = false);

}  // namespace apiary::log
