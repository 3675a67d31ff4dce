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

/// RFC 1002: the request of a session, which names the called host.
Match matchNetbiosSession(std::string_view begin) {
    return Look(begin).is(0, "\x81\x00\x00\x44\x20"sv).verdict();
}

/// The bind of DCE/RPC 5.0, least significant byte first.
Match matchDcerpc(std::string_view begin) {
    return Look(begin).is(0, "\x05\x00\x0b"sv).has(4).is(4, "\x10\x00\x00\x00"sv).verdict();
}

/// RFC 854 and 855: a client that negotiates before it says anything.
Match matchTelnet(std::string_view begin) {
    return Look(begin).is(0, "\xff"sv).in(1, 0xfa, 0xfe).in(2, 0, 50).verdict();
}

/// X11: the set-up of a connection, in either order of bytes.
Match matchX11(std::string_view begin) {
    return either(Look(begin).is(0, "l\x00\x0b\x00\x00\x00"sv).verdict(),
                  Look(begin).is(0, "B\x00\x00\x0b\x00\x00"sv).verdict());
}

/// SOCKS 4 and 4a: connect or bind, a port, and a user of printable letters that ends with NUL.
Match matchSocks4(std::string_view begin) {
    Look look(begin);
    const auto port = look.is(0, "\x04"sv).oneOf(1, {1, 2}).big(2, 2);
    look.that(port != 0).has(9);
    const auto user = look.from(8);
    const auto end = std::ranges::find_if(user, [](char c) { return c < 0x20 || c > 0x7e; });
    look.that(end - user.begin() < 256 && (end == user.end() || *end == '\0'));
    return look.has(8 + static_cast<std::size_t>(end - user.begin()) + 1).verdict();
}

/// RFC 1928: methods that are registered, at most eight.
Match matchSocks5(std::string_view begin) {
    Look look(begin);
    const auto methods = look.is(0, "\x05"sv).in(1, 1, 8).big(1, 1);
    for (std::size_t i = 0; i < methods; ++i) {
        look.in(2 + i, 0, 9);
    }
    return look.verdict();
}

/// The bridge of Android: CNXN, and at the end of its header the command again, inverted.
Match matchAdb(std::string_view begin) {
    return Look(begin).is(0, "CNXN"sv).has(21).is(20, "\xbc\xb1\xa7\xb1"sv).verdict();
}

/// Java's remote methods: the header of the transport.
Match matchRmi(std::string_view begin) {
    return Look(begin).is(0, "JRMI\x00"sv).in(5, 1, 2).verdict();
}

/// MQTT 3.1 to 5: CONNECT.
Match matchMqtt(std::string_view begin) {
    Look look(begin);
    look.in(0, 0x10, 0x10);
    std::size_t at = 1;
    while (at < 4 && look.big(at, 1) >= 0x80) {
        ++at;
    }
    look.in(at, 1, 0x7f);
    Look old = look;
    return either(look.is(at + 1, "\x00\x04MQTT"sv).verdict(), old.is(at + 1, "\x00\x06MQIsdp"sv).verdict());
}

/// AJP 1.3: a forwarded request, or a ping.
Match matchAjp(std::string_view begin) {
    Look look(begin);
    const auto length = look.is(0, "\x12\x34"sv).big(2, 2);
    const auto kind = look.that(length > 0 && length <= 0x2000).oneOf(4, {0x02, 0x0a}).big(4, 1);
    if (kind == 0x0a) {
        return look.that(length == 1).verdict();
    }
    return look.in(5, 1, 27).verdict();
}

/// RFC 5531: a call of version 2, to one of the programs of Sun's own range.
Match matchSunrpcUdp(std::string_view begin) {
    return Look(begin).has(5).is(4, "\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01"sv).verdict();
}

Match matchSunrpc(std::string_view begin) {
    const Look look = Look(begin).is(0, "\x80\x00"sv).has(5);
    return look.open() ? matchSunrpcUdp(begin.substr(4)) : look.verdict();
}

/// RFC 8489. The classic STUN of RFC 3489 has nothing to know it by.
Match matchStun(std::string_view begin) {
    Look look(begin);
    const auto length = look.is(0, "\x00"sv).oneOf(1, {1, 3}).big(2, 2);
    return look.that(length % 4 == 0).is(4, "\x21\x12\xa4\x42"sv).verdict();
}

/// OpenVPN: the hard reset of a client, version 2, without tls-auth.
Match matchOpenvpnUdp(std::string_view begin) {
    return Look(begin).is(0, "\x38"sv).has(10).is(9, "\x00\x00\x00\x00\x00"sv).that(begin.size() == 14).verdict();
}

Match matchOpenvpn(std::string_view begin) {
    return Look(begin).is(0, "\x00\x0e\x38"sv).has(12).is(11, "\x00\x00\x00\x00\x00"sv).verdict();
}

}  // namespace apiary::agent
