#include "tests/console/pictures/canned_day.hpp"

#include "tests/console/pictures/canned_dice.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <optional>
#include <utility>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr qint64 kSecond = 1'000'000;
constexpr qint64 kMinute = 60 * kSecond;
constexpr qint64 kDay = 1440 * kMinute;
constexpr int kSessions = 1'000;

struct Protocol {
    QStringView name;
    quint16 port;
    double perBucket;
    double share;  // of the sessions in the list, of 1
};
constexpr std::array<Protocol, 7> kProtocols{{{u"telnet", 23, 336, 0.42},
                                              {u"http", 80, 188, 0.22},
                                              {u"smtp", 25, 92, 0.12},
                                              {u"ftp", 21, 61, 0.1},
                                              {u"pop3", 110, 41, 0.06},
                                              {u"finger", 79, 12, 0.03},
                                              {u"catchall", 6379, 34, 0.05}}};

/// How busy a time of the day is: nights are quieter; one protocol has a burst of its own.
double busyness(const Protocol& protocol, qint64 atUs) {
    const double hour = static_cast<double>(atUs % kDay) / (60.0 * static_cast<double>(kMinute));
    const double wave = 0.82 + 0.2 * std::sin((hour - 8.5) / 12 * std::numbers::pi);
    const double burst = protocol.name == u"telnet" ? 2.1 * std::exp(-std::pow((hour - 6.0) / 0.35, 2))
                         : protocol.name == u"smtp" && hour > 21 && hour < 22.4 ? 1.6
                                                                                : 0.0;
    return wave + burst;
}

/// The hole of the day: nobody listened while the sites' uplinks were moved.
bool silent(qint64 atUs) {
    const qint64 minute = atUs % kDay / kMinute;
    return minute >= 2 * 60 + 10 && minute < 3 * 60 + 40;
}

Series daySeries(const Scope& scope, double factor) {
    const qint64 length = std::max<qint64>(scope.toUs - scope.fromUs, kMinute);
    const qint64 step = length <= 2 * 60 * kMinute ? kMinute : length <= 2 * kDay ? 5 * kMinute : 60 * kMinute;
    Series series{.stepUs = step, .bucketUs = {}, .protocols = {}};
    for (qint64 at = scope.fromUs / step * step; at < scope.toUs; at += step) {
        series.bucketUs.append(at);
        series.covered.append(silent(at) ? 0 : 1000);
    }
    for (const Protocol& protocol : kProtocols) {
        const QString name = protocol.name.toString();
        if (!scope.protocols.isEmpty() && !scope.protocols.contains(name)) {
            continue;
        }
        Dice dice(protocol.port);
        ProtocolCounts counts{name, {}};
        const double perBucket =
            protocol.perBucket * factor * static_cast<double>(step) / static_cast<double>(5 * kMinute);
        for (const qint64 at : series.bucketUs) {
            const double noise = 0.93 + 0.14 * dice.unit();
            counts.sessions.append(silent(at) ? 0 : static_cast<quint64>(perBucket * busyness(protocol, at) * noise));
        }
        series.protocols.append(counts);
    }
    return series;
}

quint64 sumOf(const Series& series) {
    quint64 sum = 0;
    for (const ProtocolCounts& counts : series.protocols) {
        for (const quint64 bucket : counts.sessions) {
            sum += bucket;
        }
    }
    return sum;
}

QString sourceAt(Dice& dice) {
    static const QList<QString> kNetworks{u"192.0.2."_s, u"198.51.100."_s, u"203.0.113."_s};
    return dice.oneOf(kNetworks) + QString::number(1 + dice.below(254));
}

const Protocol& protocolAt(Dice& dice) {
    double left = dice.unit();
    for (const Protocol& protocol : kProtocols) {
        left -= protocol.share;
        if (left < 0) {
            return protocol;
        }
    }
    return kProtocols[0];
}

QByteArray idAt(int index) {
    QByteArray id = QByteArray::fromHex("019ce2a7000070008000000000000000");
    id[14] = static_cast<char>(index / 256);
    id[15] = static_cast<char>(index % 256);
    return id;
}

