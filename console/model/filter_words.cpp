#include "console/model/filter_keys.hpp"
#include "console/model/filter_language.hpp"
#include "console/model/network.hpp"

#include <algorithm>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kHoursOfDay = 24;
constexpr qsizetype kMostOptions = 12;

QString quoted(const QString& value) {
    const auto plain = [](QChar c) { return c > u' ' && c <= u'~' && c != u'"' && c != u','; };
    if (!value.isEmpty() && std::ranges::all_of(value, plain)) {
        return value;
    }
    QString text = value;
    return u'"' + text.replace(u'"', u"\\\""_s) + u'"';
}

/// Whole days where all of their hours are there, hours otherwise.
QStringList weekHourWords(QList<int> hours) {
    std::ranges::sort(hours);
    QStringList words;
    for (qsizetype i = 0; i < hours.size();) {
        const int hour = hours[i];
        const qsizetype last = i + kHoursOfDay - 1;
        if (hour % kHoursOfDay == 0 && last < hours.size() && hours[last] == hour + kHoursOfDay - 1) {
            words.append(weekDays()[hour / kHoursOfDay]);
            i += kHoursOfDay;
        } else {
            words.append(weekHourKey(hour));
            ++i;
        }
    }
    return words;
}

QStringList sensorWords(const QList<qint32>& ids, const FilterVocabulary& vocabulary) {
    QStringList words;
    for (const qint32 id : ids) {
        const auto known = std::ranges::find(vocabulary.sensors, id, &std::pair<qint32, QString>::first);
        const bool plain = known != vocabulary.sensors.end() && std::ranges::none_of(known->second, [](QChar c) {
                               return u"*?[]#\\"_s.contains(c) || c < u' ' || c > u'~';
                           });
        words.append(plain && !known->second.isEmpty() ? quoted(known->second) : u"#%1"_s.arg(id));
    }
    return words;
}

QString list(const QString& key, const QStringList& words) {
    return key + u':' + words.join(u',');
}

QStringList termsOf(const SessionConditions& filter, const FilterVocabulary& vocabulary) {
    QStringList terms;
    if (!filter.protocols.isEmpty()) {
        QStringList words;
        for (const QString& protocol : filter.protocols) {
            words.append(quoted(protocol));
        }
        terms.append(list(u"proto"_s, words));
    }
    if (!filter.sourceNetwork.isEmpty()) {
        const auto network = Network::parse(filter.sourceNetwork);
        terms.append(filterTerm(u"src"_s, network ? network->text() : filter.sourceNetwork));
    }
    if (!filter.targetPorts.isEmpty()) {
        QStringList words;
        for (const quint16 port : filter.targetPorts) {
            words.append(QString::number(port));
        }
        terms.append(list(u"port"_s, words));
    }
    if (filter.udp) {
        terms.append(*filter.udp ? u"udp:"_s : u"tcp:"_s);
    }
    if (!filter.sensorIds.isEmpty()) {
        terms.append(list(u"sensor"_s, sensorWords(filter.sensorIds, vocabulary)));
    }
    if (filter.username) {
        terms.append(filterTerm(u"user"_s, *filter.username));
    }
    if (filter.secret) {
        terms.append(filterTerm(u"pass"_s, *filter.secret));
    }
    if (filter.loginAccepted) {
        terms.append(*filter.loginAccepted ? u"login:yes"_s : u"login:no"_s);
    } else if (filter.loginTried) {
        terms.append(*filter.loginTried ? u"login:tried"_s : u"login:none"_s);
    }
    if (!filter.outcomes.isEmpty()) {
        terms.append(list(u"outcome"_s, filter.outcomes));
    }
    if (!filter.command.isEmpty()) {
        terms.append(filterTerm(u"cmd"_s, filter.command));
    }
    if (!filter.commandText.isEmpty()) {
        terms.append(filterTerm(u"text"_s, filter.commandText));
    }
    if (!filter.artifact.isEmpty()) {
        terms.append(u"sha256:"_s + QString::fromLatin1(filter.artifact.toHex()));
    }
    if (!filter.weekHours.isEmpty()) {
        terms.append(list(u"when"_s, weekHourWords(filter.weekHours)));
    }
    if (!filter.countries.isEmpty()) {
        terms.append(list(u"cc"_s, filter.countries));
    }
    if (filter.sourceIsNew) {
        terms.append(*filter.sourceIsNew ? u"source:new"_s : u"source:known"_s);
    }
    return terms;
}

/// The values that can stand behind a key, as they are written.
QStringList valuesOf(FilterKey::Id id, const FilterVocabulary& vocabulary) {
    QStringList values;
    switch (id) {
        case FilterKey::Protocol:
            values = vocabulary.protocols;
            break;
        case FilterKey::Sensor:
            for (const auto& [number, name] : vocabulary.sensors) {
                values.append(name);
            }
            break;
        case FilterKey::Outcome:
            values = knownOutcomes();
            break;
        case FilterKey::Login:
            values = QStringList{u"tried"_s, u"none"_s, u"yes"_s, u"no"_s};
            break;
        case FilterKey::SourceAge:
            values = QStringList{u"new"_s, u"known"_s};
            break;
        case FilterKey::User:
            values = vocabulary.usernames;
            break;
        case FilterKey::Command:
            values = vocabulary.commands;
            break;
        case FilterKey::When:
            values = weekDays();
            break;
        default:
            break;
    }
    for (QString& value : values) {
        value = quoted(value);
    }
    return values;
}

}  // namespace

