#include "tests/console/support/sample_values.hpp"

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

SessionRow sampleRow(int seconds, char tail) {
    SessionRow row;
    row.id = QByteArray(15, '\0') + QByteArray(1, tail);
    row.startedUs = kSampleUs + seconds * kSecondUs;
    row.endedUs = row.startedUs + 2'500'000;
    row.sensorId = 1;
    row.sensor = u"ams-01"_s;
    row.source = u"203.0.113.7"_s;
    row.sourcePort = 40'001;
    row.target = u"192.0.2.10"_s;
    row.targetPort = 21;
    row.protocol = u"ftp"_s;
    row.outcome = u"peer_closed"_s;
    row.traffic = u"attack"_s;
    row.bytesIn = 31;
    row.bytesOut = 1'540;
    row.credentials = 1;
    return row;
}

ProbeRow sampleProbe(int seconds, char tail) {
    ProbeRow row;
    row.id = QByteArray(15, '\0') + QByteArray(1, tail);
    row.startedUs = kSampleUs + seconds * kSecondUs;
    row.endedUs = row.startedUs + 9'800'000;
    row.sensor = u"ams-01"_s;
    row.source = u"203.0.113.7"_s;
    row.target = u"192.0.2.0"_s;
    row.targetPort = 23;
    row.kind = u"syn"_s;
    row.packets = 1'256;
    row.reason = u"addresses=256 ttl=243 flags=S"_s;
    return row;
}

SessionDetail sampleDetail(const SessionRow& row) {
    SessionDetail detail;
    detail.row = row;
    detail.events = {{row.startedUs, SessionEvent::Sent, 0, "220 ready\r\n"},
                     {row.startedUs + 310'000, SessionEvent::Received, 0, "USER ann\r\n"},
                     {row.startedUs + 900'000, SessionEvent::Received, 0, QByteArray("STOR \xff\x00\\\x1b[31m\n", 14)},
                     {row.startedUs + 910'000, SessionEvent::Channel, 1, "open 51522 40021"}};
    detail.log = {"*****", "*****Started at: Thu Mar 12 14:00:00 UTC 2026*****"};
    detail.transcriptSha256 = QByteArray(32, 'a');
    detail.journalSha256 = QByteArray(32, 'a');
    detail.credentials = {{"ann", "\x1b]0;x\x07", true}};
    return detail;
}

Sensor sampleSensor() {
    Sensor sensor;
    sensor.id = 1;
    sensor.name = u"ams-01"_s;
    sensor.connected = true;
    sensor.health = Health::Healthy;
    sensor.lastSeenUs = kSampleUs;
    Service ftp;
    ftp.name = u"ftp"_s;
    ftp.protocol = u"ftp"_s;
    ftp.listens = {u"127.0.0.1:2021"_s};
    ftp.desired = true;
    ftp.actual = Actual::On;
    Service other;
    other.name = u"catchall"_s;
    other.actual = Actual::Off;
    sensor.services = {ftp, other};
    return sensor;
}

Series sampleSeries() {
    constexpr qint64 kStep = 300 * kSecondUs;
    return {.stepUs = kStep,
            .bucketUs = {kSampleUs, kSampleUs + kStep, kSampleUs + 2 * kStep, kSampleUs + 3 * kStep},
            .protocols = {{u"ftp"_s, {1, 2, 0, 4}}, {u"telnet"_s, {10, 0, 5, 1}}}};
}

}  // namespace apiary::console
