#include "console/model/probe_list.hpp"

#include "console/model/figures.hpp"
#include "console/model/visible_text.hpp"

#include <algorithm>
#include <array>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr qsizetype kLongest = 400;

QString kindText(const QString& kind) {
    return kind == "closed"_L1 ? u"closed port"_s : kind == "refused"_L1 ? u"refused"_s : visible(kind.toUpper(), 16);
}

int alignmentOf(int column) {
    const bool number = column == ProbeList::Port || column == ProbeList::Packets || column == ProbeList::Lasted;
    return static_cast<int>((number ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
}

QString cellText(const ProbeRow& row, int column) {
    switch (column) {
        case ProbeList::Time:
            return dayTimeText(row.startedUs);
        case ProbeList::Source:
            return visible(row.source);
        case ProbeList::Country:
            return visible(row.country, 8);
        case ProbeList::SensorName:
            return visible(row.sensor, 48);
        case ProbeList::Kind:
            return kindText(row.kind);
        case ProbeList::Target:
            return visible(row.target);
        case ProbeList::Port:
            return row.targetPort == 0 ? QString() : QString::number(row.targetPort);
        case ProbeList::Packets:
            return grouped(row.packets);
        case ProbeList::Lasted:
            return durationText(static_cast<quint64>(std::max<qint64>(0, row.endedUs - row.startedUs)));
        default:
            return visible(row.reason, kLongest);
    }
}

}  // namespace

ProbeList::ProbeList(CollectorLink& link, QObject* parent) : QAbstractTableModel(parent), link_(link) {
    connect(&link_, &CollectorLink::probesArrived, this, &ProbeList::take);
    connect(&link_, &CollectorLink::failed, this, [this](quint64 number, const QString& words) {
        if (number == asked_) {
            asked_ = 0;
            failure_ = words;
            Q_EMIT changed();
        }
    });
}

int ProbeList::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(rows_.size());
}

int ProbeList::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant ProbeList::data(const QModelIndex& index, int role) const {
    if (!index.isValid()) {
        return {};
    }
    if (role == Qt::DisplayRole) {
        return cellText(rows_[index.row()], index.column());
    }
    if (role == Qt::TextAlignmentRole) {
        return alignmentOf(index.column());
    }
    if (role == Qt::ToolTipRole && index.column() == FirstPacket) {
        return toolTip(rows_[index.row()].reason);
    }
    return {};
}

QVariant ProbeList::headerData(int section, Qt::Orientation orientation, int role) const {
    static const std::array<QString, ColumnCount> names{u"Time (UTC)"_s, u"Source"_s,      u"Country"_s, u"Sensor"_s,
                                                        u"Kind"_s,       u"Target"_s,      u"Port"_s,    u"Packets"_s,
                                                        u"Lasted"_s,     u"First packet"_s};
    if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount) {
        return {};
    }
    if (role == Qt::TextAlignmentRole) {
        return alignmentOf(section);
    }
    return role == Qt::DisplayRole ? QVariant(names[static_cast<std::size_t>(section)]) : QVariant();
}

bool ProbeList::canFetchMore(const QModelIndex& parent) const {
    return !parent.isValid() && more_ && asked_ == 0 && rows_.size() < kMostRows;
}

void ProbeList::fetchMore(const QModelIndex& parent) {
    if (canFetchMore(parent)) {
        askPage({rows_.last().startedUs, rows_.last().id});
    }
}

void ProbeList::ask(const QString& tool, const Scope& scope) {
    tool_ = tool;
    scope_ = scope;
    beginResetModel();
    rows_.clear();
    more_ = false;
    endResetModel();
    count_.reset();
    askPage({});
    Q_EMIT changed();
}

void ProbeList::askPage(const SessionKey& before) {
    failure_.clear();
    link_.askProbes(asked_ = link_.nextNumber(), scope_, tool_, before, kPage);
}

void ProbeList::take(quint64 number, const ProbePage& page) {
    if (number != asked_) {
        return;
    }
    if (!count_) {
        count_ = page.probes;
    }
    if (!page.rows.isEmpty()) {
        beginInsertRows({}, rowCount(), rowCount() + static_cast<int>(page.rows.size()) - 1);
        rows_.append(page.rows);
        endInsertRows();
    }
    // Not before: whoever is told of new rows may ask for the next page at once.
    asked_ = 0;
    more_ = page.more && !page.rows.isEmpty();
    Q_EMIT changed();
}

}  // namespace apiary::console
