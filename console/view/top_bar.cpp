#include "console/view/top_bar.hpp"

#include "console/model/figures.hpp"
#include "console/view/controls.hpp"

#include <QBoxLayout>
#include <QLabel>

#include <array>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr qint64 kHour = 3'600'000'000LL;

struct Preset {
    QStringView name;
    QStringView words;
    qint64 lengthUs;
};
constexpr std::array<Preset, 4> kPresets{{{u"1 h", u"Last hour", kHour},
                                          {u"6 h", u"Last 6 hours", 6 * kHour},
                                          {u"24 h", u"Last 24 hours", 24 * kHour},
                                          {u"7 d", u"Last 7 days", 168 * kHour}}};

}  // namespace

TopBar::TopBar(Theme& theme, Workspace& workspace, QWidget* parent)
    : QFrame(parent),
      theme_(theme),
      workspace_(workspace),
      title_(plainLabel({}, uiFont(17, QFont::DemiBold))),
      range_(plainLabel({}, uiFont(12.5), "secondary")),
      presets_(new QFrame) {
    setObjectName(u"TopBar"_s);
    setFixedHeight(56);
    auto* line = new QHBoxLayout(this);
    line->setContentsMargins(16, 0, 16, 0);
    line->setSpacing(8);
    line->addWidget(title_);
    line->addWidget(range_);
    line->addStretch(1);

    presets_->setObjectName(u"Segments"_s);
    presets_->setFixedHeight(34);
    auto* segments = new QHBoxLayout(presets_);
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
        connect(button, &QToolButton::clicked, this,
                [this, preset] { workspace_.setSpan({.lastUs = preset.lengthUs, .fromUs = 0, .toUs = 0}); });
        buttons_.append(button);
        segments->addWidget(button);
    }
    line->addWidget(presets_);
    zoomOut_ = glyphButton(theme, Glyph::ZoomOut, {}, u"Zoom out (Ctrl+Z)"_s);
    zoomOut_->setShortcut(QKeySequence(u"Ctrl+Z"_s));
    connect(zoomOut_, &QToolButton::clicked, this, [this] { workspace_.setSpan(before_); });
    line->addWidget(zoomOut_);
    refresh_ = glyphButton(theme, Glyph::Refresh, {}, u"Refresh (F5)"_s);
    refresh_->setShortcut(QKeySequence(Qt::Key_F5));
    connect(refresh_, &QToolButton::clicked, &workspace_, &Workspace::refresh);
    line->addWidget(refresh_);
    auto* tone = glyphButton(theme, theme.tone() == Tone::Dark ? Glyph::Sun : Glyph::Moon, {},
                             u"Light or dark theme (Ctrl+Shift+L)"_s);
    tone->setShortcut(QKeySequence(u"Ctrl+Shift+L"_s));
    connect(tone, &QToolButton::clicked, this,
            [this] { theme_.use(theme_.tone() == Tone::Dark ? Tone::Light : Tone::Dark); });
    connect(&theme, &Theme::changed, tone, [this, tone] {
        tone->setIcon(glyph(theme_.tone() == Tone::Dark ? Glyph::Sun : Glyph::Moon, theme_.tokens().secondary, 15,
                            devicePixelRatioF()));
    });
    line->addWidget(tone);

    connect(&workspace_, &Workspace::spanChanged, this, &TopBar::showSpan);
    connect(&workspace_.overview(), &OverviewModel::changed, this, &TopBar::showRange);
    connect(&workspace_, &Workspace::linkChanged, this, [this] { refresh_->setEnabled(workspace_.link().live()); });
    showSpan();
}

void TopBar::setTitle(const QString& title, bool withRange) {
    title_->setText(title);
    range_->setVisible(withRange);
    presets_->setVisible(withRange);
    zoomOut_->setVisible(withRange);
}

QString TopBar::subtitle() const {
    return range_->text();
}

void TopBar::showSpan() {
    const Span& span = workspace_.span();
    if (span.sliding()) {
        before_ = span;
    }
    for (qsizetype i = 0; i < buttons_.size(); ++i) {
        buttons_[i]->setChecked(span.lastUs == kPresets[static_cast<std::size_t>(i)].lengthUs);
    }
    zoomOut_->setEnabled(!span.sliding());
    showRange();
}

void TopBar::showRange() {
    const Scope& scope = workspace_.scope();
    range_->setText(scope.toUs == 0 ? QString() : rangeText(scope.fromUs, scope.toUs));
}

}  // namespace apiary::console
