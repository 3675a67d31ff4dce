#pragma once

#include "console/model/values.hpp"
#include "console/view/theme.hpp"

#include <QWidget>

namespace apiary::console {

/// The sessions of a list over time, as bars; hatched where nobody listened. A drag, or arrows with Shift and then
/// Enter, asks for a range.
class SessionHistogram final : public QWidget {
    Q_OBJECT

public:
    explicit SessionHistogram(const Theme& theme, QWidget* parent = nullptr);

    /// Of [fromUs, toUs).
    void setSeries(const Series& series, qint64 fromUs, qint64 toUs);
    /// Sessions in each bar.
    const QList<quint64>& bars() const { return bars_; }
    /// Whether nobody listened in all of the time of a bar.
    bool silentAt(qsizetype bar) const { return bar < silent_.size() && silent_[bar]; }

    QSize sizeHint() const override { return {400, 64}; }

Q_SIGNALS:
    void rangeSelected(qint64 fromUs, qint64 toUs);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    bool event(QEvent* event) override;

private:
    void join();
    qsizetype barAt(double x) const;
    QRectF barField(qsizetype bar) const;
    void choose();

    const Theme& theme_;
    Series series_;
    qint64 fromUs_ = 0;
    qint64 toUs_ = 0;
    QList<quint64> bars_;
    QList<bool> silent_;    // empty: that is not known
    qsizetype first_ = -1;  // the chosen bars, in the order in which they were chosen
    qsizetype last_ = -1;
    bool dragging_ = false;
};

}  // namespace apiary::console
