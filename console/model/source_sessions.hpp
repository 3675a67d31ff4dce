#pragma once

#include "console/model/collector_link.hpp"

#include <optional>

namespace apiary::console {

/// The sessions of one source in a scope: how many, and the newest of them. `link` must outlive it.
class SourceSessions final : public QObject {
    Q_OBJECT

public:
    static constexpr int kMostRows = 200;

    explicit SourceSessions(CollectorLink& link, QObject* parent = nullptr);

    /// Asks, unless it is the source that was asked for last; `again` asks in any case.
    void ask(const QString& source, const Scope& scope, bool again);

    /// Whether someone looks at the rows: they are not asked for before.
    void wantRows(bool wanted);

    const QString& source() const { return source_; }
    const std::optional<SessionCount>& count() const { return count_; }
    /// Newest first; nothing until they came.
    const std::optional<QList<SessionRow>>& rows() const { return rows_; }
    const QString& failure() const { return failure_; }

Q_SIGNALS:
    void changed();

private:
    void askRows();

    CollectorLink& link_;
    QString source_;
    Scope scope_;
    bool wanted_ = false;
    std::optional<SessionCount> count_;
    std::optional<QList<SessionRow>> rows_;
    QString failure_;
    quint64 counted_ = 0;
    quint64 listed_ = 0;
};

}  // namespace apiary::console
