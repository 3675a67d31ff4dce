#pragma once

#include <QString>
#include <QStringList>

namespace apiary::console {

/// A key of the filter language; see filter_language.hpp.
struct FilterKey {
    enum Id {
        Protocol,
        Source,
        Port,
        Udp,
        Tcp,
        User,
        Pass,
        Sensor,
        Outcome,
        Login,
        Command,
        Text,
        Sha256,
        When,
        Country,
        SourceAge
    };

    Id id;
    QString name;
    QString example;
    bool many = false;        // takes several values, with commas
    bool mayBeEmpty = false;  // an empty value means something
};

const QList<FilterKey>& filterKeys();
/// The key of that name, or null.
const FilterKey* filterKey(const QString& name);
/// `proto:, src:, port:` and so on.
QString keyNames();

/// mon to sun
const QStringList& weekDays();

}  // namespace apiary::console
