#pragma once

#include "console/model/bands.hpp"
#include "console/model/collector_link.hpp"

#include <optional>

namespace apiary::console {

/// The figures of a scope: what the overview shows besides connections and fleet. Answers that are out of date are
/// dropped; after a loss all stays as it was. `link` must outlive it.
class OverviewModel final : public QObject {
    Q_OBJECT

public:
    explicit OverviewModel(CollectorLink& link, QObject* parent = nullptr);

    /// What is known; empty until it came.
    struct Figures {
        std::optional<Totals> totals;
        std::optional<Totals> before;  // of the stretch of the same length just before
        std::optional<Bands> bands;
        QString failure;
    };
    const Figures& figures() const { return figures_; }
    /// The scope that the newest figures are for.
    const Scope& scope() const { return scope_; }

    void ask(const Scope& scope);

Q_SIGNALS:
    void changed();

private:
    void takeFailure(quint64 number, const QString& words);

    CollectorLink& link_;
    Figures figures_;
    Scope scope_;
    quint64 totals_ = 0;  // numbers of the newest questions
    quint64 series_ = 0;
};

}  // namespace apiary::console
