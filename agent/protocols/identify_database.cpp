#include "agent/protocols/identify_ber.hpp"
#include "agent/protocols/identify_matchers.hpp"

namespace apiary::agent {

using namespace std::string_view_literals;

/// PostgreSQL 3.0: a request for TLS or GSSAPI, a cancellation, or the start itself.
Match matchPostgresql(std::string_view begin) {
    Look special(begin);
    const auto size = special.big(0, 4);
    special.that(size == 8 || size == 16).is(4, "\x04\xd2\x16"sv).oneOf(7, {0x2e, 0x2f, 0x30});
    Look start(begin);
    const auto length = start.big(0, 4);
    start.that(length > 8 && length <= 10000).is(4, "\x00\x03\x00\x00"sv).in(8, 'a', 'z');
    return either(special.verdict(), start.verdict());
}

/// MS-TDS: PRELOGIN, whose first option is the version, or LOGIN7 of 7.0 and later.
Match matchMssql(std::string_view begin) {
    const Look prelogin = Look(begin)
                              .is(0, "\x12\x01"sv)
                              .has(6)
                              .is(4, "\x00\x00"sv)
                              .has(8)
                              .is(7, "\x00\x00\x00"sv)
                              .has(11)
                              .is(11, "\x00\x06"sv);
    Look login(begin);
    const auto length = login.is(0, "\x10\x01"sv).big(2, 2);
    login.is(4, "\x00\x00"sv).that(length > 94);
    login.that(login.little(8, 4) + 8 == length).in(15, 0x70, 0x74);
    return either(prelogin.verdict(), login.verdict());
}

/// The header of MongoDB's wire protocol: OP_QUERY, OP_GET_MORE, OP_COMMAND, OP_COMPRESSED or OP_MSG.
Match matchMongodb(std::string_view begin) {
    Look look(begin);
    const auto length = look.little(0, 4);
    look.that(length > 16 && length <= 48'000'000).is(8, "\x00\x00\x00\x00"sv);
    const auto operation = look.little(12, 4);
    return look.that(operation == 2004 || operation == 2005 || (operation >= 2010 && operation <= 2013)).verdict();
}

/// TNS: a CONNECT packet of Oracle's listener.
Match matchOracle(std::string_view begin) {
    Look look(begin);
    const auto length = look.big(0, 2);
    look.that(length > 26).is(2, "\x00\x00\x01"sv).has(6).is(6, "\x00\x00"sv);
    const auto version = look.big(8, 2);
    return look.that(version >= 0x0130 && version <= 0x0150).verdict();
}

/// CQL of Cassandra, version 3 or 4: OPTIONS or STARTUP.
Match matchCassandra(std::string_view begin) {
    Look look(begin);
    const auto operation = look.oneOf(0, {3, 4}).is(1, "\x00"sv).big(4, 1);
    const auto length = look.that(operation == 1 || operation == 5).big(5, 4);
    return look.that(operation == 5 ? length == 0 : length > 2 && length < 1024).verdict();
}

/// The binary protocol's request.
Match matchMemcachedBinary(std::string_view begin) {
    Look look(begin);
    const auto key = look.is(0, "\x80"sv).in(1, 0, 0x36).big(2, 2);
    const auto extras = look.that(key <= 250).big(4, 1);
    const auto body = look.that(extras <= 20).is(5, "\x00\x00\x00"sv).big(8, 4);
    return look.that(body >= key + extras && body <= (1U << 21U)).verdict();
}

/// RFC 4511: bind, search, or an extended request such as StartTLS.
Match matchLdap(std::string_view begin) {
    Look look(begin);
    const auto message = berAt(look, 0, 0x30);
    const auto id = berAt(look, message.content, 0x02);
    look.that(id.size >= 1 && id.size <= 4 && message.size > id.size);
    const auto operation = look.oneOf(id.end(), {0x60, 0x63, 0x77}).big(id.end(), 1);
    const auto request = berAt(look, id.end(), operation);
    return look.oneOf(request.content, {operation == 0x60 ? 0x02U : operation == 0x63 ? 0x04U : 0x80U}).verdict();
}

/// RFC 1157, 1901 and 3412.
Match matchSnmp(std::string_view begin) {
    Look look(begin);
    const auto message = berAt(look, 0, 0x30);
    const auto version =
        look.is(message.content, "\x02\x01"sv).oneOf(message.content + 2, {0, 1, 3}).big(message.content + 2, 1);
    return look.oneOf(message.content + 3, {version == 3 ? 0x30U : 0x04U}).verdict();
}

/// RFC 4120: a request for a ticket, which TCP precedes by its length.
Match matchKerberosUdp(std::string_view begin) {
    Look look(begin);
    const auto tag = look.oneOf(0, {0x6a, 0x6c}).big(0, 1);
    const auto request = berAt(look, berAt(look, 0, tag).content, 0x30);
    return look.is(request.content, "\xa1\x03\x02\x01\x05"sv).verdict();
}

Match matchKerberos(std::string_view begin) {
    const Look look = Look(begin).is(0, "\x00\x00"sv).has(5);
    return look.open() ? matchKerberosUdp(begin.substr(4)) : look.verdict();
}

}  // namespace apiary::agent
