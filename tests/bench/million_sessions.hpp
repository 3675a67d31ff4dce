#pragma once

/// A database as full as the console's goals ask for: what the benches of reports look at.

#include "tests/support/postgres_fixture.hpp"

namespace apiary::bench {

/// Fills an empty database with a million ended sessions that began within the 26 hours before now, their logins,
/// commands and files, all counted and analysed. Of whatever a filter names there are a value that comes all the time,
/// one that comes in between, one that comes seldom (in every hour, or a few times in the day) and, as anywhere, those
/// that never came:
///
/// - sources `10.0.0.0` (one session in eighteen) to `10.1.134.160`, the higher the rarer; those from `10.0.39.16` on
///   mostly come once or twice. Countries and networks are theirs: `NL` and 64500 often, `IS` and 64999 seldom;
/// - protocols `ftp`, `telnet`, `http`, `smtp`, `irc`, `pop3`, `catch-all` on ports 21 to 27 and seldom `rdp` on 3389;
///   seldom over UDP, on port 5353; ten busy sensors `s1` to `s10` and a quiet one, `s11`;
/// - outcomes `finished`, now and then `reset`, seldom `tls_failed`; every fifth session tries a login, `user0` to
/// `user200`
///   with `pw0` to `pw2000`, the higher the rarer, and 40 are let in;
/// - every fourth types `GET file0` to `GET file1000`, the higher the rarer; every hundredth offers one of 200 files
///   whose SHA-256 are those of the texts `file0` to `file199`;
/// - besides 200,000 probes, a third each of `masscan`, of `zmap` and of no tool, and five of `unicornscan`.
void loadMillion(const test::TestDatabase& database);

}  // namespace apiary::bench
