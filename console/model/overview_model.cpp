#include "console/model/overview_model.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace apiary::console {

namespace {

// A little less than the timer's 10 s, which is not exact.
constexpr qint64 kDetailsUs = 9'500'000;
// A question takes at most so much of the collector's time: one part in 20.
constexpr qint64 kPatience = 20;
constexpr const char* kUnknownCountry = "??";
constexpr std::array kCourses{SeriesField::Credentials, SeriesField::Sources, SeriesField::NewSources};

}  // namespace

quint64 Inquiry::ask(CollectorLink& link, const Scope& scope, qint64 nowUs) {
    scope_ = scope;
    askedUs_ = nowUs;
    return number_ = link.nextNumber();
}

bool Inquiry::settle(quint64 number, qint64 nowUs) {
    if (number == 0 || number != number_) {
        return false;
    }
    number_ = 0;
    settledUs_ = nowUs;
    tookUs_ = nowUs - askedUs_;
    return true;
}

bool Inquiry::due(qint64 nowUs, qint64 leastUs) const {
    return !underWay() && nowUs - settledUs_ >= std::max(leastUs, kPatience * tookUs_);
}

OverviewModel::OverviewModel(CollectorLink& link, Clock clock, QObject* parent)
    : QObject(parent), link_(link), clock_(std::move(clock)) {
    connect(&link_, &CollectorLink::failed, this, &OverviewModel::takeFailure);
    connect(&link_, &CollectorLink::topArrived, this, &OverviewModel::takeTop);
    connect(&link_, &CollectorLink::seriesArrived, this, &OverviewModel::takeSeries);
    connect(&link_, &CollectorLink::totalsArrived, this,
            [this](quint64 number, const Totals& totals, const Totals& before) {
                if (totalsAsked_.settle(number, clock_())) {
                    figures_.totals = totals;
                    figures_.before = before;
                    figures_.totalsScope = totalsAsked_.scope();
                    figures_.totalsFailure.clear();
                    Q_EMIT changed();
                    askAgainIfWanted();
                }
            });
    connect(&link_, &CollectorLink::activityArrived, this, [this](quint64 number, const Activity& activity) {
        if (activityAsked_.settle(number, clock_())) {
            activity_ = {activity, activityAsked_.scope(), {}};
            Q_EMIT activityChanged();
        }
    });
}

const Answer<QList<TopEntry>>& OverviewModel::ranking(TopField field) const {
    static const Answer<QList<TopEntry>> nothing;
    const auto found = rankings_.constFind(field);
    return found == rankings_.cend() ? nothing : *found;
}

const Answer<QList<quint64>>& OverviewModel::course(SeriesField field) const {
    static const Answer<QList<quint64>> nothing;
    const auto found = courses_.constFind(field);
    return found == courses_.cend() ? nothing : *found;
}

void OverviewModel::ask(const Scope& scope) {
    scope_ = scope;
    again_ = false;
    link_.askTotals(totalsAsked_.ask(link_, scope_, clock_()), scope_);
    link_.askSeries(seriesAsked_.ask(link_, scope_, clock_()), scope_, SeriesField::Sessions);
}

void OverviewModel::askAgain(const Scope& scope) {
    scope_ = scope;
    again_ = true;
    askAgainIfWanted();
}

void OverviewModel::askAgainIfWanted() {
    if (again_ && !totalsAsked_.underWay() && !seriesAsked_.underWay()) {
        ask(scope_);
    }
}

void OverviewModel::askDetails(const Scope& scope) {
    details_ = scope;
    detailsDue_ = !watched_;
    if (!watched_) {
        return;
    }
    for (const SeriesField field : kCourses) {
        askCourse(field);
    }
    askActivity();
    for (const TopField field : listed()) {
        askRanking(field);
    }
}

void OverviewModel::askDetailsAgain(const Scope& scope) {
    details_ = scope;
    if (!watched_) {
        detailsDue_ = true;
        return;
    }
    const qint64 now = clock_();
    for (const SeriesField field : kCourses) {
        if (coursesAsked_[field].due(now, kDetailsUs)) {
            askCourse(field);
        }
    }
    if (activityAsked_.due(now, kDetailsUs)) {
        askActivity();
    }
    for (const TopField field : listed()) {
        if (rankingsAsked_[field].due(now, kDetailsUs)) {
            askRanking(field);
        }
    }
}

