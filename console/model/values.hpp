#pragma once

#include <QByteArray>
#include <QList>
#include <QString>
#include <QStringList>
#include <QtGlobal>

#include <optional>

namespace apiary::console {

// What the collector reports, as plain values: no widget, no wire type, no pointer into either. Times are microseconds
// since 1970 in UTC. What an attacker wrote is a QByteArray here and becomes text only in visible_text.hpp.

/// Which sessions are meant: started in [fromUs, toUs), of these sensors and protocols (none named: all), of this
/// traffic (none named: attack).
struct Scope {
    qint64 fromUs = 0;
    qint64 toUs = 0;
    QList<qint32> sensorIds;
    QStringList protocols;
    QStringList traffic;  // attack, known-scanner, self-test

    friend bool operator==(const Scope&, const Scope&) = default;
};

/// What a session has; what is empty says nothing. Texts are escaped as people see them.
struct SessionConditions {
    QString sourceNetwork;  // 192.0.2.0/24, 2001:db8::/32, or one address
    QList<quint16> targetPorts;
    std::optional<bool> udp;
    std::optional<QString> username;  // a login was tried with it; with secret: with both at once
    std::optional<QString> secret;
    std::optional<bool> loginAccepted;
    QStringList outcomes;
    QString commandText;    // stands in a command and its argument
    QString command;        // was typed, as the list of top commands names it
    QByteArray artifact;    // was offered: its SHA-256, 32 bytes
    QList<int> weekHours;   // started in one of these: 0 is Monday 00 to 01 h, UTC
    QStringList countries;  // of the source, as SessionRow names it; ??: unknown
    QStringList protocols;  // here and for sensors: of a filter, what narrows its scope stands in the scope
    QList<qint32> sensorIds;
    std::optional<bool> loginTried;   // any
    std::optional<bool> sourceIsNew;  // first seen inside the range

    friend bool operator==(const SessionConditions&, const SessionConditions&) = default;
};

/// What a listed session must have besides its scope.
struct SessionFilter : SessionConditions {
    SessionConditions without;  // each of its fields alone must not be so

    friend bool operator==(const SessionFilter&, const SessionFilter&) = default;
};

/// How many sessions all pages of a list have together.
struct SessionCount {
    quint64 sessions = 0;
    quint64 times = 0;  // how often they did the one thing that the filter names: a login, a command, an artifact
    bool more = false;  // counting stopped there
    quint64 sources = 0;
};

struct Totals {
    quint64 sessions = 0;
    quint64 sources = 0;
    quint64 credentials = 0;
    quint64 newSources = 0;
    quint64 bytesIn = 0;
    quint64 bytesOut = 0;
    quint64 probes = 0;
    quint64 openSessions = 0;
};

/// Sources and new sources are one series without a protocol, in hours where the range has six of them.
enum class SeriesField { Sessions, Credentials, Sources, NewSources };

struct ProtocolCounts {
    QString protocol;
    QList<quint64> sessions;  // one for each bucket; of whatever was asked for
};

struct Series {
    qint64 stepUs = 0;
    QList<qint64> bucketUs;
    QList<ProtocolCounts> protocols;
    QList<quint32> covered = {};  // of each bucket, in thousandths; 0: nobody listened. Empty: nothing is known
};

/// By day of the week and hour, UTC: 168, Monday 00 to 01 h first.
struct Activity {
    QList<quint64> sessions;
    QList<quint32> covered = {};  // as in Series, of all the time of an hour in the range

    /// Whether that hour has no data, rather than no session.
    bool silentAt(qsizetype hour) const { return hour < covered.size() && covered[hour] == 0; }
};

enum class TopField { Source, Credential, Protocol, Port, Sensor, Country, Command, Artifact, Tool };

/// A line of a ranked list. The key is text that an attacker may have chosen.
struct TopEntry {
    QByteArray key;
    quint64 count = 0;
    quint64 previous = 0;  // in the range of equal length just before
    QString username;      // of a credential, as SessionFilter takes them
    QString secret;
    QString country = {};  // of a source, as SessionRow names it, and whose network it is in; empty: unknown
    QString networkName = {};
};

struct SessionRow {
    QByteArray id;  // 16 bytes, a UUID version 7
    qint64 startedUs = 0;
    qint64 endedUs = 0;  // 0 while open
    qint32 sensorId = 0;
    QString sensor;
    QString source;
    quint16 sourcePort = 0;
    QString target;
    quint16 targetPort = 0;
    bool udp = false;
    QString protocol;
    QString identified;
    QString outcome;
    quint64 bytesIn = 0;
    quint64 bytesOut = 0;
    quint32 packets = 0;
    quint32 credentials = 0;
    quint32 commands = 0;
    quint32 artifacts = 0;
    bool loginAccepted = false;
    QString country;
    quint32 network = 0;  // number of the autonomous system of the source; 0: unknown
    QString networkName;  // whose that is; empty: unknown
    QStringList tags;
    QString traffic;
    // Of the first login tried; none came, or none is known yet, as of live sessions.
    std::optional<std::pair<QString, QString>> firstLogin;
    qint64 sourceFirstSeenUs = 0;  // 0: not known

