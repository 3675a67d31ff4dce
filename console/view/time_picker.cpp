#include "console/view/time_picker.hpp"

#include "console/model/time_words.hpp"
#include "console/view/controls.hpp"

#include <QBoxLayout>
#include <QGridLayout>
#include <QLineEdit>
#include <QScreen>

#include <array>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr qsizetype kMostRecent = 5;

struct Preset {
    QStringView name;
    QStringView words;
    QStringView from;
    QStringView to;
};
constexpr std::array<Preset, 10> kPresets{{{u"15 min", u"Last 15 minutes", u"now-15m", u"now"},
                                           {u"1 h", u"Last hour", u"now-1h", u"now"},
                                           {u"6 h", u"Last 6 hours", u"now-6h", u"now"},
                                           {u"24 h", u"Last 24 hours", u"now-24h", u"now"},
                                           {u"7 d", u"Last 7 days", u"now-7d", u"now"},
                                           {u"30 d", u"Last 30 days", u"now-30d", u"now"},
                                           {u"90 d", u"Last 90 days", u"now-90d", u"now"},
                                           {u"today", u"Today so far", u"now/d", u"now"},
                                           {u"yesterday", u"Yesterday", u"now-1d/d", u"now/d"},
                                           {u"week", u"This week so far", u"now/w", u"now"}}};

Span spanOf(const Preset& preset, qint64 nowUs) {
    return *console::spanOf(preset.from.toString(), preset.to.toString(), nowUs);
}

QLineEdit* timeField(const QString& name, const QString& accessible) {
    auto* field = new QLineEdit;
    field->setObjectName(name);
    field->setFont(monoFont(12.5));
    field->setFixedHeight(32);
    field->setMaxLength(40);
    field->setAccessibleName(accessible);
    field->setToolTip(u"now, now-24h, now/d, 2026-03-11 or 2026-03-11 14:37 (UTC)"_s);
    return field;
}

QPushButton* lineButton(const QString& name, const QString& text, const QFont& font) {
    auto* button = new QPushButton(text);
    button->setProperty("look", u"entry"_s);
    button->setObjectName(name);
    button->setFont(font);
    button->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    button->setCursor(Qt::PointingHandCursor);
    return button;
}

}  // namespace

TimePicker::TimePicker(const Theme& theme, Workspace& workspace, QWidget* parent)
    : QToolButton(parent), theme_(theme), workspace_(workspace), popup_(new QFrame(this, Qt::Popup)) {
    setObjectName(u"time"_s);
    setFont(uiFont(13, QFont::Medium));
    setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    setIconSize({15, 15});
    setToolTip(u"The time that is looked at (T)"_s);
    const auto draw = [this] { setIcon(glyph(Glyph::Clock, theme_.tokens().secondary, 15, devicePixelRatioF())); };
    draw();
    connect(&theme, &Theme::changed, this, draw);

    popup_->setObjectName(u"Popup"_s);
    auto* line = new QHBoxLayout(popup_);
    line->setContentsMargins(14, 12, 14, 12);
    line->setSpacing(16);
    line->addWidget(makeFields());
    line->addWidget(makePresets());
    connect(this, &QToolButton::clicked, this, &TimePicker::open);
    connect(&workspace_, &Workspace::spanChanged, this, &TimePicker::showSpan);
    showSpan();
}

QWidget* TimePicker::makeFields() {
    auto* side = new QWidget;
    side->setFixedWidth(232);
    auto* column = new QVBoxLayout(side);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(6);
    column->addWidget(plainLabel(u"Absolute range (UTC)"_s, uiFont(13, QFont::DemiBold)));
    from_ = timeField(u"time:from"_s, u"From"_s);
    to_ = timeField(u"time:to"_s, u"To"_s);
    for (const auto& [name, field] : {std::pair(u"From"_s, from_), std::pair(u"To"_s, to_)}) {
        column->addWidget(plainLabel(name, uiFont(12), "secondary"));
        column->addWidget(field);
        connect(field, &QLineEdit::returnPressed, this, &TimePicker::apply);
        connect(field, &QLineEdit::textEdited, this, [this] { error_->setText({}); });
    }
    error_ = plainLabel({}, uiFont(11.5), "critical");
    error_->setWordWrap(true);
    auto* button = textButton(u"Apply range"_s, "primary");
    button->setObjectName(u"time:apply"_s);
    connect(button, &QPushButton::clicked, this, &TimePicker::apply);
    column->addWidget(button);
    column->addWidget(error_);
    column->addWidget(plainLabel(u"Recently used"_s, uiFont(13, QFont::DemiBold)));
    recentLines_ = new QGridLayout;
    recentLines_->setSpacing(0);
    column->addLayout(recentLines_);
    column->addStretch(1);
    showRecent();
    return side;
}

