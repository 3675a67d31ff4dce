#pragma once

#include <string>
#include <string_view>

namespace apiary::log {

/// The program's own log, one line an event on stderr: time (UTC), level, text. Thread-safe, never blocks for long.
/// What a peer sent must have passed escape() before it gets here.
void start(std::string_view program, std::string_view level = "info");

void debug(std::string_view text);
void info(std::string_view text);
void warn(std::string_view text);
void error(std::string_view text);

}  // namespace apiary::log
