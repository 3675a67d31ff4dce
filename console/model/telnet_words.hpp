#pragma once

#include <QByteArray>
#include <QString>

namespace apiary::console {

/// The TELNET commands (RFC 854, 855) in bytes of one direction, by name: `IAC WILL ECHO, DO NAWS`; empty if there are
/// none. An escaped 255 is data, a subnegotiation is named without its content.
QString telnetWords(const QByteArray& bytes);

}  // namespace apiary::console
