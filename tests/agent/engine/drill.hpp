#pragma once

#include "agent/protocol/session.hpp"

#include <cstddef>

namespace apiary::agent::test {

/// A protocol that does what its peer tells it to, a line each:
///   echo TEXT | big N | page N | pause MS | alarm MS | quit | throw | tls | remember TEXT | recall | passive
///   page N  sends "head", N shared bytes and the end of the line, in three pieces
///   get N   sends N bytes on the channel, then closes it and says "done" or "cut"
///   blast N the same, but all of it in one turn: what follows must wait for the channel
///   leave N sends N bytes on the channel and closes everything
///   put     takes what comes on the channel until its end, says "took N" or "broken at N"; if it is cut, notes "cut at
///   N" last N  sends N bytes on the channel, says there that this was all, and then does as put secure  shakes hands
///   on the channel: "channel secure", "channel resumed" or "channel failed"
/// It greets with "hello\r\n", says "idle" when idle, "end" when the peer has finished, and instead of a handshake
/// how it failed, or "plain".
extern const Module drill;

/// The same, of servers that take TLS 1.2 and up, and say no alert in a handshake; and for which an end there is an
/// error.
extern const Module drillStrict;
extern const Module drillExact;

/// Datagrams: answers with what came, "twice" with two datagrams; after "bye" it closes. Notes "cut" if it is.
extern const Module drillDatagram;

/// Byte `index` of what get, blast and big send.
char drillByte(std::size_t index);

}  // namespace apiary::agent::test
