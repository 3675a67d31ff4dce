#include "agent/protocols/identify.hpp"

#include "agent/protocols/identify_look.hpp"
#include "agent/protocols/identify_matchers.hpp"

namespace apiary::agent {
namespace {

using namespace std::string_view_literals;

/// Protocols that begin with the same bytes always.
template <const std::string_view& kBytes>
Match beginsWith(std::string_view begin) {
    return Look(begin).is(0, kBytes).verdict();
}

constexpr auto kAmqp = "AMQP"sv;
constexpr auto kBitTorrent =
    "\x13"
    "BitTorrent protocol"sv;
constexpr auto kBitTorrentDht = "d1:ad2:id20:"sv;
constexpr auto kFins = "FINS\x00\x00\x00"sv;
constexpr auto kEpmd = "\x00\x01n"sv;
constexpr auto kGiop = "GIOP\x01"sv;
constexpr auto kHaproxy = "PROXY TCP"sv;
constexpr auto kHaproxy2 = "\r\n\r\n\x00\r\nQUIT\n"sv;
constexpr auto kJavaSerialized = "\xac\xed\x00\x05"sv;
constexpr auto kJdwp = "JDWP-Handshake"sv;
constexpr auto kMinecraft =
    "\xfe\x01\xfa\x00\x0b\x00M\x00"
    "C"sv;
constexpr auto kRadmin = "\x01\x00\x00\x00\x01\x00\x00\x00\x08\x08"sv;
constexpr auto kRsync = "@RSYNCD:"sv;
constexpr auto kSourceQuery =
    "\xff\xff\xff\xff"
    "TSource Engine Query"sv;
constexpr auto kT3 = "t3 1"sv;
constexpr auto kVnc = "RFB 003."sv;
constexpr auto kXmpp = "<stream:stream"sv;

// Where two could be meant, the one above wins: SIP over the commands of Redis, IRC's USER over that of FTP, Remote
// Desktop over S7. What is below waits until those above are out of the question:
// so what is short and certain stands above what asks for many bytes.
constexpr Matcher kStream[] = {
    {"tls", matchTls, tellTls},
    {"ssh", matchSsh, tellLine},
    {"http", matchHttp, tellLine},
    {"rtsp", matchRtsp, tellLine},
    {"sip", matchSip, tellLine},
    {"smtp", matchSmtp, tellLine},
    {"irc", matchIrc, tellLine},
    {"ftp", matchFtp, tellLine},
    {"pop3", matchPop3, tellLine},
    {"redis", matchRedis, tellRedis},
    {"memcached", matchMemcached, tellLine},
    {"zookeeper", matchZookeeper},
    {"stratum", matchStratum, tellLine},
    {"git", matchGit},
    {"haproxy", beginsWith<kHaproxy>, tellLine},
    {"haproxy", beginsWith<kHaproxy2>},
    {"rsync", beginsWith<kRsync>, tellLine},
    {"weblogic-t3", beginsWith<kT3>, tellLine},
    {"xmpp", beginsWith<kXmpp>},
    {"vnc", beginsWith<kVnc>},
    {"imap", matchImap, tellLine},
    {"rdp", matchRdp},
    {"s7", matchS7},
    {"epmd", beginsWith<kEpmd>},
    {"smb", matchSmb},
    {"netbios-ssn", matchNetbiosSession},
    {"dcerpc", matchDcerpc},
    {"telnet", matchTelnet},
    {"socks4", matchSocks4},
    {"socks5", matchSocks5},
    {"x11", matchX11},
    {"radmin", beginsWith<kRadmin>},
    {"adb", matchAdb},
    {"jdwp", beginsWith<kJdwp>},
    {"rmi", matchRmi},
    {"java-serialized", beginsWith<kJavaSerialized>},
    {"giop", beginsWith<kGiop>},
    {"ajp", matchAjp},
    {"amqp", beginsWith<kAmqp>},
    {"mqtt", matchMqtt},
    {"iec104", matchIec104},
    {"dns", matchDns},
    {"postgresql", matchPostgresql},
    {"mssql", matchMssql},
    {"mongodb", matchMongodb},
    {"oracle", matchOracle},
    {"cassandra", matchCassandra},
    {"ldap", matchLdap},
    {"snmp", matchSnmp},
    {"kerberos", matchKerberos},
    {"sunrpc", matchSunrpc},
    {"memcached", matchMemcachedBinary},
    {"stun", matchStun},
    {"openvpn", matchOpenvpn},
    {"bittorrent", beginsWith<kBitTorrent>},
    {"minecraft", beginsWith<kMinecraft>},
    {"dnp3", matchDnp3},
    {"enip", matchEnip},
    {"fins", beginsWith<kFins>},
    {"modbus", matchModbus},
};

// A question about the domain local and one of NetBIOS are questions of DNS too.
constexpr Matcher kDatagram[] = {
    {"sip", matchSip, tellLine},
    {"ssdp", matchSsdp, tellLine},
    {"ws-discovery", matchWsDiscovery},
    {"mdns", matchMdns},
    {"netbios-ns", matchNetbiosName},
    {"dns", matchDnsUdp},
    {"ntp", matchNtp},
    {"snmp", matchSnmp},
    {"ldap", matchLdap},
    {"kerberos", matchKerberosUdp},
    {"tftp", matchTftp},
    {"memcached", matchMemcachedUdp},
    {"stun", matchStun},
    {"quic", matchQuic},
    {"dtls", matchDtls},
    {"ike", matchIke},
    {"openvpn", matchOpenvpnUdp},
    {"wireguard", matchWireguard},
    {"l2tp", matchL2tp},
    {"radius", matchRadius},
    {"ipmi", matchIpmi},
    {"sunrpc", matchSunrpcUdp},
    {"xdmcp", matchXdmcp},
    {"bittorrent", beginsWith<kBitTorrentDht>},
    {"source-query", beginsWith<kSourceQuery>},
    {"bacnet", matchBacnet},
    {"enip", matchEnip},
    {"fins", matchFinsUdp},
    {"coap", matchCoap},
};

}  // namespace

std::span<const Matcher> streamMatchers() {
    return kStream;
}

std::span<const Matcher> datagramMatchers() {
    return kDatagram;
}

/// The first that is not out of the question wins, so it must be waited for. As no matcher takes a Yes or No back,
/// the answer to a whole stream is that to each beginning of it, or not yet.
Verdict identify(Transport transport, std::string_view begin, bool ended) {
    if (begin.empty()) {
        return {ended ? Match::No : Match::NeedMore};
    }
    for (const Matcher& matcher : transport == Transport::Stream ? streamMatchers() : datagramMatchers()) {
        const Match match = matcher.match(begin);
        if (match == Match::Yes) {
            return {match, &matcher};
        }
        if (match == Match::NeedMore && !ended) {
            return {match};
        }
    }
    return {};
}

}  // namespace apiary::agent
