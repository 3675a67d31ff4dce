#include "agent/protocols/identify_line.hpp"
#include "agent/protocols/identify_look.hpp"
#include "agent/protocols/identify_matchers.hpp"

namespace apiary::agent {
namespace {

using namespace std::string_view_literals;

/// A question of RFC 1035 and where its name stands.
struct Question {
    std::size_t name = 0;
    std::size_t end = 0;  // of the name, behind its root
    unsigned kind = 0;
};

/// Claims one question and no answers in a message that begins at `base`.
Question questionAt(Look& look, std::size_t base) {
    const auto flags = look.big(base + 2, 2);
    look.that((flags & 0xfe4fU) == 0).is(base + 4, "\x00\x01\x00\x00\x00\x00\x00"sv).in(base + 11, 0, 2);
    Question question{base + 12, base + 12};
    while (look.open()) {
        const auto size = look.in(question.end, 0, 63).big(question.end, 1);
        question.end += 1 + size;
        if (size == 0 || question.end - question.name > 255) {
            break;
        }
    }
    question.kind = look.big(question.end, 2);
    const auto space = look.big(question.end + 2, 2) & 0x7fffU;
    look.that(question.kind > 0 && (question.kind <= 257 || question.kind == 32769) && space > 0 &&
              (space <= 4 || space == 255));
    return question;
}

}  // namespace

/// RFC 1035 over TCP: a question, or the request for the server's state that nmap sends.
Match matchDns(std::string_view begin) {
    const Look status = Look(begin).is(0, "\x00\x0c"sv).has(4).is(4, "\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00"sv);
    Look look(begin);
    look.that(look.big(0, 2) >= 17);
    questionAt(look, 2);
    return either(status.verdict(), look.verdict());
}

Match matchDnsUdp(std::string_view begin) {
    Look look(begin);
    questionAt(look, 0);
    const Look status = Look(begin).has(2).is(2, "\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00"sv).that(begin.size() == 12);
    return either(look.verdict(), status.verdict());
}

/// RFC 6762: a question about the domain local.
Match matchMdns(std::string_view begin) {
    Look look(begin);
    const auto question = questionAt(look, 0);
    return look.that(begin.substr(0, question.end).ends_with("\x05local\x00"sv)).verdict();
}

/// RFC 1002: a name of 32 letters that encode a host, and NetBIOS' own types of question.
Match matchNetbiosName(std::string_view begin) {
    Look look(begin);
    const auto question = questionAt(look, 0);
    return look.is(question.name, "\x20"sv).that(question.kind == 0x20 || question.kind == 0x21).verdict();
}

/// RFC 5905: a client's packet, with or without a key; a control message (RFC 9327); the private request for the list
/// of clients, which attackers love for its size.
Match matchNtp(std::string_view begin) {
    Look look(begin);
    const auto first = look.big(0, 1);
    const auto version = first >> 3U & 7U;
    look.that(version >= 1 && version <= 4);
    switch (first & 7U) {
        case 3:
            return look.in(1, 0, 16).that(begin.size() == 48 || begin.size() == 68).verdict();
        case 6:
            return look.in(1, 1, 12)
                .is(4, "\x00\x00"sv)
                .is(8, "\x00\x00"sv)
                .that(look.big(10, 2) + 12 <= begin.size())
                .verdict();
        case 7:
            return look.is(1, "\x00"sv)
                .oneOf(2, {2, 3})
                .oneOf(3, {0x00, 0x14, 0x2a})
                .is(4, "\x00\x00\x00\x00"sv)
                .verdict();
        default:
            return Match::No;
    }
}

/// RFC 1350: a request to read or write, with a file's name and a mode.
Match matchTftp(std::string_view begin) {
    if (!begin.starts_with("\x00\x01"sv) && !begin.starts_with("\x00\x02"sv)) {
        return Match::No;
    }
    const auto name = std::min(begin.find('\0', 2), begin.size());
    const auto printable = [](char c) { return c >= 0x20 && c < 0x7f; };
    if (name == 2 || name == begin.size() || !std::ranges::all_of(begin.substr(2, name - 2), printable)) {
        return Match::No;
    }
    const auto mode = begin.substr(name + 1);
    return either(startsWith(mode, "OCTET\x00"sv),
                  either(startsWith(mode, "NETASCII\x00"sv), startsWith(mode, "MAIL\x00"sv)));
}

/// RFC 7252: a request whose options can be read to the end and begin with a host or a path.
Match matchCoap(std::string_view begin) {
    Look look(begin);
    const auto first = look.in(0, 0x40, 0x58).in(1, 1, 4).has(5).big(0, 1);
    std::size_t at = 4 + (first & 15U);
    look.that((first & 15U) <= 8);
    unsigned option = 0;
    for (bool begun = false; look.open() && at < begin.size(); begun = true) {
        const auto head = look.big(at, 1);
        if (head == 0xff) {
            return look.that(begun && at + 1 < begin.size()).verdict();
        }
        unsigned part[] = {head >> 4U, head & 15U};
        ++at;
        for (unsigned& number : part) {
            look.that(number < 15);
            const std::size_t more = number == 13 ? 1 : number == 14 ? 2 : 0;
            number = more == 0 ? number : look.big(at, more) + (more == 1 ? 13 : 269);
            at += more;
        }
        option += part[0];
        look.that(begun || option == 3 || option == 11).that(option < 2100);
        at += part[1];
    }
    return look.that(option >= 3).has(at).verdict();
}

/// ISAKMP (RFC 2408, 7296): the first message of main mode, aggressive mode or IKE_SA_INIT, of exactly this size.
Match matchIke(std::string_view begin) {
    const auto message = begin.starts_with("\x00\x00\x00\x00"sv) ? begin.substr(4) : begin;  // as on port 4500
    Look look(message);
    look.that(look.big(0, 4) != 0).has(9).is(8, "\x00\x00\x00\x00\x00\x00\x00\x00"sv);
    const auto version = look.oneOf(16, {1, 33}).oneOf(17, {0x10, 0x20}).big(17, 1);
    const auto exchange = look.big(18, 1);
    look.that(version == 0x20 ? exchange == 34 : exchange == 2 || exchange == 4);
    return look.that(look.big(24, 4) == message.size()).verdict();
}

/// RFC 9000: a long header of version 1 or 2, a draft, Google's, or one meant to be refused.
Match matchQuic(std::string_view begin) {
    Look look(begin);
    const auto version = look.in(0, 0xc0, 0xff).big(1, 4);
    look.that(version == 1 || version == 0x6b3343cfU || version >> 8U == 0xff0000U || version >> 24U == 'Q' ||
              (version & 0x0f0f0f0fU) == 0x0a0a0a0aU);
    const auto destination = look.in(5, 0, 20).big(5, 1);
    const auto source = look.in(6 + destination, 0, 20).big(6 + destination, 1);
    return look.has(7 + destination + source + 1).that(destination >= 4).verdict();
}

/// RFC 9147: a ClientHello of DTLS 1.0 to 1.3.
Match matchDtls(std::string_view begin) {
    return Look(begin)
        .is(0, "\x16\xfe"sv)
        .oneOf(2, {0xfd, 0xff})
        .is(3, "\x00\x00"sv)
        .has(13)
        .is(13, "\x01"sv)
        .verdict();
}

/// RFC 2865 and 2866: a request whose attributes fill it exactly.
Match matchRadius(std::string_view begin) {
    Look look(begin);
    look.oneOf(0, {1, 4}).that(look.big(2, 2) == begin.size()).has(22);
    std::size_t at = 20;
    while (look.open() && at < begin.size()) {
        at += look.in(at + 1, 2, 255).big(at + 1, 1);
    }
    return look.that(at == begin.size()).verdict();
}

/// RMCP of IPMI 2.0: a presence ping of ASF, or a message of IPMI.
Match matchIpmi(std::string_view begin) {
    return Look(begin).is(0, "\x06\x00\xff"sv).has(8).oneOf(3, {6, 7}).verdict();
}

/// The text protocol behind the header of its datagrams.
Match matchMemcachedUdp(std::string_view begin) {
    const Look look = Look(begin).has(3).is(2, "\x00\x00\x00\x01\x00\x00"sv).has(9);
    return look.open() ? matchMemcached(begin.substr(8)) : look.verdict();
}

/// WireGuard: the initiation of a handshake.
Match matchWireguard(std::string_view begin) {
    return Look(begin).is(0, "\x01\x00\x00\x00"sv).that(begin.size() == 148).verdict();
}

/// RFC 2661: the request to start a control connection.
Match matchL2tp(std::string_view begin) {
    return Look(begin)
        .is(0, "\xc8\x02"sv)
        .has(4)
        .is(4, "\x00\x00\x00\x00\x00\x00\x00\x00"sv)
        .is(12, "\x80\x08\x00\x00\x00\x00\x00\x01"sv)
        .verdict();
}

/// XDMCP: a query without names.
Match matchXdmcp(std::string_view begin) {
    return Look(begin).is(0, "\x00\x01\x00\x02\x00\x01\x00"sv).that(begin.size() == 7).verdict();
}

/// The search for web services of OASIS, which is SOAP in a datagram.
Match matchWsDiscovery(std::string_view begin) {
    const bool said = begin.find("schemas.xmlsoap.org/ws/2005/04/discovery") != std::string_view::npos;
    return begin.starts_with('<') && said ? Match::Yes : Match::No;
}

}  // namespace apiary::agent