void OverviewModel::setWatched(bool watched) {
    watched_ = watched;
    if (watched && detailsDue_ && details_.toUs != 0 && link_.state().live()) {
        askDetails(details_);
    }
}

void OverviewModel::setThird(TopField field) {
    if (field == third_) {
        return;
    }
    third_ = field;
    Q_EMIT rankingChanged(field);
    if (watched_ && details_.toUs != 0 && link_.state().live() && field != TopField::Source &&
        field != TopField::Credential) {
        askRanking(field);
    }
}

bool OverviewModel::countriesKnown() const {
    const auto& entries = ranking(TopField::Country).value;
    return entries && std::ranges::any_of(*entries, [](const TopEntry& entry) {
               return !entry.key.isEmpty() && entry.key != kUnknownCountry;
           });
}

void OverviewModel::askCourse(SeriesField field) {
    link_.askSeries(coursesAsked_[field].ask(link_, details_, clock_()), details_, field);
}

void OverviewModel::askActivity() {
    Scope scope = details_;
    scope.toUs = clock_();
    scope.fromUs = scope.toUs - kActivityUs;
    link_.askActivity(activityAsked_.ask(link_, scope, clock_()), scope);
}

QList<TopField> OverviewModel::listed() const {
    QList<TopField> fields{TopField::Source, TopField::Credential, TopField::Country};
    if (third_ != TopField::Country) {
        fields.append(third_);
    }
    return fields;
}

void OverviewModel::askRanking(TopField field) {
    link_.askTop(rankingsAsked_[field].ask(link_, details_, clock_()), details_, field,
                 field == TopField::Country ? kCountries : kEntries);
}

void OverviewModel::takeSeries(quint64 number, const Series& series) {
    if (seriesAsked_.settle(number, clock_())) {
        figures_.bands = bandsOf(series);
        figures_.bandsScope = seriesAsked_.scope();
        figures_.failure.clear();
        Q_EMIT changed();
        askAgainIfWanted();
        return;
    }
    for (auto asked = coursesAsked_.begin(); asked != coursesAsked_.end(); ++asked) {
        if (asked->settle(number, clock_())) {
            courses_[asked.key()] = {bandsOf(series).sums(), asked->scope(), {}};
            Q_EMIT coursesChanged();
            return;
        }
    }
}

void OverviewModel::takeTop(quint64 number, const QList<TopEntry>& entries) {
    for (auto asked = rankingsAsked_.begin(); asked != rankingsAsked_.end(); ++asked) {
        if (asked->settle(number, clock_())) {
            const TopField field = asked.key();
            rankings_[field] = {entries, asked->scope(), {}};
            Q_EMIT rankingChanged(field);
            return;
        }
    }
}

void OverviewModel::takeFailure(quint64 number, const QString& words) {
    const qint64 now = clock_();
    if (totalsAsked_.settle(number, now)) {
        figures_.totalsFailure = words;
        Q_EMIT changed();
        askAgainIfWanted();
    } else if (seriesAsked_.settle(number, now)) {
        figures_.failure = words;
        Q_EMIT changed();
        askAgainIfWanted();
    } else if (activityAsked_.settle(number, now)) {
        activity_.failure = words;
        Q_EMIT activityChanged();
    } else {
        for (auto asked = coursesAsked_.begin(); asked != coursesAsked_.end(); ++asked) {
            if (asked->settle(number, now)) {
                courses_[asked.key()].failure = words;
                Q_EMIT coursesChanged();
                return;
            }
        }
        for (auto asked = rankingsAsked_.begin(); asked != rankingsAsked_.end(); ++asked) {
            if (asked->settle(number, now)) {
                const TopField field = asked.key();
                rankings_[field].failure = words;
                Q_EMIT rankingChanged(field);
                return;
            }
        }
    }
}

}  // namespace apiary::console
