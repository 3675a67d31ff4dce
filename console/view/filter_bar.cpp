#include "console/view/filter_bar.hpp"

#include "console/model/figures.hpp"
#include "console/model/visible_text.hpp"
#include "console/view/controls.hpp"

#include <QBoxLayout>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr qsizetype kChipLength = 24;

QString foundWords(const SessionList& list) {
    const auto& count = list.count();
    const QString loaded = grouped(static_cast<quint64>(list.table().rows().size()));
    if (!count) {
        return u"%1 sessions loaded"_s.arg(loaded);
    }
    QString words = u"%1 of %2%3 sessions loaded"_s.arg(loaded, count->more ? u"more than "_s : QString(),
                                                        grouped(count->sessions));
    if (count->times > 0) {
        const SessionFilter& filter = list.query().filter;
        const QString deed = filter.username || filter.secret || filter.loginTried ? u"tried"_s
                             : filter.artifact.isEmpty()                           ? u"typed"_s
                                                                                   : u"offered"_s;
        words += count->times == 1 ? u" · %1 once"_s.arg(deed) : u" · %1 %2 times"_s.arg(deed, grouped(count->times));
    }
    if (count->sources > 0) {
        words += u" · %1 source%2"_s.arg(grouped(count->sources), count->sources == 1 ? QString() : u"s"_s);
    }
    return words;
}

}  // namespace

FilterBar::FilterBar(const Theme& theme, Workspace& workspace, QWidget* parent)
    : QWidget(parent),
      theme_(theme),
      workspace_(workspace),
      line_(new FilterLine(theme, [this] { return vocabulary(); })),
      clear_(textButton(u"Clear all"_s, "link")),
      wholeRange_(textButton(u"Show the page's range"_s, "link")),
      retry_(textButton(u"Retry"_s, "link")),
      error_(plainLabel({}, uiFont(12), "critical")),
      count_(new ElidedLabel(monoFont(11.5), "secondary")),
      noSeries_(new ElidedLabel(uiFont(11.5), "secondary")),
      histogram_(new SessionHistogram(theme)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(13, 10, 13, 8);
    column->setSpacing(8);
    head_ = new QHBoxLayout;
    head_->setSpacing(8);
    head_->addWidget(line_, 1);
    column->addLayout(head_);
    column->addWidget(error_);
    auto* second = new QHBoxLayout;
    second->setSpacing(8);
    chipRow_ = new QHBoxLayout;
    chipRow_->setSpacing(6);
    second->addLayout(chipRow_);
    second->addWidget(clear_);
    second->addWidget(noSeries_);
    second->addStretch(1);
    second->addWidget(wholeRange_);
    second->addWidget(count_);
    second->addWidget(retry_);
    column->addLayout(second);
    column->addWidget(histogram_);
    for (QLabel* label : {count_, noSeries_}) {  // they give way to the chips
        label->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    }
    noSeries_->setText(u"No histogram: the collector counts over time by protocol and sensor only."_s);
    error_->hide();
    error_->setWordWrap(true);
    clear_->setObjectName(u"filter:clear"_s);
    wholeRange_->setObjectName(u"filter:range"_s);
    retry_->setObjectName(u"filter:retry"_s);

    connect(line_, &FilterLine::typed, this, &FilterBar::applyTyped);
    connect(line_, &FilterLine::entered, this, &FilterBar::enter);
    connect(line_, &FilterLine::backWanted, this, &FilterBar::editLast);
    connect(line_, &FilterLine::focused, this, [this] { workspace_.list().names().ask(workspace_.scope()); });
    connect(clear_, &QPushButton::clicked, this, &FilterBar::clear);
    connect(wholeRange_, &QPushButton::clicked, this, [this] { workspace_.listSessions(workspace_.list().query()); });
    connect(retry_, &QPushButton::clicked, this, [this] { workspace_.refresh(); });
    connect(histogram_, &SessionHistogram::rangeSelected, this,
            [this](qint64 fromUs, qint64 toUs) { workspace_.setSpan({.lastUs = 0, .fromUs = fromUs, .toUs = toUs}); });
    connect(&workspace.list(), &SessionList::queryChanged, this, &FilterBar::followQuery);
    const auto show = [this] {
        showCount();
        showSeries();
    };
    connect(&workspace.list(), &SessionList::changed, this, show);
    connect(&workspace.list().table(), &QAbstractItemModel::rowsInserted, this, &FilterBar::showCount);
    connect(&workspace, &Workspace::linkChanged, this, &FilterBar::showCount);
    connect(&workspace, &Workspace::spanChanged, this, show);
    showChips();
    show();
}

FilterVocabulary FilterBar::vocabulary() const {
    FilterVocabulary known;
    for (const QString& protocol : {u"ftp"_s, u"telnet"_s, u"ssh"_s, u"http"_s, u"smtp"_s, u"pop3"_s, u"imap"_s,
                                    u"irc"_s, u"finger"_s, u"catchall"_s}) {
        known.protocols.append(protocol);
    }
    for (const Sensor& sensor : workspace_.fleet().sensors()) {
        known.sensors.append({sensor.id, sensor.name});
        for (const Service& service : sensor.services) {
            if (!service.protocol.isEmpty() && !known.protocols.contains(service.protocol)) {
                known.protocols.append(service.protocol);
            }
        }
    }
    known.protocols.sort();
    known.usernames = workspace_.list().names().usernames();
    known.commands = workspace_.list().names().commands();
    return known;
}

