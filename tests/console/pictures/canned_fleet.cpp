#include "tests/console/pictures/canned_day.hpp"
#include "tests/console/pictures/canned_dice.hpp"

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr qint64 kSecond = 1'000'000;

Service service(const char* name, quint16 port, bool on, quint64 sessions) {
    Service value;
    value.name = QString::fromLatin1(name);
    value.protocol = value.name;
    value.listens = {u"0.0.0.0:%1"_s.arg(port), u"[::]:%1"_s.arg(port)};
    value.desired = on;
    value.actual = on ? Actual::On : Actual::Off;
    value.sessions = sessions;
    value.openSessions = on ? static_cast<quint32>(sessions % 5) : 0;
    if (on) {
        value.selfTest =
            SelfTest{.atUs = kPictureUs - static_cast<qint64>(60 + sessions % 3'400) * kSecond, .passed = true};
    }
    return value;
}

}  // namespace

const QList<QString>& sensorsOfDay() {
    static const QList<QString> kSites{u"ams-01"_s, u"ams-02"_s, u"fra-01"_s, u"fra-02"_s, u"lon-01"_s,
                                       u"nyc-01"_s, u"sao-01"_s, u"sin-01"_s, u"tyo-01"_s};
    return kSites;
}

QList<Sensor> fleetAtEnd() {
    static const QList<QString> kPlaces{u"Amsterdam, NL"_s, u"Amsterdam, NL"_s, u"Frankfurt, DE"_s,
                                        u"Frankfurt, DE"_s, u"London, GB"_s,    u"New York, US"_s,
                                        u"São Paulo, BR"_s, u"Singapore, SG"_s, u"Tokyo, JP"_s};
    QList<Sensor> sensors;
    for (int i = 0; i < sensorsOfDay().size(); ++i) {
        Dice dice(static_cast<unsigned>(i) + 40);
        Sensor sensor;
        sensor.id = i + 1;
        sensor.name = sensorsOfDay()[i];
        sensor.site = kPlaces[i];
        sensor.connected = true;
        sensor.health = Health::Healthy;
        sensor.lastSeenUs = kPictureUs - dice.below(4) * kSecond;
        sensor.version = u"1.0.0"_s;
        sensor.desiredVersion = sensor.appliedVersion = 100 + static_cast<quint64>(dice.below(40));
        sensor.spoolRecords = dice.below(40);
        sensor.clockOffsetMs = static_cast<qint64>(dice.below(80)) - 40;
        sensor.services = {
            service("ftp", 21, true, 700 + dice.below(900)), service("http", 80, true, 1'800 + dice.below(2'000)),
            service("pop3", 110, i % 3 != 1, 300 + dice.below(400)), service("smtp", 25, true, 900 + dice.below(1'500)),
            service("telnet", 23, true, 4'000 + dice.below(4'000))};
        if (i % 4 == 0) {
            sensor.services.prepend(service("finger", 79, i != 8, 90 + dice.below(90)));
        }
        sensors.append(sensor);
    }
    Sensor& degraded = sensors[3];
    degraded.health = Health::Degraded;
    degraded.healthReason = u"smtp: cannot bind 0.0.0.0:25: address in use"_s;
    degraded.services[3].actual = Actual::Failed;
    degraded.services[3].reason = u"cannot bind 0.0.0.0:25: address in use"_s;
    degraded.services[3].openSessions = 0;
    degraded.services[3].selfTest.reset();
    degraded.services[4].selfTest = SelfTest{.atUs = kPictureUs - 540 * kSecond,
                                             .passed = false,
                                             .step = u"answer"_s,
                                             .reason = u"neither a byte nor an end came"_s};
    degraded.troubles = {
        {u"self-test"_s, u"telnet"_s, kPictureUs - 540 * kSecond,
         u"its own visit failed at the step 'answer', neither a byte nor an end came: attackers are not served or not "
         "recorded; look into the agent's log, restart the service"_s},
        {u"limit"_s,
         {},
         kPictureUs - 600 * kSecond,
         u"spool_bytes is 93 % used: see that the sensor reaches its collector, or give the spool more room in agent.toml"_s}};
    degraded.bounds = {{u"spool_bytes"_s, 1'000'000'000, 1'073'741'824, 0, kPictureUs + 2 * 86'400 * kSecond},
                       {u"journal_bytes"_s, 1'400'000'000, 2'147'483'648, 0, kPictureUs + 12 * 86'400 * kSecond},
                       {u"connections"_s, 212, 10'000, 0, 0}};
    Sensor& applying = sensors[4];
    applying.health = Health::Applying;
    applying.healthReason = u"a newer desired state is on its way"_s;
    applying.desiredVersion += 1;
    applying.services.last().actual = Actual::Starting;
    Sensor& offline = sensors[5];
    offline.connected = false;
    offline.health = Health::Offline;
    offline.healthReason = u"not connected since 14:24:40 UTC"_s;
    offline.lastSeenUs = kPictureUs - 760 * kSecond;
    for (Service& one : offline.services) {
        one.actual = Actual::Unknown;
        one.openSessions = 0;
        one.selfTest.reset();
    }
    sensors[6].spoolRecords = 18'204;
    sensors[7].clockOffsetMs = 4'210;
    sensors[7].health = Health::Degraded;
    sensors[7].healthReason = u"the clock is 4.2 s ahead"_s;
    sensors[8].site = u"Tokyo, JP \u202etxt.exe <b>x</b>"_s;
    return sensors;
}

}  // namespace apiary::console
