#pragma once

#include "console/model/values.hpp"
#include "console/view/theme.hpp"

#include <QWidget>

class QPainter;

namespace apiary::console {

/// How a pill is meant; each mood has a colour, and its words begin with a shape of their own.
enum class Mood { Ok, Warn, Critical, Off };

/// The shape and word of a sensor's health, and its mood: "● Healthy".
QString healthWords(Health health);
Mood moodOf(Health health);

/// Paints words in a rounded field from `left` on, centred on `middle`; returns the field.
QRectF paintMood(QPainter& painter, double left, double middle, const QString& words, Mood mood, const Tokens& tokens);

/// A word that says how something stands.
class Pill final : public QWidget {
    Q_OBJECT

public:
    explicit Pill(const Theme& theme, QWidget* parent = nullptr);

    void show(const QString& words, Mood mood);
    QString words() const { return words_; }

    QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    const Theme& theme_;
    QString words_;
    Mood mood_ = Mood::Off;
};

}  // namespace apiary::console