QString FilterBar::filter() const {
    return (chips_ + QStringList{line_->text().trimmed()}).join(u' ').trimmed();
}

QString FilterBar::error() const {
    return error_->isHidden() ? QString() : error_->text();
}

QString FilterBar::countWords() const {
    return count_->text();
}

/// Asks for what chips and line say, unless that cannot be read.
void FilterBar::apply() {
    const QString before = chips_.isEmpty() ? QString() : chips_.join(u' ') + u' ';
    const ParsedFilter parsed = parseFilter(before + line_->text(), vocabulary());
    line_->showWrong(parsed.error.has_value());
    error_->setVisible(parsed.error.has_value());
    if (parsed.error) {
        const qsizetype at = parsed.error->at - before.size();
        error_->setText(at < 0 ? parsed.error->words : u"Character %1: %2"_s.arg(at + 1).arg(parsed.error->words));
        return;
    }
    if (parsed.query != workspace_.list().query()) {
        asked_ = parsed.query;
        workspace_.listSessions(parsed.query);
    }
}

/// A word that can still be completed is not wrong yet.
void FilterBar::applyTyped() {
    if (line_->options().isEmpty() || !parseFilter(line_->text(), vocabulary()).error) {
        apply();
    }
}

/// Makes chips of what is in the line.
void FilterBar::enter() {
    apply();
    if (!error().isEmpty() || line_->text().trimmed().isEmpty()) {
        return;
    }
    for (const FilterTerm& term : parseFilter(line_->text(), vocabulary()).terms) {
        chips_.append(term.text);
    }
    line_->remember(line_->text().trimmed());
    line_->clear();
    showChips();
}

void FilterBar::editLast() {
    if (!chips_.isEmpty()) {
        const QString last = chips_.takeLast();
        line_->setText(last + (line_->text().isEmpty() ? QString() : u' ' + line_->text()));
        line_->setCursorPosition(static_cast<int>(last.size()));
        showChips();
    }
}

void FilterBar::clear() {
    chips_.clear();
    line_->clear();
    showChips();
    apply();
}

void FilterBar::remove(const QString& chip) {
    chips_.removeOne(chip);
    showChips();
    apply();
}

void FilterBar::setTerm(const QString& key, const QString& value) {
    QStringList kept;
    for (const FilterTerm& term : parseFilter(filter(), vocabulary()).terms) {
        if (term.key != key) {
            kept.append(term.text);
        }
    }
    chips_ = kept + QStringList{filterTerm(key, value)};
    line_->clear();
    showChips();
    apply();
}

/// A query that came from elsewhere, such as a figure of the Overview, is written into the chips.
void FilterBar::followQuery() {
    const SessionQuery& query = workspace_.list().query();
    if (query != asked_) {
        asked_ = query;
        const FilterVocabulary known = vocabulary();
        chips_.clear();
        for (const FilterTerm& term : parseFilter(filterText(query, known), known).terms) {
            chips_.append(term.text);
        }
        line_->clear();
        line_->showWrong(false);
        error_->hide();
        showChips();
    }
    showCount();
    showSeries();
}

void FilterBar::showChips() {
    qDeleteAll(chipButtons_);
    chipButtons_.clear();
    for (const QString& chip : std::as_const(chips_)) {
        auto* button = new QToolButton;
        button->setProperty("look", u"chip"_s);
        button->setObjectName(u"chip:"_s + chip.section(u':', 0, 0));
        button->setFont(monoFont(11.5));
        button->setText(visible(chip, kChipLength).replace(u'&', u"&&"_s) + u"  ✕"_s);
        button->setToolTip(console::toolTip(u"Remove "_s + chip));
        button->setAccessibleName(u"Remove the condition "_s + visible(chip));
        connect(button, &QToolButton::clicked, this, [this, chip] {
            QMetaObject::invokeMethod(
                this, [this, chip] { remove(chip); }, Qt::QueuedConnection);
        });
        chipRow_->addWidget(button);
        chipButtons_.append(button);
    }
    clear_->setVisible(!chips_.isEmpty());
}

void FilterBar::showCount() {
    const SessionList& list = workspace_.list();
    QString words = foundWords(list);
    if (list.tookMs() >= 0) {
        words += u" · query %1 ms"_s.arg(list.tookMs());
    }
    const auto& scope = workspace_.listScope();
    if (!list.answered() && !list.count()) {
        words = u"searching…"_s;
    }
    if (scope) {
        words = rangeText(scope->fromUs, scope->toUs) + u" · "_s + words;
    }
    const bool failed = !list.failure().isEmpty();
    if (!workspace_.link().live()) {
        words += u" · not connected"_s;
    } else if (failed) {
        words = u"The list could not be read: %1"_s.arg(visible(list.failure(), 120));
    }
    count_->setText(words);
    count_->setToolTip(console::toolTip(words));
    setTone(*count_, failed && workspace_.link().live() ? "critical" : "secondary");
    retry_->setVisible(failed && workspace_.link().live());
    wholeRange_->setVisible(scope.has_value());
}

void FilterBar::showSeries() {
    const SessionList& list = workspace_.list();
    const bool possible = list.hasSeries();
    histogram_->setVisible(possible);
    noSeries_->setVisible(!possible);
    if (possible) {
        const Scope scope = list.asked();
        histogram_->setSeries(list.series().value_or(Series{}), scope.fromUs, scope.toUs);
    }
}

}  // namespace apiary::console
