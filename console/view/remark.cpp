#include "console/view/remark.hpp"

#include "console/view/controls.hpp"

#include <QBoxLayout>
#include <QEvent>
#include <QPainter>

namespace apiary::console {

Remark::Remark(const Theme& theme, QWidget* parent)
    : QFrame(parent), theme_(theme), text_(plainLabel({}, uiFont(12.5), "warn")) {
    auto* line = new QHBoxLayout(this);
    line->setContentsMargins(36, 8, 10, 8);
    text_->setWordWrap(true);
    line->addWidget(text_);
    hide();
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void Remark::show(const QString& words, Mood mood) {
    mood_ = mood;
    if (text_->text() != words) {
        text_->setText(words);
    }
    setTone(*text_, mood == Mood::Critical ? "critical" : "warn");
    setVisible(!words.isEmpty());
    update();
}

QString Remark::words() const {
    return text_->text();
}

void Remark::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Tokens& tokens = theme_.tokens();
    const bool critical = mood_ == Mood::Critical;
    painter.setPen(Qt::NoPen);
    painter.setBrush(critical ? tokens.criticalSoft : tokens.warnSoft);
    painter.drawRoundedRect(rect(), 6, 6);
    painter.drawPixmap(11, 9, glyph(Glyph::Alert, critical ? tokens.critical : tokens.warn, 15, devicePixelRatioF()));
}

Veil::Veil(const Theme& theme, QWidget& over) : QWidget(&over), theme_(theme) {
    setAttribute(Qt::WA_TransparentForMouseEvents);
    setFocusPolicy(Qt::NoFocus);
    setGeometry(over.rect());
    over.installEventFilter(this);
    hide();
}

bool Veil::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::Resize || event->type() == QEvent::ChildAdded) {
        setGeometry(parentWidget()->rect());
        raise();
    }
    return QWidget::eventFilter(watched, event);
}

void Veil::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    QColor dim = theme_.tokens().window;
    dim.setAlphaF(0.42F);
    painter.fillRect(rect(), dim);
}

}  // namespace apiary::console