const QList<FilterKey>& filterKeys() {
    static const QList<FilterKey> kKeys{
        {FilterKey::Protocol, u"proto"_s, u"telnet,smtp"_s, true, false},
        {FilterKey::Source, u"src"_s, u"203.0.113.0/24"_s, false, false},
        {FilterKey::Port, u"port"_s, u"23,2323"_s, true, false},
        {FilterKey::Udp, u"udp"_s, u"yes"_s, false, true},
        {FilterKey::Tcp, u"tcp"_s, u"yes"_s, false, true},
        {FilterKey::User, u"user"_s, u"root"_s, false, true},
        {FilterKey::Pass, u"pass"_s, u"\"\""_s, false, true},
        {FilterKey::Sensor, u"sensor"_s, u"ams-*"_s, true, false},
        {FilterKey::Outcome, u"outcome"_s, u"reset,timed_out"_s, true, false},
        {FilterKey::Login, u"login"_s, u"tried"_s, false, false},
        {FilterKey::Command, u"cmd"_s, u"\"uname -a\""_s, false, false},
        {FilterKey::Text, u"text"_s, u"\"busybox\""_s, false, false},
        {FilterKey::Sha256, u"sha256"_s, u"9f86d0…"_s, false, false},
        {FilterKey::When, u"when"_s, u"wed-13"_s, true, false},
        {FilterKey::Country, u"cc"_s, u"NL,US"_s, true, false},
        {FilterKey::SourceAge, u"source"_s, u"new"_s, false, false},
    };
    return kKeys;
}

const FilterKey* filterKey(const QString& name) {
    const auto found = std::ranges::find(filterKeys(), name, &FilterKey::name);
    return found == filterKeys().end() ? nullptr : &*found;
}

QString keyNames() {
    QStringList names;
    for (const FilterKey& key : filterKeys()) {
        names.append(key.name + u':');
    }
    return names.join(u" "_s);
}

const QStringList& weekDays() {
    static const QStringList kDays{u"mon"_s, u"tue"_s, u"wed"_s, u"thu"_s, u"fri"_s, u"sat"_s, u"sun"_s};
    return kDays;
}

const QStringList& knownOutcomes() {
    static const QStringList kOutcomes{u"finished"_s,    u"peer_closed"_s, u"reset"_s,   u"timed_out"_s,
                                       u"limit"_s,       u"tls_failed"_s,  u"refused"_s, u"agent_stopped"_s,
                                       u"interrupted"_s, u"unfinished"_s,  u"open"_s};
    return kOutcomes;
}

QString weekHourKey(int hour) {
    return weekDays().value(hour / kHoursOfDay) + u"-%1"_s.arg(hour % kHoursOfDay, 2, 10, QLatin1Char('0'));
}

QString filterTerm(const QString& key, const QString& value) {
    return key + u':' + quoted(value);
}

QString filterText(const SessionQuery& query, const FilterVocabulary& vocabulary) {
    SessionConditions with = query.filter;
    with.protocols = query.protocols;
    with.sensorIds = query.sensorIds;
    QStringList terms = termsOf(with, vocabulary);
    for (const QString& term : termsOf(query.filter.without, vocabulary)) {
        terms.append(u'-' + term);
    }
    return terms.join(u' ');
}

FilterCompletion completeFilter(const QString& text, qsizetype cursor, const FilterVocabulary& vocabulary) {
    qsizetype from = 0;  // of the word around the cursor; blanks within quotes belong to it
    bool inQuotes = false;
    for (qsizetype i = 0; i < cursor; ++i) {
        inQuotes = text[i] == u'"' && !(inQuotes && i > 0 && text[i - 1] == u'\\') ? !inQuotes : inQuotes;
        from = text[i].isSpace() && !inQuotes ? i + 1 : from;
    }
    const QString sign = from < cursor && text[from] == u'-' ? u"-"_s : QString();
    from += sign.size();
    const QString word = text.mid(from, cursor - from);
    const qsizetype colon = word.indexOf(u':');
    FilterCompletion completion{from - sign.size(), cursor - from + sign.size(), {}};
    if (colon < 0) {
        for (const FilterKey& key : filterKeys()) {
            if (key.name.startsWith(word, Qt::CaseInsensitive)) {
                completion.options.append(sign + key.name + u':');
            }
        }
        return completion;
    }
    const FilterKey* key = filterKey(word.left(colon).toLower());
    if (key == nullptr) {
        return completion;
    }
    const qsizetype begin = std::max(colon, key->many && !inQuotes ? word.lastIndexOf(u',') : -1) + 1;
    completion.at = from + begin;
    completion.length = word.size() - begin;
    QString typed = word.mid(begin);
    typed.remove(u'"');
    for (const QString& value : valuesOf(key->id, vocabulary)) {
        QString bare = value;
        if (bare.remove(u'"').startsWith(typed, Qt::CaseInsensitive) && completion.options.size() < kMostOptions) {
            completion.options.append(value);
        }
    }
    return completion;
}

}  // namespace apiary::console
