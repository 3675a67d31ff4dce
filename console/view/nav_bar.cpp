#include "console/view/nav_bar.hpp"

#include "console/model/visible_text.hpp"
#include "console/view/controls.hpp"

#include <QBoxLayout>
#include <QPainter>

#include <algorithm>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kHead = 56;

/// The mark and the name.
class Brand final : public QWidget {
public:
    explicit Brand(const Theme& theme) : theme_(theme) { setFixedHeight(kHead); }

protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        paintMark(painter, 14, 14, 28);
        painter.setFont(uiFont(18, QFont::Bold));
        painter.setPen(theme_.tokens().text);
        painter.drawText(QRect(52, 0, width() - 52, kHead), Qt::AlignLeft | Qt::AlignVCenter, u"Apiary"_s);
        painter.setRenderHint(QPainter::Antialiasing, false);
        painter.setPen(theme_.tokens().border);
        painter.drawLine(0, kHead - 1, width(), kHead - 1);
    }

private:
    const Theme& theme_;
};

}  // namespace

NavButton::NavButton(const Theme& theme, Glyph which, const QString& text, QWidget* parent)
    : QAbstractButton(parent), theme_(theme), glyph_(which) {
    setText(text);
    setAccessibleName(text);
    setCheckable(true);
    setAutoExclusive(true);
    setFixedHeight(34);
    setCursor(Qt::PointingHandCursor);
    setFocusPolicy(Qt::TabFocus);
    setAttribute(Qt::WA_Hover);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void NavButton::setBadge(int number) {
    badge_ = number;
    update();
}

void NavButton::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Tokens& tokens = theme_.tokens();
    const QRectF field = QRectF(rect()).adjusted(8, 1, -8, -1);
    const QColor colour = isChecked() ? tokens.accent : tokens.secondary;
    if (isChecked() || underMouse()) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(isChecked() ? tokens.accentSoft : tokens.hover);
        painter.drawRoundedRect(field, 6, 6);
    }
    if (hasFocus()) {
        painter.setPen(QPen(tokens.accent, 2));
        painter.setBrush(Qt::NoBrush);
        painter.drawRoundedRect(field.adjusted(1, 1, -1, -1), 6, 6);
    }
    painter.drawPixmap(18, (height() - 17) / 2, glyph(glyph_, colour, 17, devicePixelRatioF()));
    painter.setFont(uiFont(13.5, isChecked() ? QFont::DemiBold : QFont::Medium));
    painter.setPen(isChecked() ? tokens.accent : tokens.text);
    painter.drawText(QRect(46, 0, width() - 60, height()), Qt::AlignLeft | Qt::AlignVCenter, text());
    if (badge_ > 0) {
        const QFont font = uiFont(11, QFont::DemiBold);
        const QString number = QString::number(badge_);
        const int wide = std::max(18, QFontMetrics(font).horizontalAdvance(number) + 12);
        paintPill(painter, QRectF(width() - 16 - wide, height() / 2.0 - 9, wide, 18), number, tokens.critical,
                  tokens.criticalSoft, font);
    }
}

LinkMark::LinkMark(const Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
    setFixedHeight(56);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void LinkMark::show(const LinkState& state, qint64 nowUs) {
    kind_ = state.kind;
    line_ = visible(state.collector, 64);
    switch (state.kind) {
        case LinkState::Kind::Connecting:
            word_ = u"Connecting…"_s;
            break;
        case LinkState::Kind::Live:
            word_ = u"Live"_s;
            break;
        case LinkState::Kind::Lost: {
            word_ = u"Reconnecting…"_s;
            const qint64 left = std::max(qint64{0}, (state.retryAtUs - nowUs + 999'999) / 1'000'000);
            line_ = left > 0 ? u"try %1 in %2 s"_s.arg(state.attempt).arg(left) : u"trying now"_s;
            break;
        }
        case LinkState::Kind::Certificate:
            word_ = u"Certificate refused"_s;
            break;
        case LinkState::Kind::Unusable:
            word_ = u"Collector unusable"_s;
            break;
    }
    setAccessibleName(word_ + u", "_s + line_);
    update();
}

void LinkMark::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const Tokens& tokens = theme_.tokens();
    painter.setPen(tokens.border);
    painter.drawLine(12, 0, width() - 12, 0);
    painter.setRenderHint(QPainter::Antialiasing);
    const bool live = kind_ == LinkState::Kind::Live;
    const bool waiting = kind_ == LinkState::Kind::Connecting;
    const QColor colour = live ? tokens.ok : waiting ? tokens.warn : tokens.critical;
    painter.setPen(live ? QPen(Qt::NoPen) : QPen(colour, 1.8));
    painter.setBrush(waiting ? QBrush(Qt::NoBrush) : QBrush(colour));
    if (live || waiting) {
        painter.drawEllipse(QPointF(24, 20), 4.5, 4.5);
    } else {
        painter.drawLine(QPointF(20.5, 16.5), QPointF(27.5, 23.5));
        painter.drawLine(QPointF(27.5, 16.5), QPointF(20.5, 23.5));
    }
    painter.setFont(uiFont(12.5, QFont::Medium));
    painter.setPen(tokens.text);
    painter.drawText(QRect(38, 10, width() - 46, 20), Qt::AlignLeft | Qt::AlignVCenter, word_);
    painter.setFont(uiFont(11.5));
    painter.setPen(tokens.secondary);
    painter.drawText(QRect(38, 28, width() - 46, 18), Qt::AlignLeft | Qt::AlignVCenter,
                     painter.fontMetrics().elidedText(line_, Qt::ElideMiddle, width() - 46));
}

NavBar::NavBar(const Theme& theme, QWidget* parent)
    : QFrame(parent), column_(new QVBoxLayout(this)), link_(new LinkMark(theme)) {
    setObjectName(u"Nav"_s);
    setFixedWidth(212);
    column_->setContentsMargins(0, 0, 1, 0);
    column_->setSpacing(2);
    column_->addWidget(new Brand(theme));
    column_->addSpacing(8);
    const auto section = [this](const QString& name) {
        auto* label = plainLabel(name, uiFont(11, QFont::DemiBold), "secondary");
        label->setContentsMargins(18, 8, 0, 2);
        column_->addWidget(label);
    };
    section(u"Analyse"_s);
    addEntry(theme, Page::Overview, Glyph::Overview, u"Overview"_s);
    addEntry(theme, Page::Sessions, Glyph::Sessions, u"Sessions"_s);
    section(u"Operate"_s);
    addEntry(theme, Page::Fleet, Glyph::Hexagon, u"Fleet"_s);
    column_->addStretch(1);
    auto* help = new NavButton(theme, Glyph::Help, u"Keyboard"_s);
    help->setObjectName(u"nav:Keyboard"_s);
    help->setAutoExclusive(false);
    help->setCheckable(false);
    help->setToolTip(u"All keys (F1)"_s);
    connect(help, &NavButton::clicked, this, &NavBar::helpWanted);
    column_->addWidget(help);
    column_->addSpacing(6);
    column_->addWidget(link_);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void NavBar::addEntry(const Theme& theme, Page page, Glyph which, const QString& name) {
    auto* button = new NavButton(theme, which, name);
    button->setObjectName(u"nav:"_s + name);
    connect(button, &NavButton::clicked, this, [this, page] { Q_EMIT chosen(page); });
    buttons_.append(button);
    column_->addWidget(button);
}

void NavBar::choose(Page page) {
    button(page).setChecked(true);
}

NavButton& NavBar::button(Page page) const {
    return *buttons_[static_cast<qsizetype>(page)];
}

}  // namespace apiary::console
