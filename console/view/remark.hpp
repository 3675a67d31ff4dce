#pragma once

#include "console/view/theme.hpp"

#include <QFrame>

class QLabel;

namespace apiary::console {

/// Words in a softly filled field with a sign before them; hidden while there are none.
class Remark final : public QFrame {
    Q_OBJECT

public:
    enum class Mood { Warn, Critical };

    explicit Remark(const Theme& theme, QWidget* parent = nullptr);

    /// `words` are plain text, already safe to show.
    void show(const QString& words, Mood mood);
    QString words() const;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    const Theme& theme_;
    QLabel* text_;
    Mood mood_ = Mood::Warn;
};

/// A veil over its parent that dims what is out of date and lets clicks through. Hidden at first.
class Veil final : public QWidget {
    Q_OBJECT

public:
    Veil(const Theme& theme, QWidget& over);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    const Theme& theme_;
};

}  // namespace apiary::console
