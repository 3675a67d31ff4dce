#pragma once

#include "console/model/values.hpp"
#include "console/view/theme.hpp"

#include <QWidget>

#include <utility>

class QGridLayout;
class QLabel;

namespace apiary::console {

/// A thin bar that is filled from the left.
class FillBar final : public QWidget {
    Q_OBJECT

public:
    enum class Mood { Calm, Warn, Critical, Off };

    explicit FillBar(const Theme& theme, QWidget* parent = nullptr);

    /// `share` from 0 to 1.
    void show(double share, Mood mood);
    Mood mood() const { return mood_; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    const Theme& theme_;
    double share_ = 0;
    Mood mood_ = Mood::Calm;
};

/// How full what is bounded at a sensor is, a line and a bar each. What has no limit is left out; hidden when nothing
/// has one.
class SensorBounds final : public QWidget {
    Q_OBJECT

public:
    explicit SensorBounds(const Theme& theme, QWidget* parent = nullptr);

    /// `live`: whether this is how it is now.
    void show(const QList<Bound>& bounds, bool live, qint64 nowUs);
    /// Name and words as they stand there.
    QList<std::pair<QString, QString>> lines() const;
    QList<FillBar::Mood> moods() const;

private:
    struct Line {
        QLabel* name;
        QLabel* words;
        FillBar* bar;
    };

    void addLine();

    const Theme& theme_;
    QGridLayout* grid_;
    QList<Line> lines_;  // those behind the last one needed are hidden
    qsizetype shown_ = 0;
};

}  // namespace apiary::console
