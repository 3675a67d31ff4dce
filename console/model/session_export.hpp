#pragma once

#include "console/model/values.hpp"

namespace apiary::console {

/// One field of CSV (RFC 4180, section 2): quoted when it has a comma, quote or line break. Attackers choose such
/// texts: one that a spreadsheet would take as a formula (first character = + - @ tab or CR) gets a leading apostrophe.
QByteArray csvField(const QString& text);

/// The names of the columns of csvLine(), ended by CRLF.
QByteArray csvHeader();

/// A session as one record of CSV in UTF-8, ended by CRLF: times in UTC as ISO 8601, bytes as numbers, every text as
/// visible() shows it but whole.
QByteArray csvLine(const SessionRow& row);

}  // namespace apiary::console
