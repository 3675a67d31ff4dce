#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// How InspIRCd reads and compares words. Nicks and channels are compared by RFC 1459, where {|} are the small []\.

std::string ircFold(std::string_view text);
bool ircEqual(std::string_view one, std::string_view other);

/// Whether a mask with * and ? covers the whole text. `rfc` also makes {|} the small letters of []\.
bool ircMatches(std::string_view text, std::string_view mask, bool rfc = true);

bool ircIsNick(std::string_view text);
bool ircIsIdent(std::string_view text);
bool ircIsChannel(std::string_view text);

/// The words between separators; empty ones are left out unless `empties`.
std::vector<std::string> ircWords(std::string_view text, char separator, bool empties = false);

/// The number at the front, as a C++ stream reads an unsigned one: 0 if there is none or it is too big.
std::uint64_t ircNumber(std::string_view text);

/// Seconds of "1d12h5"; nothing if a letter is no unit.
std::optional<std::uint64_t> ircDuration(std::string_view text);

/// "3m12s" and the like.
std::string ircDurationText(std::int64_t seconds);

/// Dates in UTC: "Thu Jan 01 1970 00:00:00", and "00:00:00 Jan 01 1970".
std::string ircDate(std::int64_t seconds);
std::string ircCreated(std::int64_t seconds);

/// A line of a client: tags and source are skipped, as the server does not use them.
struct IrcLine {
    std::string command;  // upper case
    std::vector<std::string> parameters;
};

/// Nothing if there is no command. `tagsTooLong` is set if that is why.
std::optional<IrcLine> ircRead(std::string_view line, bool& tagsTooLong);

/// The order of InspIRCd's tables follows from its hash function and the containers of libstdc++.
struct IrcHash {
    std::size_t operator()(const std::string& name) const;
};
struct IrcSame {
    bool operator()(const std::string& one, const std::string& other) const { return ircEqual(one, other); }
};

}  // namespace apiary::agent
