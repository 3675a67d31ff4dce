#pragma once

#include "console/model/collector_link.hpp"

#include <QAbstractTableModel>

#include <optional>

namespace apiary::console {

/// The probes behind an entry of the scan tools, newest first: of one tool, in the scope that it was counted in, which
/// stands still. Pages are asked for as somebody scrolls, one at a time; answers that are out of date are dropped.
/// `link` must outlive it.
class ProbeList final : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Column { Time, Source, Country, SensorName, Kind, Target, Port, Packets, Lasted, FirstPacket, ColumnCount };

    static constexpr int kPage = 200;
    static constexpr int kMostRows = 10'000;

    explicit ProbeList(CollectorLink& link, QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    bool canFetchMore(const QModelIndex& parent) const override;
    void fetchMore(const QModelIndex& parent) override;

    /// Asks for the first page; what is there goes at once.
    void ask(const QString& tool, const Scope& scope);

    const QString& tool() const { return tool_; }
    const Scope& scope() const { return scope_; }
    const QList<ProbeRow>& rows() const { return rows_; }
    /// How many there are in all pages together; nothing until the first one came.
    const std::optional<quint64>& count() const { return count_; }
    /// Why the newest page did not come; empty if it did.
    const QString& failure() const { return failure_; }

Q_SIGNALS:
    void changed();  // rows, count or failure

private:
    void askPage(const SessionKey& before);
    void take(quint64 number, const ProbePage& page);

    CollectorLink& link_;
    QString tool_;
    Scope scope_;
    QList<ProbeRow> rows_;
    std::optional<quint64> count_;
    QString failure_;
    bool more_ = false;
    quint64 asked_ = 0;  // number of the question under way; 0: none is
};

}  // namespace apiary::console