SessionRow rowAt(int index, qint64 startedUs) {
    static const QList<QString> kCountries{u"CN"_s, u"US"_s, u"NL"_s, u"RU"_s, u"BR"_s, u"DE"_s, u"IN"_s, u"GB"_s,
                                           u"VN"_s, u"KR"_s, u"TW"_s, u"IR"_s, u"NG"_s, u"FR"_s, u"ID"_s, u"TR"_s};
    static const QList<QString> kOutcomes{u"peer_closed"_s,  u"peer_closed"_s,   u"peer_closed"_s,
                                          u"idle_timeout"_s, u"server_closed"_s, u"peer_reset"_s};
    Dice dice(static_cast<unsigned>(index) * 2'654'435'761U + 7);
    const Protocol& protocol = protocolAt(dice);
    const quint32 sensor = dice.below(9);
    SessionRow row;
    row.id = idAt(index);
    row.startedUs = startedUs;
    row.endedUs = startedUs + static_cast<qint64>(std::exp(dice.unit() * 6.5) * 0.19e6);
    row.sensorId = static_cast<qint32>(sensor) + 1;
    row.sensor = sensorsOfDay()[sensor];
    row.source = sourceAt(dice);
    row.sourcePort = static_cast<quint16>(32'768 + dice.below(28'000));
    row.target = u"192.0.2.%1"_s.arg(10 + 7 * sensor);
    row.protocol = protocol.name.toString();
    row.targetPort = protocol.port;
    row.outcome = dice.oneOf(kOutcomes);
    row.bytesIn = 30 + dice.below(900);
    row.bytesOut = 120 + dice.below(4'000);
    row.packets = 4 + dice.below(40);
    const bool logsIn = row.protocol != u"http"_s && row.protocol != u"finger"_s && row.protocol != u"catchall"_s;
    row.credentials = logsIn ? dice.below(4) : 0;
    row.commands = dice.below(8);
    row.loginAccepted = row.credentials > 1 && dice.below(3) == 0;
    row.country = dice.oneOf(kCountries);
    row.traffic = u"attack"_s;
    return row;
}

/// The first login of a session: of a TELNET session one of the usual, and what sessionOfDay() has of the others.
std::optional<std::pair<QString, QString>> firstLoginOf(const SessionRow& row) {
    static const std::array<std::pair<QString, QString>, 5> kUsual{{{u"root"_s, u"Zte521"_s},
                                                                    {u"root"_s, u"xc3511"_s},
                                                                    {u"admin"_s, u"admin"_s},
                                                                    {u"root"_s, QString()},
                                                                    {u"support"_s, u"support"_s}}};
    if (row.credentials == 0) {
        return std::nullopt;
    }
    if (row.protocol == u"telnet"_s && !row.loginAccepted) {
        return kUsual.at(static_cast<std::size_t>(row.startedUs % static_cast<qint64>(kUsual.size())));
    }
    return row.protocol == u"telnet"_s ? kUsual[0] : std::pair(u"anonymous"_s, u"IEUser@"_s);
}

/// Newest first; the first is always a TELNET session with a login that was accepted, for the page of sessions.
const QList<SessionRow>& allRows() {
    static const QList<SessionRow> kRows = [] {
        Dice dice(11);
        QList<SessionRow> rows;
        qint64 at = kPictureUs - kSecond;
        for (int i = 0; i < kSessions; ++i) {
            rows.append(rowAt(i, at));
            at -= 200'000 + static_cast<qint64>(dice.below(2'200'000));
        }
        SessionRow& first = rows.first();
        first.protocol = u"telnet"_s;
        first.targetPort = 23;
        first.credentials = 2;
        first.commands = 4;
        first.artifacts = 1;
        first.loginAccepted = true;
        first.startedUs = kPictureUs - 88 * kSecond;
        first.endedUs = first.startedUs + 82'380'000;
        for (SessionRow& row : rows) {
            row.firstLogin = firstLoginOf(row);
        }
        std::ranges::stable_sort(rows, std::greater{}, &SessionRow::startedUs);
        return rows;
    }();
    return kRows;
}

}  // namespace

Series dayOfSessions(const Scope& scope) {
    return daySeries(scope, 1);
}

Series dayOfCredentials(const Scope& scope) {
    return daySeries(scope, 0.41);
}

Totals totalsOfDay(const Scope& scope) {
    const quint64 sessions = sumOf(dayOfSessions(scope));
    return {.sessions = sessions,
            .sources = sessions / 13,
            .credentials = sumOf(dayOfCredentials(scope)),
            .newSources = sessions / 81,
            .bytesIn = sessions * 412,
            .bytesOut = sessions * 2'310,
            .probes = sessions / 9,
            .openSessions = 14};
}

Totals totalsOfDayBefore(const Scope& scope) {
    const Totals now = totalsOfDay(scope);
    return {.sessions = now.sessions * 89 / 100,
            .sources = now.sources * 97 / 100,
            .credentials = now.credentials * 82 / 100,
            .newSources = now.newSources * 106 / 100,
            .bytesIn = now.bytesIn * 9 / 10,
            .bytesOut = now.bytesOut * 9 / 10,
            .probes = now.probes,
            .openSessions = 9};
}

Activity activityOfWeeks() {
    Dice dice(5);
    Activity activity;
    for (int hour = 0; hour < 168; ++hour) {
        const double wave = 900 + 420 * std::sin((hour % 24 - 8.5) / 12 * std::numbers::pi);
        const bool campaign = hour / 24 == 2 && hour % 24 >= 13 && hour % 24 <= 16;
        const bool heard = hour / 24 != 6 || hour % 24 < 2 || hour % 24 > 4;  // the weekly rest of all sensors
        activity.covered.append(heard ? 1000 : 0);
        activity.sessions.append(heard ? static_cast<quint64>((wave + 300 * dice.unit()) * (campaign ? 2.1 : 1.0)) : 0);
    }
    return activity;
}

