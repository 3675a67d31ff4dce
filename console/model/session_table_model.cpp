#include "console/model/session_table_model.hpp"

#include "console/model/figures.hpp"
#include "console/model/visible_text.hpp"

#include <algorithm>
#include <array>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr qsizetype kMostWaiting = 1000;

constexpr qsizetype kIdBytes = 16;

SessionKey keyOf(const SessionRow& row) {
    return {row.startedUs, row.id};
}

bool newer(const SessionRow& a, const SessionRow& b) {
    return a.startedUs != b.startedUs ? a.startedUs > b.startedUs : a.id > b.id;
}

QString loginText(const SessionRow& row) {
    if (row.credentials == 0) {
        return {};
    }
    return grouped(row.credentials) + (row.loginAccepted ? u" ✓"_s : QString());
}

QString firstLoginText(const SessionRow& row) {
    if (!row.firstLogin) {
        return {};
    }
    const auto part = [](const QString& text) { return text.isEmpty() ? u"(empty)"_s : visible(text, 32); };
    return part(row.firstLogin->first) + u':' + part(row.firstLogin->second);
}

QString cellText(const SessionRow& row, int column) {
    switch (column) {
        case SessionTableModel::Time:
            return dayTimeText(row.startedUs);
        case SessionTableModel::Protocol:
            return protocolText(row.protocol);
        case SessionTableModel::Source:
            return visible(row.source, 48);
        case SessionTableModel::Country:
            return visible(row.country, 8);
        case SessionTableModel::SensorName:
            return visible(row.sensor, 48);
        case SessionTableModel::Tags:
            return visible(row.tags.join(u", "_s), 64);
        case SessionTableModel::FirstLogin:
            return firstLoginText(row);
        case SessionTableModel::Port:
            return QString::number(row.targetPort);
        case SessionTableModel::Outcome:
            return row.open() ? u"open"_s : outcomeText(row.outcome);
        case SessionTableModel::Logins:
            return loginText(row);
        case SessionTableModel::Duration:
            return row.open() ? QString() : durationText(row.endedUs - row.startedUs);
        case SessionTableModel::In:
            return byteText(row.bytesIn);
        case SessionTableModel::Out:
            return byteText(row.bytesOut);
        default:
            return {};
    }
}

QString tipOf(const SessionRow& row) {
    QString text =
        u"%1:%2 → %3:%4\n%5 UTC"_s.arg(visible(row.source), QString::number(row.sourcePort), visible(row.target),
                                       QString::number(row.targetPort), fullTimeText(row.startedUs));
    if (row.sourceFirstSeenUs > 0) {
        text += u"\nsource first seen "_s + fullTimeText(row.sourceFirstSeenUs) + u" UTC"_s;
    }
    if (!row.identified.isEmpty()) {
        text += u"\nspoke "_s + protocolText(row.identified);
    }
    return toolTip(text.replace(u'\n', u" · "_s));
}

bool right(int column) {
    return column == SessionTableModel::Port || column == SessionTableModel::Logins ||
           column >= SessionTableModel::Duration;
}

}  // namespace

int SessionTableModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(rows_.size());
}

int SessionTableModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(ColumnCount);
}

