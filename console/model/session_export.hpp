#pragma once

#include "console/model/values.hpp"

namespace apiary::console {

/// One field of CSV (RFC 4180, section 2): quoted when it has a comma, semicolon, tab, quote or line break, so that
/// none begins another cell however a spreadsheet splits. Attackers choose such texts: one that would be taken as a
/// formula (first character = + - @, wide or not, tab, CR or LF) gets a leading apostrophe.
QByteArray csvField(const QString& text);

/// The names of the columns of csvLine(), ended by CRLF.
QByteArray csvHeader();

/// A session as one record of CSV in UTF-8, ended by CRLF, with all that the list knows of it: times in UTC as ISO
/// 8601, bytes as numbers, every text as visible() shows it but whole, tags split by blanks, unknown things empty.
QByteArray csvLine(const SessionRow& row);

/// The same as one line of JSON (JSON Lines, ended by LF), under the names of the columns; unknown things are null.
QByteArray jsonLine(const SessionRow& row);

/// One session with its events, logins, artifacts and text log as a JSON document. Bytes are escaped as in the text
/// logs: `\xHH` for what is no printable ASCII.
QByteArray sessionJson(const SessionDetail& detail);

/// The text log as the database renders it, with LF behind each line; to the byte that of the agent if nothing was cut.
QByteArray logText(const SessionDetail& detail);

}  // namespace apiary::console
