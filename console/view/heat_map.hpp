#pragma once

#include "console/model/values.hpp"
#include "console/view/theme.hpp"

#include <QWidget>

namespace apiary::console {

/// Sessions by day of the week and hour, as 7 rows of 24 fields: the palest has none, the others go in equal steps to
/// the greatest. Fields in which nobody listened are hatched. Arrows and mouse move over the fields; Enter and a click
/// choose one.
class HeatMap final : public QWidget {
    Q_OBJECT

public:
    static constexpr int kDays = 7;
    static constexpr int kHours = 24;

    explicit HeatMap(const Theme& theme, QWidget* parent = nullptr);

    void setActivity(const Activity& activity);
    const Activity& activity() const { return activity_; }
    /// The field of an hour of the week.
    QRectF fieldOf(int hour) const;
    /// The hour under the mouse or the keys, or -1.
    int current() const { return current_; }
    /// What stands below the hours, as far as the scale leaves room.
    QString axisWords() const;

    QSize minimumSizeHint() const override { return {320, 150}; }

Q_SIGNALS:
    void activated(int hour);

protected:
    bool event(QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    quint64 highest() const;
    const QColor& colourOf(quint64 count) const;
    int hourAt(const QPointF& point) const;
    void moveTo(int hour);
    /// `not listening`, or the count.
    QString wordsOf(int hour) const;
    void paintFields(QPainter& painter) const;
    void paintScale(QPainter& painter) const;
    /// Where the colours of the scale begin, and where all that belongs to them does.
    double coloursLeft() const;
    double scaleLeft() const;

    const Theme& theme_;
    Activity activity_;
    int current_ = -1;
};

}  // namespace apiary::console