QVariant SessionTableModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid)) {
        return {};
    }
    const SessionRow& row = rows_[index.row()];
    switch (role) {
        case Qt::DisplayRole:
            return cellText(row, index.column());
        case Qt::TextAlignmentRole:
            return int((right(index.column()) ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
        case Qt::ToolTipRole:
            return tipOf(row);
        case IdRole:
            return row.id;
        case OutcomeRole:
            return row.outcome;
        case AcceptedRole:
            return row.loginAccepted;
        case OpenRole:
            return row.open();
        default:
            return {};
    }
}

QVariant SessionTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
    static const std::array<const char*, ColumnCount> kNames{
        "Time (UTC)", "Protocol", "Source",   "CC", "Sensor", "First credential", "Port", "Logins",
        "Outcome",    "Tag",      "Duration", "In", "Out"};
    if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount) {
        return {};
    }
    if (role == Qt::DisplayRole) {
        return QString::fromLatin1(kNames[static_cast<std::size_t>(section)]);
    }
    if (role == Qt::ToolTipRole) {
        return section == Time ? u"Newest first. The collector pages through millions of sessions by this key."_s
                               : u"Not sortable: pages come from the collector in the order of time. A filter narrows "
                                 "the list instead."_s;
    }
    if (role == Qt::TextAlignmentRole) {
        return int((right(section) ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    }
    return {};
}

bool SessionTableModel::canFetchMore(const QModelIndex& parent) const {
    return !parent.isValid() && loaded_ && more_ && !underWay_ && !rows_.isEmpty();
}

void SessionTableModel::fetchMore(const QModelIndex& parent) {
    if (canFetchMore(parent)) {
        want(Wanted::Older, keyOf(rows_.last()), kPage);
    }
}

void SessionTableModel::fetchNewer() {
    if (canFetchNewer()) {
        // Sessions that ended since may stand between those of the page.
        want(Wanted::Newer, above_.last(), 2 * kPage);
    }
}

void SessionTableModel::startOver(const SessionKey& start) {
    startWanted_ = start;
    want(Wanted::First, start, kPage);
}

void SessionTableModel::want(Wanted wanted, const SessionKey& before, int limit) {
    underWay_ = true;
    failed_ = false;
    wanted_ = wanted;
    Q_EMIT pageWanted(before, limit);
}

void SessionTableModel::addPage(const SessionPage& page) {
    switch (wanted_) {
        case Wanted::First:
            above_.clear();
            start_ = startWanted_;
            replaceBy(page);
            break;
        case Wanted::Older:
            append(page);
            break;
        case Wanted::Newer:
            prepend(page);
            break;
    }
    // Views and the model tester ask for more while rows are inserted: the flag must outlive that.
    underWay_ = false;
    wanted_ = Wanted::Older;
    loaded_ = true;
    Q_EMIT loadedChanged();
}

void SessionTableModel::replaceBy(const SessionPage& page) {
    beginResetModel();
    rows_ = page.rows;
    more_ = page.more;
    endResetModel();
    if (atNewest()) {
        waiting_.clear();
        waitingMore_ = 0;
        Q_EMIT waitingChanged(0);
    }
}

void SessionTableModel::append(const SessionPage& page) {
    more_ = page.more && !page.rows.isEmpty();
    if (!page.rows.isEmpty()) {
        const auto at = static_cast<int>(rows_.size());
        beginInsertRows({}, at, at + static_cast<int>(page.rows.size()) - 1);
        rows_ += page.rows;
        endInsertRows();
    }
    while (rows_.size() > kMostRows) {
        letGoAbove();
    }
}

void SessionTableModel::prepend(const SessionPage& page) {
    above_.removeLast();
    const auto end = std::ranges::lower_bound(page.rows, rows_.first(), newer);
    if (end == page.rows.end() && page.more) {
        // So many came in between that the page does not reach the rows that are here: those are let go.
        replaceBy(page);
        return;
    }
    const auto count = static_cast<int>(end - page.rows.begin());
    if (count > 0) {
        beginInsertRows({}, 0, count - 1);
        rows_ = page.rows.first(count) + rows_;
        endInsertRows();
    }
    letGoBelow();
}

void SessionTableModel::letGoAbove() {
    // A key stands behind a session; the one behind which the first begins is a microsecond above it.
    above_.append({rows_.first().startedUs + 1, QByteArray(kIdBytes, '\0')});
    beginRemoveRows({}, 0, kPage - 1);
    rows_.remove(0, kPage);
    endRemoveRows();
}

void SessionTableModel::letGoBelow() {
    if (rows_.size() > kMostRows) {
        beginRemoveRows({}, kMostRows, static_cast<int>(rows_.size()) - 1);
        rows_.resize(kMostRows);
        more_ = true;
        endRemoveRows();
    }
}

void SessionTableModel::pageFailed() {
    underWay_ = false;
    failed_ = true;
    Q_EMIT loadedChanged();
}

void SessionTableModel::retryStart() {
    if (failed_ && wanted_ == Wanted::First) {
        startOver(startWanted_);
    }
}

void SessionTableModel::takeLive(const QList<SessionRow>& rows) {
    if (!loaded_) {
        return;  // the first page will have them
    }
    for (const SessionRow& row : rows) {
        const int known = rowOf(row.id);
        if (known >= 0) {
            rows_[known] = row;
            Q_EMIT dataChanged(index(known, 0), index(known, ColumnCount - 1));
        } else if (!held_ && atNewest()) {
            place(row);
        } else if (waiting_.size() >= kMostWaiting) {
            ++waitingMore_;
        } else if (std::ranges::none_of(waiting_, [&](const SessionRow& other) { return other.id == row.id; })) {
            waiting_.append(row);
        }
    }
    letGoBelow();
    Q_EMIT waitingChanged(waiting());
}

void SessionTableModel::hold(bool held) {
    held_ = held;
    if (!held_ && waiting() > 0) {
        showNewest();
    }
}

void SessionTableModel::showNewest() {
    held_ = false;
    if (!atNewest() || waitingMore_ > 0) {
        startOver();
    } else if (!waiting_.isEmpty()) {
        const QList<SessionRow> rows = std::exchange(waiting_, {});
        takeLive(rows);
    }
}

int SessionTableModel::rowOf(const QByteArray& id) const {
    const auto found = std::ranges::find(rows_, id, &SessionRow::id);
    return found == rows_.end() ? -1 : static_cast<int>(found - rows_.begin());
}

void SessionTableModel::place(const SessionRow& row) {
    const auto place = std::ranges::lower_bound(rows_, row, newer);
    if (place == rows_.end() && more_) {
        return;  // it belongs to a page that was not asked for yet
    }
    const auto at = static_cast<int>(place - rows_.begin());
    beginInsertRows({}, at, at);
    rows_.insert(at, row);
    endInsertRows();
}

QString outcomeText(const QString& outcome) {
    return visible(outcome, 32).replace(u'_', u' ');
}

}  // namespace apiary::console
