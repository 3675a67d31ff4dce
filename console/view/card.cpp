#include "console/view/card.hpp"

#include "console/view/controls.hpp"

#include <QBoxLayout>
#include <QPainter>

namespace apiary::console {

Card::Card(const Theme& theme, const QString& title, QWidget* parent)
    : QFrame(parent), theme_(theme), body_(new QVBoxLayout(this)) {
    body_->setSpacing(8);
    if (title.isEmpty()) {
        body_->setContentsMargins(1, 4, 1, 1);
    } else {
        body_->setContentsMargins(14, 8, 14, 12);
        head_ = new QHBoxLayout;
        head_->setSpacing(8);
        subtitle_ = plainLabel({}, uiFont(12), "secondary");
        auto* name = plainLabel(title, uiFont(13.5, QFont::DemiBold));
        name->setMinimumHeight(26);
        head_->addWidget(name);
        head_->addWidget(subtitle_);
        head_->addStretch(1);
        body_->addLayout(head_);
    }
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void Card::setSubtitle(const QString& text) {
    if (subtitle_ != nullptr) {
        subtitle_->setText(text);
    }
}

void Card::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(theme_.tokens().border);
    painter.setBrush(theme_.tokens().card);
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8);
}

}  // namespace apiary::console
