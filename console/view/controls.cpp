#include "console/view/controls.hpp"

#include <QPainter>
#include <QStyle>

#include <algorithm>
#include <array>

namespace apiary::console {

namespace {

constexpr int kSkeletonMs = 200;

}  // namespace

QLabel* plainLabel(const QString& text, const QFont& font, const char* tone) {
    auto* label = new QLabel;
    label->setTextFormat(Qt::PlainText);
    label->setTextInteractionFlags(Qt::NoTextInteraction);
    label->setFont(font);
    label->setProperty("tone", QString::fromLatin1(tone));
    label->setText(text);
    return label;
}

void setTone(QLabel& label, const char* tone) {
    const QString name = QString::fromLatin1(tone);
    if (label.property("tone").toString() != name) {
        label.setProperty("tone", name);
        label.style()->unpolish(&label);
        label.style()->polish(&label);
    }
}

void setLook(QWidget& button, const char* look) {
    const QString name = QString::fromLatin1(look);
    if (button.property("look").toString() != name) {
        button.setProperty("look", name);
        button.style()->unpolish(&button);
        button.style()->polish(&button);
    }
}

ElidedLabel::ElidedLabel(const QFont& font, const char* tone, QWidget* parent) : QLabel(parent) {
    setTextFormat(Qt::PlainText);
    setFont(font);
    setProperty("tone", QString::fromLatin1(tone));
    setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
}

QSize ElidedLabel::minimumSizeHint() const {
    return {20, QLabel::minimumSizeHint().height()};
}

void ElidedLabel::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setPen(palette().color(foregroundRole()));
    painter.drawText(rect(), static_cast<int>(alignment()), fontMetrics().elidedText(text(), Qt::ElideRight, width()));
}

QToolButton* glyphButton(const Theme& theme, Glyph which, const QString& text, const QString& toolTip,
                         const char* look) {
    auto* button = new QToolButton;
    button->setProperty("look", QString::fromLatin1(look));
    button->setFont(uiFont(13, QFont::Medium));
    button->setText(text.isEmpty() ? text : QLatin1Char(' ') + text);
    button->setToolButtonStyle(text.isEmpty() ? Qt::ToolButtonIconOnly : Qt::ToolButtonTextBesideIcon);
    button->setIconSize({15, 15});
    button->setToolTip(toolTip.toHtmlEscaped());
    button->setAccessibleName(toolTip);
    const auto draw = [button, which, &theme] {
        button->setIcon(glyph(which, theme.tokens().secondary, 15, button->devicePixelRatioF()));
    };
    draw();
    QObject::connect(&theme, &Theme::changed, button, draw);
    return button;
}

QPushButton* textButton(const QString& text, const char* look) {
    auto* button = new QPushButton(text);
    button->setProperty("look", QString::fromLatin1(look));
    button->setFont(uiFont(13, QFont::Medium));
    button->setCursor(Qt::PointingHandCursor);
    return button;
}

void paintPill(QPainter& painter, const QRectF& field, const QString& text, const QColor& colour, const QColor& fill,
               const QFont& font) {
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(fill);
    painter.drawRoundedRect(field, field.height() / 2, field.height() / 2);
    painter.setPen(colour);
    painter.setFont(font);
    painter.drawText(field, Qt::AlignCenter, text);
    painter.restore();
}

Placeholder::Placeholder(const Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
    setMinimumHeight(90);
    soon_.setSingleShot(true);
    soon_.setInterval(kSkeletonMs);
    connect(&soon_, &QTimer::timeout, this, qOverload<>(&QWidget::update));
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void Placeholder::show(Glyph which, const QString& headline, const QString& sentence) {
    loading_ = false;
    soon_.stop();
    glyph_ = which;
    headline_ = headline;
    sentence_ = sentence;
    setAccessibleName(headline);
    update();
}

void Placeholder::showLoading(const QString& headline) {
    if (!loading_) {
        loading_ = true;
        headline_ = headline;
        sentence_.clear();
        setAccessibleName(headline);
        soon_.start();
        update();
    }
}

void Placeholder::paintBars(QPainter& painter) const {
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme_.tokens().hover);
    constexpr std::array<int, 5> kWide{62, 84, 48, 76, 56};  // hundredths
    for (int i = 0; 16 + i * 34 + 14 < height(); ++i) {
        const int wide = (width() - 32) * kWide[static_cast<std::size_t>(i) % kWide.size()] / 100;
        painter.drawRoundedRect(QRect(16, 16 + i * 34, wide, 14), 4, 4);
    }
}

void Placeholder::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    if (loading_) {
        if (!soon_.isActive()) {
            paintBars(painter);
        }
        return;
    }
    const Tokens& tokens = theme_.tokens();
    constexpr int kGlyph = 30;
    const int top = std::max(4, (height() - 92) / 2);
    painter.drawPixmap((width() - kGlyph) / 2, top, glyph(glyph_, tokens.faint, kGlyph, devicePixelRatioF()));
    painter.setFont(uiFont(13.5, QFont::DemiBold));
    painter.setPen(tokens.text);
    painter.drawText(QRect(8, top + kGlyph + 8, width() - 16, 20), Qt::AlignCenter, headline_);
    painter.setFont(uiFont(12));
    painter.setPen(tokens.secondary);
    painter.drawText(QRect(16, top + kGlyph + 30, width() - 32, 40), Qt::AlignHCenter | Qt::AlignTop | Qt::TextWordWrap,
                     sentence_);
}

}  // namespace apiary::console
