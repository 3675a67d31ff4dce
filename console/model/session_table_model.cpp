#include "console/model/session_table_model.hpp"

#include "console/model/figures.hpp"
#include "console/model/visible_text.hpp"

#include <algorithm>
#include <array>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr qsizetype kMostWaiting = 1000;

bool newer(const SessionRow& a, const SessionRow& b) {
    return a.startedUs != b.startedUs ? a.startedUs > b.startedUs : a.id > b.id;
}

QString loginText(const SessionRow& row) {
    if (row.credentials == 0) {
        return {};
    }
    return grouped(row.credentials) + (row.loginAccepted ? u" ✓"_s : QString());
}

QString cellText(const SessionRow& row, int column) {
    switch (column) {
        case SessionTableModel::Time:
            return dayTimeText(row.startedUs);
        case SessionTableModel::Protocol:
            return protocolText(row.protocol);
        case SessionTableModel::Source:
            return visible(row.source, 48);
        case SessionTableModel::SensorName:
            return visible(row.sensor, 48);
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
    if (!row.identified.isEmpty()) {
        text += u"\nspoke "_s + protocolText(row.identified);
    }
    return toolTip(text.replace(u'\n', u" · "_s));
}

bool right(int column) {
    return column == SessionTableModel::Port || column >= SessionTableModel::Logins;
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
    static const std::array<const char*, ColumnCount> kNames{"Time (UTC)", "Protocol", "Source",   "Sensor", "Port",
                                                             "Outcome",    "Logins",   "Duration", "In",     "Out"};
    if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount) {
        return {};
    }
    if (role == Qt::DisplayRole) {
        return QString::fromLatin1(kNames[static_cast<std::size_t>(section)]);
    }
    if (role == Qt::TextAlignmentRole) {
        return int((right(section) ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    }
    return {};
}

bool SessionTableModel::canFetchMore(const QModelIndex& parent) const {
    return !parent.isValid() && loaded_ && more_ && !underWay_ && rows_.size() < kMostRows;
}

void SessionTableModel::fetchMore(const QModelIndex& parent) {
    if (!canFetchMore(parent)) {
        return;
    }
    underWay_ = true;
    fresh_ = false;
    Q_EMIT pageWanted({rows_.last().startedUs, rows_.last().id});
}

void SessionTableModel::startOver() {
    underWay_ = true;
    fresh_ = true;
    Q_EMIT pageWanted({});
}

void SessionTableModel::addPage(const SessionPage& page) {
    if (fresh_) {
        beginResetModel();
        rows_ = page.rows;
        more_ = page.more;
        endResetModel();
        waiting_.clear();
        Q_EMIT waitingChanged(0);
    } else if (!page.rows.isEmpty()) {
        const auto at = static_cast<int>(rows_.size());
        beginInsertRows({}, at, at + static_cast<int>(page.rows.size()) - 1);
        rows_ += page.rows;
        more_ = page.more;
        endInsertRows();
    } else {
        more_ = false;
    }
    // Views and the model tester ask for more while rows are inserted: the flag must outlive that.
    underWay_ = false;
    fresh_ = false;
    loaded_ = true;
    Q_EMIT loadedChanged();
}

void SessionTableModel::pageFailed() {
    underWay_ = false;
    Q_EMIT loadedChanged();
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
        } else if (!held_) {
            place(row);
        } else if (std::ranges::none_of(waiting_, [&](const SessionRow& other) { return other.id == row.id; })) {
            waiting_.append(row);
        }
    }
    if (waiting_.size() > kMostWaiting) {
        waiting_.clear();
        startOver();
    }
    Q_EMIT waitingChanged(waiting());
}

void SessionTableModel::hold(bool held) {
    held_ = held;
    if (!held_ && !waiting_.isEmpty()) {
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
