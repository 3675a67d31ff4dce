#pragma once

#include "console/model/session_list.hpp"

namespace apiary::console {

/// What the words of a filter may name: for reading sensors, and for completion.
struct FilterVocabulary {
    QList<std::pair<qint32, QString>> sensors;
    QStringList protocols;
    QStringList usernames;  // escaped, the most frequent first
    QStringList commands;
};

/// Where a filter cannot be read, and what to write instead.
struct FilterError {
    qsizetype at = 0;
    qsizetype length = 0;
    QString words;
};

/// One condition of a filter as it was written, from `at` on.
struct FilterTerm {
    QString key;
    QString text;
    qsizetype at = 0;
};

/// A filter that was read: the query, or the first error. The terms are there in both cases, up to the error.
struct ParsedFilter {
    SessionQuery query;
    QList<FilterTerm> terms;
    std::optional<FilterError> error;
};

/// Reads `key:value key:value ...`. All conditions must hold; a comma between values of one key is "or":
///
///     proto:telnet,smtp  src:203.0.113.0/24  port:23,2323  udp: or tcp:  sensor:ams-*,fra-01
///     user:root  pass:""  login:yes  outcome:reset  cmd:"uname -a"  text:"busybox"  sha256:<64 digits> when:wed-13,sun
///     cc:NL  login:tried  source:new
///
/// A minus before a key turns it round: `-port:23,2323  -login:tried` finds what has none of these. User and secret of
/// one login are meant by `user:` and `pass:` together; turned round, each stands for itself.
///
/// A value in quotes may have blanks and commas; \" is a quote in it. A backslash begins an escape as everywhere in the
/// console (`\\`, `\x1b`); characters that are not printable ASCII are taken as the bytes of their UTF-8.
ParsedFilter parseFilter(const QString& text, const FilterVocabulary& vocabulary);

/// The query as parseFilter() reads it; a sensor without a known name is `#7`.
QString filterText(const SessionQuery& query, const FilterVocabulary& vocabulary);

/// What can stand in place of the word around `cursor`, best first: [at, at + length) is replaced by one of `options`.
struct FilterCompletion {
    qsizetype at = 0;
    qsizetype length = 0;
    QStringList options;
};
FilterCompletion completeFilter(const QString& text, qsizetype cursor, const FilterVocabulary& vocabulary);

/// `key:value` as it must be written, in quotes where it needs them. `value` is escaped as people see it.
QString filterTerm(const QString& key, const QString& value);

/// The hour of a week, 0 to 167, as `mon-00`.
QString weekHourKey(int hour);

/// The outcomes that the collector knows.
const QStringList& knownOutcomes();

}  // namespace apiary::console
