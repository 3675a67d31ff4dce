#pragma once

#include "console/model/values.hpp"

#include <QWidget>

#include <utility>

class QBoxLayout;
class QLabel;

namespace apiary::console {

/// What is wrong with a sensor, two lines each: what and since when, then the sentence that says what to do. Hidden
/// when there is nothing.
class SensorTroubles final : public QWidget {
    Q_OBJECT

public:
    explicit SensorTroubles(QWidget* parent = nullptr);

    /// `live`: whether this is how it is now; else it is dimmed.
    void show(const QList<Trouble>& troubles, bool live, qint64 nowUs);
    /// Head and sentence as they stand there.
    QList<std::pair<QString, QString>> lines() const;

private:
    QBoxLayout* column_;
    QList<std::pair<QLabel*, QLabel*>> lines_;  // those behind the last one needed are hidden
    qsizetype shown_ = 0;
};

}  // namespace apiary::console
