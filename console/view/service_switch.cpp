#include "console/view/service_switch.hpp"

#include "console/model/visible_text.hpp"

#include <QPainter>

namespace apiary::console {

using Phase = SwitchLook::Phase;

bool canSwitch(const SwitchLook& look, bool linkLive) {
    return linkLive && look.phase != Phase::Unknown;
}

void paintSwitch(QPainter& painter, const QRectF& field, const SwitchLook& look, const Tokens& tokens, bool enabled,
                 bool focus) {
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    const double round = field.height() / 2;
    if (focus) {
        painter.setPen(QPen(tokens.accent, 2));
        painter.setBrush(Qt::NoBrush);
        painter.drawRoundedRect(field.adjusted(-2.5, -2.5, 2.5, 2.5), round + 2, round + 2);
    }
    QColor track = look.phase == Phase::Failed     ? tokens.critical
                   : look.phase == Phase::Applying ? tokens.warn
                   : look.on                       ? tokens.accent
                                                   : tokens.switchOff;
    if (!enabled) {
        track.setAlphaF(0.4F);
    }
    painter.setPen(Qt::NoPen);
    painter.setBrush(track);
    painter.drawRoundedRect(field, round, round);
    const double knob = field.height() - 5;
    const double left = look.on ? field.right() - knob - 2.5 : field.left() + 2.5;
    painter.setBrush(tokens.knob);
    painter.drawEllipse(QRectF(left, field.top() + 2.5, knob, knob));
    if (look.phase == Phase::Failed) {
        const QPointF centre(left + knob / 2, field.center().y());
        painter.setPen(QPen(track, 1.5, Qt::SolidLine, Qt::RoundCap));
        painter.drawLine(centre + QPointF(0, -knob * 0.28), centre + QPointF(0, knob * 0.04));
        painter.drawPoint(centre + QPointF(0, knob * 0.28));
    }
    painter.restore();
}

ServiceSwitch::ServiceSwitch(const Theme& theme, QWidget* parent) : QAbstractButton(parent), theme_(theme) {
    setFixedSize(sizeHint());
    setFocusPolicy(Qt::StrongFocus);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
    connect(this, &QAbstractButton::clicked, this, [this] { Q_EMIT wanted(!look_.on); });
}

void ServiceSwitch::show(const SwitchLook& look, bool linkLive) {
    look_ = look;
    const bool can = canSwitch(look, linkLive);
    setEnabled(can);
    setCursor(can ? Qt::PointingHandCursor : Qt::ArrowCursor);
    setToolTip(console::toolTip(look.words));
    update();
}

void ServiceSwitch::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    paintSwitch(painter, QRectF(rect()).adjusted(4, 3.5, -4, -3.5), look_, theme_.tokens(), isEnabled(), hasFocus());
}

}  // namespace apiary::console
