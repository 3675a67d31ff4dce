#include "tests/agent/protocols/identify_examples.hpp"

#include <charconv>

namespace apiary::agent::test {
namespace {

/// Digits with blanks between the bytes; a word in quotes stands for itself.
std::string hex(std::string_view text) {
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\'') {
            const auto end = text.find('\'', i + 1);
            bytes += text.substr(i + 1, end - i - 1);
            i = end;
        } else if (text[i] != ' ') {
            unsigned value = 0;
            std::from_chars(text.data() + i, text.data() + i + 2, value, 16);
            bytes += static_cast<char>(value);
            ++i;
        }
    }
    return bytes;
}

std::string zeros(std::size_t count) {
    return std::string(count, '\0');
}

std::vector<Example> streams() {
    constexpr auto kStream = Transport::Stream;
    return {
        {"tls", kStream, "nmap SSLSessionReq", hex("16 03 00 00 53 01 00 00 4f 03 00 3f 47 d7 f7 ba 2c ee ea b2 60")},
        {"tls", kStream, "SSL 2.0 hello", hex("80 2e 01 00 02 00 15 00 00 00 10 01 00 80")},
        {"ssh", kStream, "libssh", "SSH-2.0-libssh_0.9.6\r\n"},
        {"ssh", kStream, "nmap", "SSH-1.5-NmapNSE_1.0\n"},
        {"http", kStream, "nmap GetRequest", "GET / HTTP/1.0\r\n\r\n"},
        {"http", kStream, "nmap HTTPOptions", "OPTIONS / HTTP/1.0\r\n\r\n"},
        {"http", kStream, "davfs2", "PROPFIND / HTTP/1.1\r\nDepth: 0\r\n"},
        {"http", kStream, "a proxy's client", "CONNECT example.org:443 HTTP/1.1\r\n"},
        {"http", kStream, "HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
        {"http", kStream, "docker", "GET /v1.24/containers/json HTTP/1.1\r\n"},
        {"rtsp", kStream, "nmap RTSPRequest", "OPTIONS / RTSP/1.0\r\n\r\n"},
        {"rtsp", kStream, "a camera scanner", "DESCRIBE rtsp://192.0.2.1:554/ch0 RTSP/1.0\r\n"},
        {"sip", kStream, "nmap SIPOptions", "OPTIONS sip:nm SIP/2.0\r\nVia: SIP/2.0/TCP nm;branch=foo\r\n"},
        {"sip", kStream, "RFC 6086", "INFO sip:alice@192.0.2.1 SIP/2.0\r\n"},
        {"smtp", kStream, "a mailer", "EHLO mail.example.org\r\n"},
        {"smtp", kStream, "nmap", "ehlo\r\n"},
        {"irc", kStream, "a bot", "NICK abc\r\nUSER abc 0 * :abc\r\n"},
        {"irc", kStream, "RFC 2812", "USER guest 0 * :Ronnie Reagan\r\n"},
        {"ftp", kStream, "ftp", "USER anonymous\r\n"},
        {"ftp", kStream, "lftp", "FEAT\r\n"},
        {"ftp", kStream, "RFC 4217", "AUTH TLS\r\n"},
        {"pop3", kStream, "RFC 2449", "CAPA\r\n"},
        {"pop3", kStream, "RFC 5034", "AUTH PLAIN\r\n"},
        {"imap", kStream, "RFC 3501", "a001 LOGIN SMITH SESAME\r\n"},
        {"imap", kStream, "curl", "A001 CAPABILITY\r\n"},
        {"redis", kStream, "redis-cli", "*1\r\n$7\r\nCOMMAND\r\n"},
        {"redis", kStream, "nmap redis-server", "*1\r\n$4\r\ninfo\r\n"},
        {"redis", kStream, "inline", "PING\r\n"},
        {"redis", kStream, "inline", "info\r\n"},
        {"memcached", kStream, "memcstat", "stats\r\n"},
        {"memcached", kStream, "a client", "get key\r\n"},
        {"memcached", kStream, "binary, version", hex("80 0b 00 00 00 00 00 00 00 00 00 00 00 00 00 00") + zeros(8)},
        {"zookeeper", kStream, "a check", "ruok"},
        {"stratum", kStream, "cpuminer",
         R"({"id": 1, "method": "mining.subscribe", "params": ["cpuminer/2.5"]})"
         "\n"},
        {"git", kStream, "git", hex("'0032git-upload-pack /a.git' 00 'host=example.org' 00")},
        {"haproxy", kStream, "PROXY protocol 1", "PROXY TCP4 192.0.2.1 192.0.2.2 40000 80\r\n"},
        {"haproxy", kStream, "PROXY protocol 2", hex("0d 0a 0d 0a 00 0d 0a 51 55 49 54 0a 20 00 00 00")},
        {"rsync", kStream, "rsync", "@RSYNCD: 31.0\n"},
        {"weblogic-t3", kStream, "nmap", "t3 12.1.2\nAS:2048\nHL:19\n\n"},
        {"xmpp", kStream, "RFC 3920", "<stream:stream to='example.org' xmlns='jabber:client'>"},
        {"vnc", kStream, "RFC 6143", "RFB 003.008\n"},
        {"rdp", kStream, "without cookie", hex("03 00 00 0b 06 e0 00 00 00 00 00")},
        {"rdp", kStream, "nmap TerminalServerCookie",
         hex("03 00 00 2a 25 e0 00 00 00 00 00 'Cookie: mstshash=nmap' 0d 0a 01 00 08 00 03 00 00 00")},
        {"rdp", kStream, "negotiation only", hex("03 00 00 13 0e e0 00 00 00 00 00 01 00 08 00 03 00 00 00")},
        {"s7", kStream, "nmap s7-info", hex("03 00 00 16 11 e0 00 00 00 14 00 c1 02 01 00 c2 02 01 02 c0 01 0a")},
        {"smb", kStream, "nmap SMBProgNeg", hex("00 00 00 a4 ff 'SMB' 72 00 00 00 00 08 01 40 00 00")},
        {"smb", kStream, "SMB 2 negotiate", hex("00 00 00 66 fe 'SMB' 40 00 00 00 00 00 00 00 00 00")},
        {"netbios-ssn", kStream, "RFC 1002", hex("81 00 00 44 20 'CKFDENECFDEFFCFGEFFCCACACACACACA' 00 20")},
        {"dcerpc", kStream, "bind", hex("05 00 0b 03 10 00 00 00 48 00 00 00 01 00 00 00 b8 10 b8 10")},
        {"telnet", kStream, "telnet", hex("ff fd 03 ff fb 18 ff fb 1f ff fb 20 ff fb 21 ff fb 22 ff fb 27")},
        {"socks4", kStream, "nmap Socks4", hex("04 01 00 16 7f 00 00 01 'root' 00")},
        {"socks5", kStream, "RFC 1928", hex("05 04 00 01 02 03")},
        {"socks5", kStream, "curl", hex("05 01 00")},
        {"x11", kStream, "nmap X11Probe", hex("6c 00 0b 00 00 00 00 00 00 00 00 00")},
        {"x11", kStream, "the other order", hex("42 00 00 0b 00 00 00 00 00 00 00 00")},
        {"radmin", kStream, "nmap Radmin", hex("01 00 00 00 01 00 00 00 08 08")},
        {"adb", kStream, "adb", hex("'CNXN' 00 00 00 01 00 00 10 00 07 00 00 00 32 02 00 00 bc b1 a7 b1 'host::' 00")},
        {"jdwp", kStream, "nmap", "JDWP-Handshake"},
        {"rmi", kStream, "nmap JavaRMI", hex("'JRMI' 00 02 4b")},
        {"java-serialized", kStream, "ysoserial", hex("ac ed 00 05 73 72 00 32")},
        {"giop", kStream, "nmap giop", hex("'GIOP' 01 00 01 00 24 00 00 00")},
        {"ajp", kStream, "nmap ajp", hex("12 34 01 a5 02 02 00 08 'HTTP/1.1' 00")},
        {"ajp", kStream, "CPing", hex("12 34 00 01 0a")},
        {"amqp", kStream, "AMQP 0-9-1", hex("'AMQP' 00 00 09 01")},
        {"mqtt", kStream, "MQTT 3.1.1", hex("10 10 00 04 'MQTT' 04 02 00 3c 00 04 'DIGI'")},
        {"mqtt", kStream, "MQTT 3.1", hex("10 12 00 06 'MQIsdp' 03 02 00 3c 00 04 'DIGI'")},
        {"postgresql", kStream, "SSLRequest", hex("00 00 00 08 04 d2 16 2f")},
        {"postgresql", kStream, "StartupMessage",
         hex("00 00 00 27 00 03 00 00 'user' 00 'postgres' 00 'database' 00 'x' 00 00")},
        {"mssql", kStream, "nmap ms-sql-s",
         hex("12 01 00 34 00 00 00 00 00 00 15 00 06 01 00 1b 00 01 02 00 1c 00 0c 03 00 28 00 04 ff 08 00 01 55")},
        {"mongodb", kStream, "OP_MSG", hex("3f 00 00 00 01 00 00 00 00 00 00 00 dd 07 00 00 00 00 00 00 00")},
        {"mongodb", kStream, "nmap mongodb",
         hex("41 00 00 00 3a 30 00 00 00 00 00 00 d4 07 00 00 00 00 00 00 'test.$cmd' 00")},
        {"oracle", kStream, "nmap oracle-tns",
         hex("00 5a 00 00 01 00 00 00 01 36 01 2c 00 00 08 00 7f ff 7f 08 00 00 00 01 00 20 00 3a")},
        {"cassandra", kStream, "OPTIONS", hex("04 00 00 00 05 00 00 00 00")},
        {"ldap", kStream, "nmap LDAPBindReq", hex("30 0c 02 01 01 60 07 02 01 02 04 00 80 00")},
        {"ldap", kStream, "nmap LDAPSearchReq",
         hex("30 84 00 00 00 2d 02 01 07 63 84 00 00 00 24 04 00 0a 01 00 0a 01 00 02 01 00 02 01 64 01 01 00")},
        {"snmp", kStream, "RFC 3430", hex("30 26 02 01 01 04 06 'public' a0 19 02 04")},
        {"kerberos", kStream, "nmap Kerberos",
         hex("00 00 00 71 6a 81 6e 30 81 6b a1 03 02 01 05 a2 03 02 01 0a a4 81 5e 30 5c")},
        {"sunrpc", kStream, "nmap RPCCheck",
         hex("80 00 00 28 72 fe 1d 13 00 00 00 00 00 00 00 02 00 01 86 a0 00 01 97 7c 00 00 00 00") + zeros(16)},
        {"epmd", kStream, "NAMES", hex("00 01 6e")},
        {"dns", kStream, "nmap DNSVersionBindReqTCP",
         hex("00 1e 00 06 01 00 00 01 00 00 00 00 00 00 07 'version' 04 'bind' 00 00 10 00 03")},
        {"dns", kStream, "nmap DNSStatusRequestTCP", hex("00 0c 00 00 10 00 00 00 00 00 00 00 00 00")},
        {"stun", kStream, "RFC 8489", hex("00 01 00 00 21 12 a4 42 01 02 03 04 05 06 07 08 09 0a 0b 0c")},
        {"openvpn", kStream, "nmap", hex("00 0e 38 01 02 03 04 05 06 07 08 00 00 00 00 00")},
        {"bittorrent", kStream, "BEP 3", hex("13 'BitTorrent protocol' 00 00 00 00 00 10 00 05")},
        {"minecraft", kStream, "1.6 ping", hex("fe 01 fa 00 0b 00 4d 00 43 00 7c 00 50 00 69 00 6e 00 67")},
        {"dnp3", kStream, "link status", hex("05 64 05 c9 00 00 00 00 36 4c")},
        {"enip", kStream, "nmap enip-info",
         hex("63 00 00 00 00 00 00 00 00 00 00 00 c1 de be d1 00 00 00 00 00 00 00 00")},
        {"enip", kStream, "RegisterSession", hex("65 00 04 00") + zeros(20) + hex("01 00 00 00")},
        {"iec104", kStream, "STARTDT", hex("68 04 07 00 00 00")},
        {"iec104", kStream, "TESTFR", hex("68 04 43 00 00 00")},
        {"fins", kStream, "nmap omron-info", hex("'FINS' 00 00 00 0c 00 00 00 00 00 00 00 00 00 00 00 00")},
        {"modbus", kStream, "nmap modbus-discover", hex("00 00 00 00 00 02 01 11")},
        {"modbus", kStream, "read device identification", hex("00 00 00 00 00 05 01 2b 0e 01 00")},
    };
}

std::vector<Example> datagrams() {
    constexpr auto kDatagram = Transport::Datagram;
    return {
        {"sip", kDatagram, "sipvicious", "OPTIONS sip:100@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7\r\n\r\n"},
        {"ssdp", kDatagram, "UPnP",
         "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\n\r\n"},
        {"ws-discovery", kDatagram, "a probe",
         "<?xml version=\"1.0\"?><Envelope><Probe "
         "xmlns=\"http://schemas.xmlsoap.org/ws/2005/04/discovery\"/></Envelope>"},
        {"mdns", kDatagram, "RFC 6763",
         hex("00 00 00 00 00 01 00 00 00 00 00 00 09 '_services' 07 '_dns-sd' 04 '_udp' 05 'local' 00 00 0c 00 01")},
        {"netbios-ns", kDatagram, "nmap NBTStat",
         hex("80 f0 00 10 00 01 00 00 00 00 00 00 20 'CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' 00 00 21 00 01")},
        {"dns", kDatagram, "nmap DNSVersionBindReq",
         hex("00 06 01 00 00 01 00 00 00 00 00 00 07 'version' 04 'bind' 00 00 10 00 03")},
        {"dns", kDatagram, "nmap DNSStatusRequest", hex("00 00 10 00 00 00 00 00 00 00 00 00")},
        {"ntp", kDatagram, "nmap NTPRequest",
         hex("e3 00 04 fa 00 01 00 00 00 01 00 00") + zeros(28) + hex("c5 4f 23 4b 71 b1 52 f3")},
        {"ntp", kDatagram, "monlist", hex("17 00 03 2a 00 00 00 00")},
        {"ntp", kDatagram, "readvar", hex("16 02 00 01 00 00 00 00 00 00 00 00")},
        {"snmp", kDatagram, "snmpget",
         hex("30 26 02 01 01 04 06 'public' a0 19 02 04 01 02 03 04 02 01 00 02 01 00 30 0b 30 09 06 05 2b 06 01 02 01 "
             "05 00")},
        {"snmp", kDatagram, "nmap SNMPv3GetRequest", hex("30 3a 02 01 03 30 0f 02 02 4a 69 02 03 00 ff e3 04 01 04")},
        {"ldap", kDatagram, "CLDAP",
         hex("30 25 02 01 01 63 20 04 00 0a 01 00 0a 01 00 02 01 00 02 01 00 01 01 00 87 0b 'objectclass' 30 00")},
        {"kerberos", kDatagram, "RFC 4120", hex("6a 81 6e 30 81 6b a1 03 02 01 05 a2 03 02 01 0a")},
        {"tftp", kDatagram, "tftp", hex("00 01 'r7tftp.txt' 00 'octet' 00")},
        {"memcached", kDatagram, "nmap memcached", hex("00 01 00 00 00 01 00 00 'stats' 0d 0a")},
        {"stun", kDatagram, "RFC 8489", hex("00 01 00 00 21 12 a4 42 01 02 03 04 05 06 07 08 09 0a 0b 0c")},
        {"quic", kDatagram, "RFC 9001",
         hex("c0 00 00 00 01 08 83 94 c8 f0 3e 51 57 08 00 00 44 9e 7b 9a") + zeros(1180)},
        {"dtls", kDatagram, "openssl",
         hex("16 fe ff 00 00 00 00 00 00 00 00 00 36 01 00 00 2a 00 00 00 00 00 00 00 2a fe fd")},
        {"ike", kDatagram, "ike-scan, main mode",
         hex("00 11 22 33 44 55 66 77 00 00 00 00 00 00 00 00 01 10 02 00 00 00 00 00 00 00 00 1c")},
        {"ike", kDatagram, "IKE_SA_INIT behind NAT",
         hex("00 00 00 00 11 11 22 33 44 55 66 77 00 00 00 00 00 00 00 00 21 20 22 08 00 00 00 00 00 00 00 1c")},
        {"openvpn", kDatagram, "nmap", hex("38 01 02 03 04 05 06 07 08 00 00 00 00 00")},
        {"wireguard", kDatagram, "initiation", hex("01 00 00 00") + std::string(144, '\x5a')},
        {"l2tp", kDatagram, "SCCRQ", hex("c8 02 00 14 00 00 00 00 00 00 00 00 80 08 00 00 00 00 00 01")},
        {"radius", kDatagram, "Access-Request",
         hex("01 67 00 1a 40 b6 6d bc 1d 8c 2f 8a 34 1c 26 5f 5c d2 04 1f 01 06 'root'")},
        {"ipmi", kDatagram, "ASF ping", hex("06 00 ff 06 00 00 11 be 80 00 00 00")},
        {"ipmi", kDatagram, "nmap ipmi-rmcp",
         hex("06 00 ff 07 00 00 00 00 00 00 00 00 00 09 20 18 c8 81 00 38 8e 04 b5")},
        {"sunrpc", kDatagram, "nmap RPCCheck",
         hex("72 fe 1d 13 00 00 00 00 00 00 00 02 00 01 86 a0 00 01 97 7c 00 00 00 00") + zeros(16)},
        {"xdmcp", kDatagram, "nmap xdmcp", hex("00 01 00 02 00 01 00")},
        {"bittorrent", kDatagram, "BEP 5", "d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe"},
        {"source-query", kDatagram, "A2S_INFO", hex("ff ff ff ff 'TSource Engine Query' 00")},
        {"bacnet", kDatagram, "nmap bacnet-info", hex("81 0a 00 11 01 04 00 05 01 0c 0c 02 3f ff ff 19 4b")},
        {"enip", kDatagram, "nmap enip-info",
         hex("63 00 00 00 00 00 00 00 00 00 00 00 c1 de be d1 00 00 00 00 00 00 00 00")},
        {"fins", kDatagram, "nmap omron-info", hex("80 00 02 00 00 00 00 63 00 ef 05 01 00")},
        {"coap", kDatagram, "/.well-known/core", hex("40 01 7d 70 bb '.well-known' 04 'core'")},
    };
}

}  // namespace

const std::vector<Example>& examples() {
    static const std::vector<Example> all = [] {
        auto some = streams();
        for (Example& example : datagrams()) {
            some.push_back(std::move(example));
        }
        return some;
    }();
    return all;
}

}  // namespace apiary::agent::test