QWidget* TimePicker::makePresets() {
    auto* side = new QWidget;
    side->setFixedWidth(150);
    auto* column = new QVBoxLayout(side);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(1);
    column->addWidget(plainLabel(u"Quick ranges"_s, uiFont(13, QFont::DemiBold)));
    column->addSpacing(4);
    for (const Preset& preset : kPresets) {
        QPushButton* button =
            lineButton(u"time:last:"_s + preset.name.toString(), preset.words.toString(), uiFont(13, QFont::Medium));
        button->setCheckable(true);
        connect(button, &QPushButton::clicked, this, [this, preset] { choose(spanOf(preset, workspace_.nowUs())); });
        presets_.append(button);
        column->addWidget(button);
    }
    column->addStretch(1);
    return side;
}

void TimePicker::showSpan() {
    const Span& span = workspace_.span();
    QString words = spanWords(span);
    for (qsizetype i = 0; i < presets_.size(); ++i) {
        const Preset& preset = kPresets[static_cast<std::size_t>(i)];
        const bool chosen = spanOf(preset, workspace_.nowUs()) == span;
        presets_[i]->setChecked(chosen);
        if (chosen) {
            words = preset.words.toString();
        }
    }
    setText(u' ' + words + u"  ▾"_s);
    setAccessibleName(u"Time: "_s + words);
    from_->setText(fromWords(span));
    to_->setText(toWords(span));
    error_->setText({});
}

void TimePicker::open() {
    showSpan();
    popup_->adjustSize();
    QPoint corner = mapToGlobal(QPoint(width() - popup_->width(), height() + 4));
    corner.setX(std::max(corner.x(), screen()->geometry().left()));
    popup_->move(corner);
    popup_->show();
    from_->setFocus();
    from_->selectAll();
}

QString TimePicker::error() const {
    return error_->text();
}

void TimePicker::apply() {
    const auto span = console::spanOf(from_->text(), to_->text(), workspace_.nowUs());
    if (!span) {
        error_->setText(QString::fromStdString(span.error()));
        popup_->adjustSize();
        return;
    }
    const std::pair words(fromWords(*span), toWords(*span));
    QList<std::pair<QString, QString>> recent = recent_;
    recent.removeAll(words);
    recent.prepend(words);
    setRecent(recent);
    Q_EMIT recentChanged();
    choose(*span);
}

void TimePicker::choose(const Span& span) {
    popup_->hide();
    workspace_.setSpan(span);
    showSpan();
}

void TimePicker::setRecent(const QList<std::pair<QString, QString>>& recent) {
    recent_.clear();
    for (const auto& [from, to] : recent) {
        if (recent_.size() < kMostRecent && console::spanOf(from, to, workspace_.nowUs())) {
            recent_.append({from, to});
        }
    }
    showRecent();
}

void TimePicker::showRecent() {
    while (QLayoutItem* item = recentLines_->takeAt(0)) {
        item->widget()->hide();
        item->widget()->deleteLater();
        delete item;
    }
    if (recent_.isEmpty()) {
        recentLines_->addWidget(plainLabel(u"None yet"_s, uiFont(12), "secondary"), 0, 0);
    }
    for (int i = 0; i < recent_.size(); ++i) {
        const auto& [from, to] = recent_[i];
        QPushButton* line = lineButton(u"time:recent:%1"_s.arg(i), u"%1 to %2"_s.arg(from, to), uiFont(12));
        connect(line, &QPushButton::clicked, this, [this, from, to] {
            if (const auto span = console::spanOf(from, to, workspace_.nowUs())) {
                choose(*span);
            }
        });
        recentLines_->addWidget(line, i, 0);
    }
}

}  // namespace apiary::console
