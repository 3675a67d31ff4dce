#include "console/model/cell_term.hpp"

#include "console/model/filter_language.hpp"

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

std::pair<QString, QString> termOf(const SessionRow& row, int column) {
    switch (column) {
        case SessionTableModel::Time:
            return {u"when"_s, weekHourKey(static_cast<int>((row.startedUs / 3'600'000'000 + 72) % 168))};
        case SessionTableModel::Protocol:
            return {u"proto"_s, row.protocol};
        case SessionTableModel::Source:
            return {u"src"_s, row.source};
        case SessionTableModel::Country:
            return {u"cc"_s, row.country.isEmpty() ? u"??"_s : row.country};
        case SessionTableModel::SensorName:
            return {u"sensor"_s, u"#%1"_s.arg(row.sensorId)};
        case SessionTableModel::Port:
            return {u"port"_s, QString::number(row.targetPort)};
        case SessionTableModel::Outcome:
            return {u"outcome"_s, row.open() ? u"open"_s : row.outcome};
        case SessionTableModel::FirstLogin:
            return row.firstLogin ? std::pair(u"user"_s, row.firstLogin->first) : std::pair<QString, QString>();
        case SessionTableModel::Logins:
            return {u"login"_s, row.loginAccepted ? u"yes"_s : row.credentials > 0 ? u"tried"_s : u"none"_s};
        default:
            return {};
    }
}

}  // namespace apiary::console
