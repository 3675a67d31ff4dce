#pragma once

#include "console/model/bands.hpp"
#include "console/model/collector_link.hpp"

#include <QHash>

#include <functional>
#include <optional>

namespace apiary::console {

/// What one panel of a page shows.
template <typename Value>
struct Answer {
    std::optional<Value> value;  // the newest that came
    Scope scope;                 // what it was counted in
    QString failure;             // why the newest question had no answer; empty if it had
};

/// A question that is asked again and again. Only the newest one's answer counts, and while it is under way none is
/// asked for the same thing.
class Inquiry {
public:
    /// Notes that the question is asked; whatever was under way is dropped. Returns its number.
    quint64 ask(CollectorLink& link, const Scope& scope, qint64 nowUs);
    /// True if this is the answer, or the failure, of the newest question.
    bool settle(quint64 number, qint64 nowUs);
    bool underWay() const { return number_ != 0; }
    /// Whether enough time has passed since the last answer: `leastUs`, and many times what it took, so that a
    /// collector with a lot to count is not kept busy by one window.
    bool due(qint64 nowUs, qint64 leastUs) const;
    const Scope& scope() const { return scope_; }

private:
    quint64 number_ = 0;
    Scope scope_;
    qint64 askedUs_ = 0;
    qint64 settledUs_ = 0;
    qint64 tookUs_ = 0;
};

/// The figures of a scope: what the overview shows besides connections and fleet.
///
/// Totals and chart are asked for whenever Workspace says so. The details - lists, hours of the week, courses of the
/// tiles - only while somebody watches, each at most every 10 s. Answers that are out of date are dropped; after a loss
/// all stays as it was. `link` must outlive it.
class OverviewModel final : public QObject {
    Q_OBJECT

public:
    using Clock = std::function<qint64()>;

    /// How far the hours of the week look back.
    static constexpr qint64 kActivityUs = 28 * 24 * 3'600'000'000LL;
    static constexpr int kEntries = 20;
    static constexpr int kCountries = 300;  // all there are: the map shows them

    OverviewModel(CollectorLink& link, Clock clock, QObject* parent = nullptr);

    /// What is known; empty until it came.
    struct Figures {
        std::optional<Totals> totals;
        std::optional<Totals> before;  // of the stretch of the same length just before
        Scope totalsScope;
        QString totalsFailure;
        std::optional<Bands> bands;
        Scope bandsScope;
        QString failure;  // of the bands
    };
    const Figures& figures() const { return figures_; }
    /// The scope that the newest figures were asked for.
    const Scope& scope() const { return scope_; }
    /// Credentials tried, sources or new sources in each bucket.
    const Answer<QList<quint64>>& course(SeriesField field) const;
    /// Sessions in each hour of the week, over kActivityUs.
    const Answer<Activity>& activity() const { return activity_; }
    /// The entries of one list; without a value until it was asked for.
    const Answer<QList<TopEntry>>& ranking(TopField field) const;

    /// The field of the third list.
    TopField third() const { return third_; }
    void setThird(TopField field);
    /// Whether the collector knows the countries of sources, as far as the answers say.
    bool countriesKnown() const;

    /// Asks for totals and chart; answers under way are dropped.
    void ask(const Scope& scope);
    /// The same once what is under way has come.
    void askAgain(const Scope& scope);
    /// Asks for the details, at once or as soon as somebody watches.
    void askDetails(const Scope& scope);
    /// Asks for those details whose time has come.
    void askDetailsAgain(const Scope& scope);
    /// Whether somebody looks at the details.
    void setWatched(bool watched);

Q_SIGNALS:
    void changed();
    void coursesChanged();
    void activityChanged();
    void rankingChanged(TopField field);

private:
    void askAgainIfWanted();
    void askCourse(SeriesField field);
    void askActivity();
    void askRanking(TopField field);
    QList<TopField> listed() const;
    void takeFailure(quint64 number, const QString& words);
    void takeTop(quint64 number, const QList<TopEntry>& entries);
    void takeSeries(quint64 number, const Series& series);

    CollectorLink& link_;
    Clock clock_;
    Figures figures_;
    QHash<SeriesField, Answer<QList<quint64>>> courses_;
    Answer<Activity> activity_;
    QHash<TopField, Answer<QList<TopEntry>>> rankings_;
    TopField third_ = TopField::Command;
    Scope scope_;
    Scope details_;
    Inquiry totalsAsked_;
    Inquiry seriesAsked_;
    QHash<SeriesField, Inquiry> coursesAsked_;
    Inquiry activityAsked_;
    QHash<TopField, Inquiry> rankingsAsked_;
    bool again_ = false;      // totals and chart, when what is under way has come
    bool detailsDue_ = true;  // as soon as somebody watches
    bool watched_ = false;
};

}  // namespace apiary::console
