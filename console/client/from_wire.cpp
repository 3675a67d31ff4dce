#include "console/client/from_wire.hpp"

#include "common/net/address.hpp"

#include <algorithm>

namespace apiary::console {
namespace {

QByteArray bytes(const std::string& text) {
    return QByteArray::fromStdString(text);
}

QString text(const std::string& utf8) {
    return QString::fromStdString(utf8);
}

qint64 time(std::uint64_t us) {
    return static_cast<qint64>(us);
}

Endpoint endpoint(const v1::Endpoint& wire) {
    const std::string& from = wire.address();
    Endpoint endpoint;
    if (from.size() == 4) {
        Endpoint::V4 v4{};
        std::copy(from.begin(), from.end(), v4.begin());
        endpoint = Endpoint::of(v4, 0);
    } else if (from.size() == endpoint.address.size()) {
        std::copy(from.begin(), from.end(), endpoint.address.begin());
    }
    endpoint.port = static_cast<std::uint16_t>(wire.port());
    return endpoint;
}

QString addressOf(const v1::Endpoint& wire) {
    return text(addressText(endpoint(wire)));
}

Actual actual(v1::ActualState state) {
    switch (state) {
        case v1::ACTUAL_STATE_OFF:
            return Actual::Off;
        case v1::ACTUAL_STATE_STARTING:
            return Actual::Starting;
        case v1::ACTUAL_STATE_ON:
            return Actual::On;
        case v1::ACTUAL_STATE_FAILED:
            return Actual::Failed;
        case v1::ACTUAL_STATE_DRAINING:
            return Actual::Draining;
        default:
            return Actual::Unknown;
    }
}

Health health(v1::SensorHealth health) {
    switch (health) {
        case v1::SENSOR_HEALTH_HEALTHY:
            return Health::Healthy;
        case v1::SENSOR_HEALTH_DEGRADED:
            return Health::Degraded;
        case v1::SENSOR_HEALTH_OFFLINE:
            return Health::Offline;
        case v1::SENSOR_HEALTH_APPLYING:
            return Health::Applying;
        default:
            return Health::Unknown;
    }
}

Service service(const v1::ServiceStatus& wire) {
    Service service{.name = text(wire.name()),
                    .protocol = text(wire.protocol()),
                    .listens = {},
                    .desired = wire.desired(),
                    .actual = actual(wire.actual()),
                    .reason = text(wire.reason()),
                    .openSessions = wire.open_sessions(),
                    .sessions = wire.sessions(),
                    .refused = wire.refused()};
    for (const v1::Endpoint& listen : wire.listens()) {
        service.listens.append(text(endpointText(endpoint(listen))));
    }
    if (wire.has_self_test()) {
        service.selfTest = SelfTest{.atUs = time(wire.self_test().at_us()),
                                    .passed = wire.self_test().passed(),
                                    .step = text(wire.self_test().step()),
                                    .reason = text(wire.self_test().reason())};
    }
    return service;
}

Totals totals(const v1::TotalsReply& reply) {
    return {.sessions = reply.sessions(),
            .sources = reply.sources(),
            .credentials = reply.credentials(),
            .newSources = reply.new_sources(),
            .bytesIn = reply.bytes_in(),
            .bytesOut = reply.bytes_out(),
            .probes = reply.probes(),
            .openSessions = reply.open_sessions()};
}

template <typename List>
QList<SessionRow> rows(const List& wire) {
    QList<SessionRow> rows;
    rows.reserve(wire.size());
    for (const v1::SessionRow& row : wire) {
        rows.append(fromWire(row));
    }
    return rows;
}

}  // namespace

ComparedTotals fromWire(const v1::TotalsReply& reply) {
    return {totals(reply), totals(reply.previous())};
}

Series fromWire(const v1::SeriesReply& reply) {
    Series series{.stepUs = time(reply.step_us()), .bucketUs = {}, .protocols = {}};
    for (const std::uint64_t bucket : reply.bucket_us()) {
        series.bucketUs.append(time(bucket));
    }
    series.covered = {reply.covered().begin(), reply.covered().end()};
    for (const v1::ProtocolSeries& wire : reply.series()) {
        series.protocols.append(
            {text(wire.protocol()), QList<quint64>(wire.sessions().begin(), wire.sessions().end())});
    }
    return series;
}

QList<TopEntry> fromWire(const v1::TopNReply& reply) {
    QList<TopEntry> entries;
    for (const v1::TopEntry& entry : reply.entries()) {
        entries.append({bytes(entry.key()), entry.count(), entry.previous(), text(entry.username()),
                        text(entry.secret()), text(entry.country()), text(entry.network_name())});
    }
    return entries;
}

Activity fromWire(const v1::ActivityReply& reply) {
    return {.sessions = {reply.sessions().begin(), reply.sessions().end()},
            .covered = {reply.covered().begin(), reply.covered().end()}};
}

SessionCount fromWire(const v1::CountSessionsReply& reply) {
    return {.sessions = reply.sessions(), .times = reply.times(), .more = reply.more(), .sources = reply.sources()};
}

SessionRow fromWire(const v1::SessionRow& row) {
    SessionRow value{.id = bytes(row.session_id()),
                     .startedUs = time(row.started_at_us()),
                     .endedUs = time(row.ended_at_us()),
                     .sensorId = row.sensor_id(),
                     .sensor = text(row.sensor()),
                     .source = addressOf(row.source()),
                     .sourcePort = static_cast<quint16>(row.source().port()),
                     .target = addressOf(row.target()),
                     .targetPort = static_cast<quint16>(row.target().port()),
                     .udp = row.transport() == v1::TRANSPORT_UDP,
                     .protocol = text(row.protocol()),
                     .identified = text(row.identified()),
                     .outcome = text(row.outcome()),
                     .bytesIn = row.bytes_in(),
                     .bytesOut = row.bytes_out(),
                     .packets = row.packets(),
                     .credentials = row.credentials(),
                     .commands = row.commands(),
                     .artifacts = row.artifacts(),
                     .loginAccepted = row.login_accepted(),
                     .country = text(row.country()),
                     .network = row.network(),
                     .networkName = text(row.network_name()),
                     .tags = {},
                     .traffic = text(row.traffic()),
                     .firstLogin = {},
                     .sourceFirstSeenUs = time(row.source_first_seen_us())};
    if (row.has_first_username()) {
        value.firstLogin = {text(row.first_username()), text(row.first_secret())};
    }
    for (const std::string& tag : row.tags()) {
        value.tags.append(text(tag));
    }
    return value;
}

SessionPage fromWire(const v1::ListSessionsReply& reply) {
    return {.rows = rows(reply.rows()), .more = reply.more()};
}

ProbePage fromWire(const v1::ListProbesReply& reply) {
    ProbePage page{.rows = {}, .more = reply.more(), .probes = reply.probes()};
    for (const v1::ProbeRow& row : reply.rows()) {
        page.rows.append({.id = bytes(row.probe_id()),
                          .startedUs = time(row.started_at_us()),
                          .endedUs = time(row.ended_at_us()),
                          .sensor = text(row.sensor()),
                          .source = addressOf(row.source()),
                          .target = addressOf(row.target()),
                          .targetPort = static_cast<quint16>(row.target().port()),
                          .kind = text(row.kind()),
                          .packets = row.packets(),
                          .reason = text(row.reason()),
                          .country = text(row.country())});
    }
    return page;
}

SessionDetail fromWire(const v1::SessionDetail& detail) {
    SessionDetail value{.row = fromWire(detail.row()),
                        .events = {},
                        .log = {},
                        .transcriptSha256 = bytes(detail.transcript_sha256()),
                        .journalSha256 = bytes(detail.journal_sha256()),
                        .journalPath = text(detail.journal_path()),
                        .credentials = {},
                        .artifacts = {},
                        .eventsCut = detail.events_cut(),
                        .logCut = detail.transcript_cut(),
                        .sessionsBefore = detail.sessions_before()};
    for (const v1::SessionEvent& event : detail.events()) {
        value.events.append({time(event.at_us()), event.kind(), event.channel(), bytes(event.bytes())});
    }
    for (const std::string& line : detail.transcript()) {
        value.log.append(bytes(line));
    }
    for (const v1::CredentialRow& credential : detail.credentials()) {
        value.credentials.append({bytes(credential.username()), bytes(credential.secret()), credential.accepted()});
    }
    for (const v1::ArtifactRow& artifact : detail.artifacts()) {
        value.artifacts.append({bytes(artifact.sha256()), artifact.size(), bytes(artifact.name())});
    }
    return value;
}

OpenSessions fromWire(const v1::ListOpenReply& reply) {
    return {.rows = rows(reply.rows()), .total = reply.total()};
}

LiveBatch fromWire(const v1::LiveBatch& batch) {
    return {.opened = rows(batch.opened()), .ended = rows(batch.ended()), .notShown = batch.not_shown()};
}

QList<Sensor> fromWire(const v1::FleetState& state) {
    QList<Sensor> sensors;
    for (const v1::Sensor& wire : state.sensors()) {
        Sensor sensor{.id = wire.sensor_id(),
                      .name = text(wire.name()),
                      .site = text(wire.site()),
                      .connected = wire.connected(),
                      .health = health(wire.health()),
                      .healthReason = text(wire.health_reason()),
                      .lastSeenUs = time(wire.last_seen_us()),
                      .version = text(wire.version()),
                      .desiredVersion = wire.desired_version(),
                      .appliedVersion = wire.applied_version(),
                      .spoolRecords = wire.spool_records(),
                      .clockOffsetMs = wire.clock_offset_ms(),
                      .services = {},
                      .troubles = {},
                      .bounds = {}};
        for (const v1::ServiceStatus& status : wire.services()) {
            sensor.services.append(service(status));
        }
        for (const v1::Trouble& trouble : wire.troubles()) {
            sensor.troubles.append(
                {text(trouble.kind()), text(trouble.service()), time(trouble.since_us()), text(trouble.text())});
        }
        for (const v1::Bound& bound : wire.bounds()) {
            sensor.bounds.append(
                {text(bound.name()), bound.used(), bound.limit(), bound.lost(), time(bound.full_at_us())});
        }
        sensors.append(sensor);
    }
    std::ranges::sort(sensors, {}, &Sensor::name);
    return sensors;
}

void merge(LiveBatch& pending, LiveBatch&& next) {
    pending.notShown += next.notShown;
    for (const auto& [into, from] :
         {std::pair(&pending.opened, &next.opened), std::pair(&pending.ended, &next.ended)}) {
        const qsizetype room = std::max(qsizetype{0}, kLiveRows - into->size());
        if (from == &next.ended) {
            pending.notShown += static_cast<quint64>(std::max(qsizetype{0}, from->size() - room));
        }
        into->append(from->first(std::min(room, from->size())));
    }
}

v1::Scope toWire(const Scope& scope) {
    v1::Scope wire;
    wire.set_from_us(static_cast<std::uint64_t>(scope.fromUs));
    wire.set_to_us(static_cast<std::uint64_t>(scope.toUs));
    for (const qint32 id : scope.sensorIds) {
        wire.add_sensor_ids(id);
    }
    for (const QString& protocol : scope.protocols) {
        wire.add_protocols(protocol.toStdString());
    }
    for (const QString& traffic : scope.traffic) {
        wire.add_traffic(traffic.toStdString());
    }
    return wire;
}

namespace {

v1::SessionFilter conditions(const SessionConditions& filter) {
    v1::SessionFilter wire;
    wire.set_source_network(filter.sourceNetwork.toStdString());
    for (const quint16 port : filter.targetPorts) {
        wire.add_target_ports(port);
    }
    if (filter.udp) {
        wire.add_transports(*filter.udp ? v1::TRANSPORT_UDP : v1::TRANSPORT_TCP);
    }
    if (filter.username) {
        wire.set_username(filter.username->toStdString());
    }
    if (filter.secret) {
        wire.set_secret(filter.secret->toStdString());
    }
    if (filter.loginAccepted) {
        wire.set_login_accepted(*filter.loginAccepted);
    }
    for (const QString& outcome : filter.outcomes) {
        wire.add_outcomes(outcome.toStdString());
    }
    wire.set_command_text(filter.commandText.toStdString());
    wire.set_command(filter.command.toStdString());
    wire.set_artifact(filter.artifact.toStdString());
    for (const QString& country : filter.countries) {
        wire.add_countries(country.toStdString());
    }
    for (const int hour : filter.weekHours) {
        wire.add_week_hours(static_cast<std::uint32_t>(hour));
    }
    for (const QString& protocol : filter.protocols) {
        wire.add_protocols(protocol.toStdString());
    }
    for (const qint32 id : filter.sensorIds) {
        wire.add_sensor_ids(id);
    }
    if (filter.loginTried) {
        wire.set_login_tried(*filter.loginTried);
    }
    if (filter.sourceIsNew) {
        wire.set_source_is_new(*filter.sourceIsNew);
    }
    return wire;
}

}  // namespace

v1::SessionFilter toWire(const SessionFilter& filter) {
    v1::SessionFilter wire = conditions(filter);
    if (filter.without != SessionConditions{}) {
        *wire.mutable_without() = conditions(filter.without);
    }
    return wire;
}

v1::SeriesField toWire(SeriesField field) {
    switch (field) {
        case SeriesField::Sessions:
            return v1::SERIES_FIELD_SESSIONS;
        case SeriesField::Credentials:
            return v1::SERIES_FIELD_CREDENTIALS;
        case SeriesField::Sources:
            return v1::SERIES_FIELD_SOURCES;
        case SeriesField::NewSources:
            break;
    }
    return v1::SERIES_FIELD_NEW_SOURCES;
}

std::uint64_t stepUs(const Scope& scope, SeriesField field) {
    constexpr qint64 kHourUs = 3'600'000'000;
    constexpr qint64 kMostHours = 10'000;
    const bool sources = field == SeriesField::Sources || field == SeriesField::NewSources;
    const qint64 hours = (scope.toUs - scope.fromUs) / kHourUs;
    return sources && hours >= 6 && hours < kMostHours ? static_cast<std::uint64_t>(kHourUs) : 0;
}

v1::TopField toWire(TopField field) {
    switch (field) {
        case TopField::Source:
            return v1::TOP_FIELD_SOURCE;
        case TopField::Credential:
            return v1::TOP_FIELD_CREDENTIAL;
        case TopField::Protocol:
            return v1::TOP_FIELD_PROTOCOL;
        case TopField::Port:
            return v1::TOP_FIELD_PORT;
        case TopField::Sensor:
            return v1::TOP_FIELD_SENSOR;
        case TopField::Country:
            return v1::TOP_FIELD_COUNTRY;
        case TopField::Command:
            return v1::TOP_FIELD_COMMAND;
        case TopField::Artifact:
            return v1::TOP_FIELD_ARTIFACT;
        case TopField::Tool:
            break;
    }
    return v1::TOP_FIELD_TOOL;
}

}  // namespace apiary::console