    bool open() const { return endedUs == 0; }
};

/// The key by which lists of sessions and probes are paged: newest first, ties by id.
struct SessionKey {
    qint64 startedUs = 0;
    QByteArray id;

    friend bool operator==(const SessionKey&, const SessionKey&) = default;
};

struct SessionPage {
    QList<SessionRow> rows;
    bool more = false;
};

/// Contact that never became a session, added up over some seconds.
struct ProbeRow {
    QByteArray id;  // 16 bytes, a UUID version 7
    qint64 startedUs = 0;
    qint64 endedUs = 0;
    QString sensor;
    QString source;
    QString target;          // the first address
    quint16 targetPort = 0;  // 0: the kind has none
    QString kind;            // syn, udp, icmp, closed, refused
    quint64 packets = 0;
    QString reason;  // particulars of the first packet
    QString country;
};

struct ProbePage {
    QList<ProbeRow> rows;
    bool more = false;
    quint64 probes = 0;  // in all pages together; of a first page alone
};

/// One event of a session, with the kinds that the database numbers.
struct SessionEvent {
    enum Kind : quint32 { Received = 0, Sent = 1, Tls = 2, Channel = 3, Anomaly = 4, Gap = 5 };

    qint64 atUs = 0;
    quint32 kind = Received;
    quint32 channel = 0;
    QByteArray bytes;
};

struct Credential {
    QByteArray username;
    QByteArray secret;
    bool accepted = false;
};

struct Artifact {
    QByteArray sha256;
    quint64 size = 0;
    QByteArray name;
};

struct SessionDetail {
    SessionRow row;
    QList<SessionEvent> events;
    QList<QByteArray> log;        // the text log, line by line, as the database renders it
    QByteArray transcriptSha256;  // over those lines
    QByteArray journalSha256;     // of the agent's own file; empty while the session is open
    QString journalPath;
    QList<Credential> credentials;
    QList<Artifact> artifacts;
    bool eventsCut = false;
    bool logCut = false;         // the digest is over all of it nevertheless
    quint64 sessionsBefore = 0;  // of its source
};

struct OpenSessions {
    QList<SessionRow> rows;
    quint64 total = 0;
};

/// What happened since the last batch.
struct LiveBatch {
    QList<SessionRow> opened;
    QList<SessionRow> ended;
    quint64 notShown = 0;
};

enum class Actual { Unknown, Off, Starting, On, Failed, Draining };

/// How the agent's last visit to a service of its own went.
struct SelfTest {
    qint64 atUs = 0;
    bool passed = false;
    QString step = {};  // that failed: connect, answer, record, acknowledge
    QString reason = {};
};

struct Service {
    QString name;
    QString protocol;
    QStringList listens;
    bool desired = false;
    Actual actual = Actual::Unknown;
    QString reason;
    quint32 openSessions = 0;
    quint64 sessions = 0;
    quint64 refused = 0;
    std::optional<SelfTest> selfTest = {};
};

enum class Health { Unknown, Healthy, Degraded, Offline, Applying };

/// Something that somebody should look at, for as long as it lasts.
struct Trouble {
    QString kind;     // as in fleet.proto
    QString service;  // empty: the whole sensor
    qint64 sinceUs = 0;
    QString text;

    friend bool operator==(const Trouble&, const Trouble&) = default;
};

/// Something that is bounded at a sensor, e.g. `spool_bytes`.
struct Bound {
    QString name;
    quint64 used = 0;
    quint64 limit = 0;
    quint64 lost = 0;     // what the bound has cost
    qint64 fullAtUs = 0;  // 0: not within a year

    friend bool operator==(const Bound&, const Bound&) = default;
};

struct Sensor {
    qint32 id = 0;
    QString name;
    QString site;
    bool connected = false;
    Health health = Health::Unknown;
    QString healthReason;
    qint64 lastSeenUs = 0;
    QString version;
    quint64 desiredVersion = 0;
    quint64 appliedVersion = 0;
    quint64 spoolRecords = 0;
    qint64 clockOffsetMs = 0;
    QList<Service> services;
    QList<Trouble> troubles;
    QList<Bound> bounds;
};

/// Where the link to the collector stands, in words that a person can act on.
struct LinkState {
    enum class Kind {
        Connecting,
        Live,
        Lost,         // it will be tried again at retryAtUs
        Certificate,  // the certificates do not fit: no use in trying again
        Unusable      // the collector answers, but not as this console needs it
    };

    Kind kind = Kind::Connecting;
    QString collector;  // host and port
    QString reason;     // what happened
    QString advice;     // what to do about it; may be empty
    qint64 sinceUs = 0;
    qint64 retryAtUs = 0;
    int attempt = 0;

    bool live() const { return kind == Kind::Live; }
};

}  // namespace apiary::console
