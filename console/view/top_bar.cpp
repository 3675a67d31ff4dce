#include "console/view/top_bar.hpp"

#include "console/model/figures.hpp"
#include "console/model/visible_text.hpp"
#include "console/view/controls.hpp"
#include "console/view/keys.hpp"
#include "console/view/sensor_menu.hpp"
#include "console/view/time_picker.hpp"

#include <QActionGroup>
#include <QBoxLayout>
#include <QLabel>
#include <QMenu>

#include <algorithm>
#include <array>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr qint64 kHour = 3'600'000'000LL;
constexpr int kPresetsFrom = 1000;  // width from which the presets have room beside the picker
constexpr int kWordsFrom = 1250;    // and the words about silent sensors

struct Preset {
    QStringView name;
    QStringView words;
    qint64 lengthUs;
};
constexpr std::array<Preset, 4> kPresets{{{u"1 h", u"Last hour", kHour},
                                          {u"6 h", u"Last 6 hours", 6 * kHour},
                                          {u"24 h", u"Last 24 hours", 24 * kHour},
                                          {u"7 d", u"Last 7 days", 168 * kHour}}};

struct Interval {
    QStringView name;
    QStringView words;
    int ms;
};
constexpr std::array<Interval, 5> kIntervals{{{u"Off", u"Off: only when asked (F5)", 0},
                                              {u"5 s", u"Every 5 s, and as things happen", 5'000},
                                              {u"10 s", u"Every 10 s, and as things happen", 10'000},
                                              {u"30 s", u"Every 30 s", 30'000},
                                              {u"1 min", u"Every minute", 60'000}}};

struct Kinds {
    QStringList traffic;  // none: what the collector takes for attacks
    QStringView choice;
    QStringView shown;
    QStringView words;
};
const std::array<Kinds, 3> kKinds{
    {{{}, u"Attacks only", u"Attacks", u"Figures and lists hold attacks; known scanners and self-tests are left out"},
     {{u"attack"_s, u"known-scanner"_s},
      u"Attacks and known scanners",
      u"Attacks + scanners",
      u"Figures and lists hold attacks and known scanners; self-tests are left out"},
     {{u"attack"_s, u"known-scanner"_s, u"self-test"_s},
      u"Everything, self-tests too",
      u"All traffic",
      u"Figures and lists hold all that was recorded: attacks, known scanners and self-tests"}}};

QToolButton* menuButton(const QString& name) {
    auto* button = new QToolButton;
    button->setObjectName(name);
    button->setFont(uiFont(13, QFont::Medium));
    button->setPopupMode(QToolButton::InstantPopup);
    button->setMenu(new QMenu(button));
    button->menu()->setObjectName(name + u":menu"_s);
    return button;
}

}  // namespace

TopBar::TopBar(Theme& theme, Workspace& workspace, QWidget* parent)
    : QFrame(parent),
      theme_(theme),
      workspace_(workspace),
      title_(plainLabel({}, uiFont(17, QFont::DemiBold))),
      range_(new ElidedLabel(uiFont(12), "secondary")),
      partial_(glyphButton(theme, Glyph::Alert, u"…"_s, u"Sensors that have not reported"_s, "warn")),
      sensors_(new SensorMenu(theme, workspace)),
      traffic_(makeTraffic()),
      picker_(new TimePicker(theme, workspace)),
      presets_(makePresets()),
      zoomOut_(glyphButton(theme, Glyph::ZoomOut, {}, u"Back to the range before (Ctrl+Z)"_s)),
      refresh_(glyphButton(theme, Glyph::Refresh, {}, u"Refresh (F5)"_s)),
      interval_(makeInterval()),
      export_(makeExport()) {
    setObjectName(u"TopBar"_s);
    setFixedHeight(56);
    auto* line = new QHBoxLayout(this);
    line->setContentsMargins(16, 0, 16, 0);
    line->setSpacing(8);
    line->addWidget(makeTitle(), 1);
    picker_->setObjectName(u"time"_s);
    partial_->setObjectName(u"scope:partial"_s);
    zoomOut_->setObjectName(u"range:back"_s);
    refresh_->setObjectName(u"refresh:now"_s);
    for (QWidget* part : std::initializer_list<QWidget*>{partial_, sensors_, traffic_, presets_, picker_, zoomOut_,
                                                         refresh_, interval_, export_, makeTone()}) {
        line->addWidget(part);
    }
    connect(partial_, &QToolButton::clicked, this, &TopBar::silentWanted);
    connect(zoomOut_, &QToolButton::clicked, &workspace_, &Workspace::spanBack);
    connect(refresh_, &QToolButton::clicked, &workspace_, &Workspace::refresh);
    connect(&workspace_, &Workspace::spanChanged, this, &TopBar::showSpan);
    connect(&workspace_, &Workspace::scopeChanged, this, &TopBar::showTraffic);
    connect(&workspace_, &Workspace::scopeChanged, this, &TopBar::showPartial);
    connect(&workspace_, &Workspace::fleetChanged, this, &TopBar::showPartial);
    connect(&workspace_, &Workspace::refreshChanged, this, &TopBar::showInterval);
    connect(&workspace_.overview(), &OverviewModel::changed, this, &TopBar::showRange);
    connect(&workspace_, &Workspace::linkChanged, this, [this] { refresh_->setEnabled(workspace_.link().live()); });
    makeKeys();
    showSpan();
    showTraffic();
    showInterval();
    showPartial();
}

QWidget* TopBar::makeTitle() {
    auto* block = new QWidget;
    block->setMinimumWidth(90);
    auto* lines = new QVBoxLayout(block);
    lines->setContentsMargins(0, 0, 0, 0);
    lines->setSpacing(0);
    lines->addStretch(1);
    lines->addWidget(title_);
    lines->addWidget(range_);
    lines->addStretch(1);
    return block;
}

QWidget* TopBar::makePresets() {
    auto* frame = new QFrame;
    frame->setObjectName(u"Segments"_s);
    frame->setFixedHeight(34);
    auto* segments = new QHBoxLayout(frame);
    segments->setContentsMargins(3, 0, 3, 0);
    segments->setSpacing(1);
    for (const Preset& preset : kPresets) {
        auto* button = new QToolButton;
        button->setProperty("look", u"segment"_s);
        button->setObjectName(u"range:"_s + preset.name.toString());
        button->setFont(uiFont(13, QFont::Medium));
        button->setText(preset.name.toString());
        button->setToolTip(preset.words.toString());
        button->setAccessibleName(preset.words.toString());
        button->setCheckable(true);
        connect(button, &QToolButton::clicked, this, [this, preset] {
            workspace_.setSpan({.lastUs = preset.lengthUs, .fromUs = 0, .toUs = 0});
            showSpan();  // a click on the chosen one must not release it
        });
        buttons_.append(button);
        segments->addWidget(button);
    }
    return frame;
}

QToolButton* TopBar::makeTraffic() {
    QToolButton* button = menuButton(u"scope:traffic"_s);
    auto* group = new QActionGroup(button);
    for (const Kinds& kinds : kKinds) {
        QAction* action = button->menu()->addAction(kinds.choice.toString());
        action->setCheckable(true);
        action->setData(kinds.traffic);
        group->addAction(action);
        connect(action, &QAction::triggered, this, [this, &kinds] { workspace_.setTraffic(kinds.traffic); });
    }
    return button;
}

QToolButton* TopBar::makeInterval() {
    QToolButton* button = menuButton(u"refresh:interval"_s);
    auto* group = new QActionGroup(button);
    for (const Interval& interval : kIntervals) {
        QAction* action = button->menu()->addAction(interval.words.toString());
        action->setCheckable(true);
        action->setData(interval.ms);
        group->addAction(action);
        connect(action, &QAction::triggered, this, [this, interval] { workspace_.setRefreshEvery(interval.ms); });
    }
    return button;
}

QToolButton* TopBar::makeExport() {
    QToolButton* button = glyphButton(theme_, Glyph::Download, {}, u"Export (Ctrl+Shift+E)"_s);
    button->setObjectName(u"export"_s);
    button->setPopupMode(QToolButton::InstantPopup);
    button->setMenu(new QMenu(button));
    button->menu()->setObjectName(u"export:menu"_s);
    connect(button->menu(), &QMenu::aboutToShow, this, [this, button] {
        button->menu()->clear();
        Q_EMIT exportOpens(*button->menu());
    });
    return button;
}

QToolButton* TopBar::makeTone() {
    const auto which = [this] { return theme_.tone() == Tone::Dark ? Glyph::Sun : Glyph::Moon; };
    auto* tone = glyphButton(theme_, which(), {}, u"Light or dark theme (Ctrl+Shift+L)"_s);
    tone->setObjectName(u"theme"_s);
    connect(tone, &QToolButton::clicked, this,
            [this] { theme_.use(theme_.tone() == Tone::Dark ? Tone::Light : Tone::Dark); });
    connect(&theme_, &Theme::changed, tone,
            [this, tone, which] { tone->setIcon(glyph(which(), theme_.tokens().secondary, 15, devicePixelRatioF())); });
    return tone;
}

void TopBar::makeKeys() {
    addKey(this, u"T"_s, u"Choose the time"_s, [this] {
        if (withScope_) {
            picker_->open();
        }
    });
    addKey(this, u"Ctrl+Z"_s, u"Back to the range before"_s, [this] { workspace_.spanBack(); });
    addKey(this, u"Ctrl+Shift+Z"_s, u"Forward again"_s, [this] { workspace_.spanForward(); });
    addKey(this, u"F5"_s, u"Refresh"_s, [this] { workspace_.refresh(); });
    addKey(this, u"Ctrl+Shift+E"_s, u"Open the export menu"_s, [this] { export_->showMenu(); });
    addKey(this, u"Ctrl+Shift+L"_s, u"Light or dark theme"_s,
           [this] { theme_.use(theme_.tone() == Tone::Dark ? Tone::Light : Tone::Dark); });
}

void TopBar::setTitle(const QString& title, bool withScope) {
    title_->setText(title);
    withScope_ = withScope;
    arrange();
}

QString TopBar::subtitle() const {
    return range_->text();
}

QString TopBar::traffic() const {
    return traffic_->text();
}

QString TopBar::partial() const {
    return partial_->accessibleName();
}

void TopBar::resizeEvent(QResizeEvent* event) {
    QFrame::resizeEvent(event);
    arrange();
}

/// What has no meaning on the page, or no room, is left out: the fleet's state comes by itself, and is of now.
void TopBar::arrange() {
    for (QWidget* part :
         std::initializer_list<QWidget*>{range_, sensors_, traffic_, picker_, zoomOut_, refresh_, interval_}) {
        part->setVisible(withScope_);
    }
    presets_->setVisible(withScope_ && width() >= kPresetsFrom);
    partial_->setVisible(withScope_ && !partial().isEmpty());
    partial_->setToolButtonStyle(width() >= kWordsFrom ? Qt::ToolButtonTextBesideIcon : Qt::ToolButtonIconOnly);
}

void TopBar::showSpan() {
    const Span& span = workspace_.span();
    for (qsizetype i = 0; i < buttons_.size(); ++i) {
        buttons_[i]->setChecked(span.lastUs == kPresets[static_cast<std::size_t>(i)].lengthUs);
    }
    zoomOut_->setEnabled(workspace_.canGoBack());
    showRange();
}

void TopBar::showRange() {
    const Scope& scope = workspace_.scope();
    range_->setText(scope.toUs == 0 ? QString() : rangeText(scope.fromUs, scope.toUs));
    showPartial();
}

void TopBar::showTraffic() {
    const QStringList& traffic = workspace_.scope().traffic;
    const auto found = std::ranges::find(kKinds, traffic, &Kinds::traffic);
    const Kinds& kinds = found == kKinds.end() ? kKinds.front() : *found;
    traffic_->setText(kinds.shown.toString() + u"  ▾"_s);
    traffic_->setToolTip(kinds.words.toString());
    traffic_->setAccessibleName(u"Traffic: "_s + kinds.shown.toString());
    setLook(*traffic_, kinds.traffic.isEmpty() ? "" : "chosen");
    for (QAction* action : traffic_->menu()->actions()) {
        action->setChecked(action->data().toStringList() == traffic);
    }
}

void TopBar::showInterval() {
    const int ms = workspace_.refreshEveryMs();
    const auto found = std::ranges::find(kIntervals, ms, &Interval::ms);
    const QString name = found == kIntervals.end() ? u"%1 s"_s.arg(ms / 1000) : found->name.toString();
    interval_->setText(name + u"  ▾"_s);
    interval_->setToolTip(u"How often figures are asked for"_s);
    interval_->setAccessibleName(u"Refresh: "_s + name);
    for (QAction* action : interval_->menu()->actions()) {
        action->setChecked(action->data().toInt() == ms);
    }
}

void TopBar::showPartial() {
    const QList<Sensor>& sensors = workspace_.fleet().sensors();
    const Scope& scope = workspace_.scope();
    const auto silent = silentIn(sensors, scope);
    const qsizetype all = scope.sensorIds.isEmpty() ? sensors.size() : scope.sensorIds.size();
    const QString words = silent.isEmpty() || scope.toUs == 0 ? QString()
                                                              : u"%1 of %2 sensors %3 not reported"_s.arg(silent.size())
                                                                    .arg(all)
                                                                    .arg(silent.size() == 1 ? u"has"_s : u"have"_s);
    if (words == partial()) {
        return;
    }
    QStringList names;
    for (const Sensor* sensor : silent) {
        names.append(visible(sensor->name, 40));
    }
    partial_->setText(u" %1 of %2 silent"_s.arg(silent.size()).arg(all));  // the tool tip has room for the sentence
    partial_->setAccessibleName(words);
    partial_->setToolTip(console::toolTip(
        u"%1 for this range: %2. Their records come when they are connected again."_s.arg(words, names.join(u", "_s)),
        1000));
    arrange();
}

}  // namespace apiary::console
