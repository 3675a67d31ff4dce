#pragma once

#include "agent/protocols/identify.hpp"

/// The matchers behind the tables in identify.cpp, each described where it is defined. `begin` is never empty. Those
/// of datagrams are given whole ones, and may ask for their size.
namespace apiary::agent {

// Lines of text: identify_text.cpp.
Match matchFtp(std::string_view begin);
Match matchGit(std::string_view begin);
Match matchHttp(std::string_view begin);
Match matchImap(std::string_view begin);
Match matchIrc(std::string_view begin);
Match matchMemcached(std::string_view begin);
Match matchPop3(std::string_view begin);
Match matchRedis(std::string_view begin);
Match matchRtsp(std::string_view begin);
Match matchSip(std::string_view begin);
Match matchSmtp(std::string_view begin);
Match matchSsdp(std::string_view begin);
Match matchSsh(std::string_view begin);
Match matchStratum(std::string_view begin);
Match matchZookeeper(std::string_view begin);

// Hosts, desktops, proxies and middleware: identify_binary.cpp.
Match matchAdb(std::string_view begin);
Match matchAjp(std::string_view begin);
Match matchDcerpc(std::string_view begin);
Match matchMqtt(std::string_view begin);
Match matchNetbiosSession(std::string_view begin);
Match matchOpenvpn(std::string_view begin);
Match matchOpenvpnUdp(std::string_view begin);
Match matchRdp(std::string_view begin);
Match matchRmi(std::string_view begin);
Match matchSmb(std::string_view begin);
Match matchSocks4(std::string_view begin);
Match matchSocks5(std::string_view begin);
Match matchStun(std::string_view begin);
Match matchSunrpc(std::string_view begin);
Match matchSunrpcUdp(std::string_view begin);
Match matchTelnet(std::string_view begin);
Match matchTls(std::string_view begin);
Match matchX11(std::string_view begin);

// Databases and directories: identify_database.cpp.
Match matchCassandra(std::string_view begin);
Match matchKerberos(std::string_view begin);
Match matchKerberosUdp(std::string_view begin);
Match matchLdap(std::string_view begin);
Match matchMemcachedBinary(std::string_view begin);
Match matchMongodb(std::string_view begin);
Match matchMssql(std::string_view begin);
Match matchOracle(std::string_view begin);
Match matchPostgresql(std::string_view begin);
Match matchSnmp(std::string_view begin);

// Machines: identify_industry.cpp.
Match matchBacnet(std::string_view begin);
Match matchDnp3(std::string_view begin);
Match matchEnip(std::string_view begin);
Match matchFinsUdp(std::string_view begin);
Match matchIec104(std::string_view begin);
Match matchModbus(std::string_view begin);
Match matchS7(std::string_view begin);

// Names, time and what else comes in datagrams: identify_datagram.cpp.
Match matchCoap(std::string_view begin);
Match matchDns(std::string_view begin);
Match matchDnsUdp(std::string_view begin);
Match matchDtls(std::string_view begin);
Match matchIke(std::string_view begin);
Match matchIpmi(std::string_view begin);
Match matchL2tp(std::string_view begin);
Match matchMdns(std::string_view begin);
Match matchMemcachedUdp(std::string_view begin);
Match matchNetbiosName(std::string_view begin);
Match matchNtp(std::string_view begin);
Match matchQuic(std::string_view begin);
Match matchRadius(std::string_view begin);
Match matchTftp(std::string_view begin);
Match matchWireguard(std::string_view begin);
Match matchWsDiscovery(std::string_view begin);
Match matchXdmcp(std::string_view begin);

// What they tell: identify_telling.cpp.
Telling tellLine(std::string_view begin, bool ended);
Telling tellRedis(std::string_view begin, bool ended);
Telling tellTls(std::string_view begin, bool ended);

}  // namespace apiary::agent
