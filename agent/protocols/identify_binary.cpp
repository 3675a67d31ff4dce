#include "agent/protocols/identify_look.hpp"
#include "agent/protocols/identify_matchers.hpp"

namespace apiary::agent {

using namespace std::string_view_literals;

/// A ClientHello of SSL 3.0 to TLS 1.3 (RFC 8446), or one of SSL 2.0 (RFC 5246, appendix E.2).
Match matchTls(std::string_view begin) {
    const Match record = Look(begin).is(0, "\x16\x03"sv).in(2, 0, 4).has(5).is(5, "\x01"sv).is(9, "\x03"sv).verdict();
    Look old(begin);
    old.in(0, 0x80, 0x8f).is(2, "\x01"sv);
    const auto version = old.big(3, 2);
    const auto ciphers = old.that(version == 2 || (version >= 0x300 && version <= 0x303)).big(5, 2);
    return either(record, old.that(ciphers > 0 && ciphers % 3 == 0).verdict());
}

/// A connection request of X.224 in a TPKT (MS-RDPBCGR 2.2.1.1): with a cookie or routing token, a request for
/// security, or nothing behind it. Parameters of COTP there are Siemens' S7.
Match matchRdp(std::string_view begin) {
    Look look(begin);
    const auto length = look.is(0, "\x03\x00"sv).big(2, 2);
    const auto indicator = look.that(length >= 11 && length < 1024).big(4, 1);
    look.that(indicator + 5 == length).is(5, "\xe0\x00\x00"sv).has(11);
    if (length > 11) {
        look.oneOf(11, {'C', 'm', 't', 0x01});
    }
    return look.verdict();
}

/// SMB 1 or 2 in a message of the NetBIOS session service (MS-SMB2 2.1).
Match matchSmb(std::string_view begin) {
    return Look(begin).is(0, "\x00"sv).in(1, 0, 1).has(4).oneOf(4, {0xfe, 0xff}).is(5, "SMB"sv).verdict();
}

}  // namespace apiary::agent
