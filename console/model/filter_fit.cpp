#include "console/model/filter_fit.hpp"

#include "console/model/network.hpp"

namespace apiary::console {

namespace {

constexpr qint64 kHourUs = 3'600'000'000;
constexpr qint64 kHoursOfWeek = 168;
constexpr qint64 kThursday = 72;  // the hour of the week in which 1970 began; 0 is Monday 00 to 01 h

int weekHourOf(qint64 us) {
    return static_cast<int>((us / kHourUs + kThursday) % kHoursOfWeek);
}

/// Whether the row is as each condition says that it tells about; nothing if there is none.
QList<bool> verdicts(const SessionRow& row, const SessionConditions& filter) {
    QList<bool> all;
    const auto add = [&](bool wanted, bool holds) {
        if (wanted) {
            all.append(holds);
        }
    };
    const auto in = [&](const auto& wanted, const auto& item) { add(!wanted.isEmpty(), wanted.contains(item)); };
    in(filter.protocols, row.protocol);
    in(filter.sensorIds, row.sensorId);
    in(filter.targetPorts, row.targetPort);
    in(filter.countries, row.country.isEmpty() ? QStringLiteral("??") : row.country);
    in(filter.weekHours, weekHourOf(row.startedUs));
    in(filter.outcomes, row.open() ? QStringLiteral("open") : row.outcome);
    add(filter.udp.has_value(), filter.udp == row.udp);
    add(filter.loginAccepted.has_value(), filter.loginAccepted == row.loginAccepted);
    add(filter.loginTried.has_value(), filter.loginTried == (row.credentials > 0));
    if (const auto network = Network::parse(filter.sourceNetwork)) {
        add(!filter.sourceNetwork.isEmpty(), network->contains(row.source));
    }
    return all;
}

/// What only the collector can say of the row; No if it can be said that nothing of it is so.
struct Hidden {
    bool any = false;   // there are such conditions
    bool none = false;  // one of them cannot hold
};
Hidden hidden(const SessionRow& row, const SessionConditions& filter) {
    const bool login = filter.username || filter.secret;
    const bool typed = !filter.command.isEmpty() || !filter.commandText.isEmpty();
    const bool offered = !filter.artifact.isEmpty();
    return {.any = (login && row.credentials > 0) || (typed && row.commands > 0) || (offered && row.artifacts > 0) ||
                   filter.sourceIsNew.has_value(),
            .none = (login && row.credentials == 0) || (typed && row.commands == 0) || (offered && row.artifacts == 0)};
}

}  // namespace

Fit fitOf(const SessionRow& row, const SessionQuery& query) {
    SessionConditions with = query.filter;
    with.protocols = query.protocols;
    with.sensorIds = query.sensorIds;
    const Hidden must = hidden(row, with);
    if (verdicts(row, with).contains(false) || verdicts(row, query.filter.without).contains(true) || must.none) {
        return Fit::No;
    }
    return must.any || hidden(row, query.filter.without).any ? Fit::Unknown : Fit::Yes;
}

}  // namespace apiary::console
