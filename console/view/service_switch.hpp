#pragma once

#include "console/model/fleet_model.hpp"
#include "console/view/theme.hpp"

#include <QAbstractButton>

namespace apiary::console {

/// Paints a switch: its knob shows the wish, its colour whether the sensor agrees.
void paintSwitch(QPainter& painter, const QRectF& field, const SwitchLook& look, const Tokens& tokens, bool enabled,
                 bool focus);

/// Whether a click on a switch means anything.
bool canSwitch(const SwitchLook& look, bool linkLive);

/// A switch as it stands on the screen, for whoever reads the window out.
struct ShownSwitch {
    qint32 sensorId = 0;
    QString sensor;
    QString service;
    SwitchLook look;
    QRect screen;
};

/// The switch of one service. It never turns by itself: a click asks, and the model's answer turns it.
class ServiceSwitch final : public QAbstractButton {
    Q_OBJECT

public:
    explicit ServiceSwitch(const Theme& theme, QWidget* parent = nullptr);

    void show(const SwitchLook& look, bool linkLive);
    const SwitchLook& look() const { return look_; }

    QSize sizeHint() const override { return {38, 22}; }

Q_SIGNALS:
    void wanted(bool on);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    const Theme& theme_;
    SwitchLook look_;
};

}  // namespace apiary::console