SessionPage sessionsOfDay(const Scope& scope, const SessionKey& before, int limit) {
    SessionPage page;
    for (const SessionRow& row : allRows()) {
        const bool asked = (scope.protocols.isEmpty() || scope.protocols.contains(row.protocol)) &&
                           (scope.sensorIds.isEmpty() || scope.sensorIds.contains(row.sensorId)) &&
                           row.startedUs >= scope.fromUs && row.startedUs < scope.toUs &&
                           (before.startedUs == 0 || row.startedUs < before.startedUs);
        if (asked && page.rows.size() == limit) {
            page.more = true;
            break;
        }
        if (asked) {
            page.rows.append(row);
        }
    }
    return page;
}

OpenSessions openAtEnd() {
    OpenSessions open{.rows = {}, .total = 14};
    qint64 at = kPictureUs - kSecond;
    for (int i = 0; i < 14; ++i) {
        SessionRow row = rowAt(5'000 + i, at);
        row.endedUs = 0;
        open.rows.append(row);
        at -= (3 + 5 * i) * kSecond;
    }
    return open;
}

SessionDetail detailOf(const QByteArray& id) {
    const auto row = std::ranges::find(allRows(), id, &SessionRow::id);
    SessionDetail detail;
    if (row == allRows().end()) {
        return detail;
    }
    detail.row = *row;
    const auto say = [&](qint64 afterMs, SessionEvent::Kind kind, const QByteArray& bytes) {
        detail.events.append({row->startedUs + afterMs * 1'000, kind, 0, bytes});
    };
    const auto sent = SessionEvent::Sent;
    const auto got = SessionEvent::Received;
    if (row->protocol == u"telnet"_s) {
        say(0, sent, QByteArray::fromHex("fffb01fffb03"));
        say(40, sent, "BusyBox v1.19.4 (2014-11-05) built-in shell (ash)\r\n\r\nlogin: ");
        say(620, got, "root\r\n");
        say(620, sent, "Password: ");
        say(1'110, got, "xc3511\r\n");
        say(1'130, sent, "\r\n# ");
        say(1'600, got, "enable\r\nsystem\r\nshell\r\nsh\r\n");
        say(1'610, sent, "# # # # ");
        say(2'050, got, "/bin/busybox ECCHI\r\n");
        say(2'060, sent, "ECCHI: applet not found\r\n# ");
        say(2'710, got, "cat /proc/mounts; /bin/busybox ECCHI\r\n");
        say(2'720, sent,
            "rootfs / rootfs rw 0 0\r\n/dev/root / squashfs ro,relatime 0 0\r\nECCHI: applet not found\r\n# ");
        say(4'400, got,
            "echo -ne '\\x7f\\x45\\x4c\\x46' > .d; \x1b[2J\x1b]0;owned\x07\xe2\x80\xae"
            "exe.fdp\r\n");
        say(4'420, sent, "# ");
        detail.credentials = {{"root", "Zte521", false}, {"root", "xc3511", true}};
        detail.artifacts = {{QByteArray(32, '\x7f'), 1'312, ".d"}};
    } else if (row->protocol == u"smtp"_s) {
        say(0, sent, "220 mail.example.net ESMTP Postfix (Debian/GNU)\r\n");
        say(210, got, "EHLO [127.0.0.1]\r\n");
        say(215, sent, "250-mail.example.net\r\n250-PIPELINING\r\n250 AUTH PLAIN LOGIN\r\n");
        say(430, got, "MAIL FROM:<a@example.org>\r\nRCPT TO:<relaycheck@example.com>\r\n");
        say(440, sent, "250 2.1.0 Ok\r\n454 4.7.1 <relaycheck@example.com>: Relay access denied\r\n");
    } else if (row->protocol == u"http"_s) {
        say(0, got, "GET /boaform/admin/formLogin?username=admin&psd=admin HTTP/1.0\r\n\r\n");
        say(15, sent, "HTTP/1.1 404 Not Found\r\nServer: Apache/2.4.62 (Debian)\r\nContent-Length: 0\r\n\r\n");
    } else {
        say(0, sent, "220 ready\r\n");
        say(310, got, "USER anonymous\r\n");
        say(312, sent, "331 Please specify the password.\r\n");
        say(600, got, "PASS IEUser@\r\n");
        say(2'640, sent, "530 Login incorrect.\r\n");
        detail.credentials = {{"anonymous", "IEUser@", false}};
    }
    detail.log = {"*****", "*****Started at: Thu Mar 12 14:35:52 UTC 2026*****"};
    detail.transcriptSha256 = QByteArray(32, 'a');
    detail.journalSha256 = detail.transcriptSha256;
    return detail;
}

}  // namespace apiary::console
