#include "console/view/pill.hpp"

#include "console/model/fleet_model.hpp"
#include "console/view/controls.hpp"

#include <QPainter>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kHeight = 22;

QFont pillFont() {
    return uiFont(11.5, QFont::DemiBold);
}

double wide(const QString& words) {
    return QFontMetricsF(pillFont()).horizontalAdvance(words) + 20;
}

}  // namespace

QString healthWords(Health health) {
    const QString shape = health == Health::Healthy    ? u"●"_s
                          : health == Health::Degraded ? u"▲"_s
                          : health == Health::Offline  ? u"✕"_s
                          : health == Health::Applying ? u"◔"_s
                                                       : u"○"_s;
    return shape + u"  "_s + healthText(health);
}

Mood moodOf(Health health) {
    switch (health) {
        case Health::Healthy:
            return Mood::Ok;
        case Health::Degraded:
        case Health::Applying:
            return Mood::Warn;
        case Health::Offline:
            return Mood::Critical;
        case Health::Unknown:
            break;
    }
    return Mood::Off;
}

QRectF paintMood(QPainter& painter, double left, double middle, const QString& words, Mood mood, const Tokens& tokens) {
    const QRectF field(left, middle - (kHeight - 2) / 2.0, wide(words), kHeight - 2);
    const QColor colour = mood == Mood::Ok         ? tokens.ok
                          : mood == Mood::Warn     ? tokens.warnPill
                          : mood == Mood::Critical ? tokens.critical
                                                   : tokens.offPill;
    const QColor fill = mood == Mood::Ok         ? tokens.okSoft
                        : mood == Mood::Warn     ? tokens.warnSoft
                        : mood == Mood::Critical ? tokens.criticalSoft
                                                 : tokens.offSoft;
    paintPill(painter, field, words, colour, fill, pillFont());
    return field;
}

Pill::Pill(const Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void Pill::show(const QString& words, Mood mood) {
    if (words != words_ || mood != mood_) {
        words_ = words;
        mood_ = mood;
        setAccessibleName(words);
        updateGeometry();
        update();
    }
}

QSize Pill::sizeHint() const {
    return {words_.isEmpty() ? 0 : static_cast<int>(wide(words_)) + 2, kHeight};
}

void Pill::paintEvent(QPaintEvent*) {
    if (!words_.isEmpty()) {
        QPainter painter(this);
        paintMood(painter, 1, height() / 2.0, words_, mood_, theme_.tokens());
    }
}

}  // namespace apiary::console
