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

template <typename List, typename Item>
bool amiss(const List& wanted, const Item& item) {
    return !wanted.isEmpty() && !wanted.contains(item);
}

bool rowAmiss(const SessionRow& row, const SessionQuery& query) {
    const SessionFilter& filter = query.filter;
    if (amiss(query.protocols, row.protocol) || amiss(query.sensorIds, row.sensorId) ||
        amiss(filter.targetPorts, row.targetPort) ||
        amiss(filter.countries, row.country.isEmpty() ? QStringLiteral("??") : row.country) ||
        amiss(filter.weekHours, weekHourOf(row.startedUs)) ||
        amiss(filter.outcomes, row.open() ? QStringLiteral("open") : row.outcome)) {
        return true;
    }
    if ((filter.udp && *filter.udp != row.udp) ||
        (filter.loginAccepted && *filter.loginAccepted != row.loginAccepted)) {
        return true;
    }
    if (filter.sourceNetwork.isEmpty()) {
        return false;
    }
    const auto network = Network::parse(filter.sourceNetwork);
    return network && !network->contains(row.source);
}

}  // namespace

Fit fitOf(const SessionRow& row, const SessionQuery& query) {
    const SessionFilter& filter = query.filter;
    const bool login = filter.username || filter.secret;
    const bool typed = !filter.command.isEmpty() || !filter.commandText.isEmpty();
    const bool offered = !filter.artifact.isEmpty();
    if (rowAmiss(row, query) || (login && row.credentials == 0) || (typed && row.commands == 0) ||
        (offered && row.artifacts == 0)) {
        return Fit::No;
    }
    return login || typed || offered ? Fit::Unknown : Fit::Yes;
}

}  // namespace apiary::console
