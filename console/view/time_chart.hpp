#pragma once

#include "console/model/bands.hpp"
#include "console/view/theme.hpp"
#include "console/view/tip.hpp"

#include <QChartView>
#include <QSet>

class QAreaSeries;
class QCategoryAxis;
class QLineSeries;

namespace apiary::console {

/// Sessions over time, by protocol: stacked, or a line each, on a scale of counts or of their logarithms. Each bucket
/// is a step, so that an area is a count and nothing between two buckets is invented; many buckets of few pixels are
/// joined by lines through their middles. Buckets in which nobody listened are hatched: nothing there is no zero. A
/// line follows the mouse or the arrow keys with the counts below it; dragging asks for a range, a click for a protocol
/// in a bucket, Enter for all of the bucket.
class TimeChart final : public QChartView {
    Q_OBJECT

public:
    enum class Mode { Stacked, Lines, Log };

    explicit TimeChart(const Theme& theme, QWidget* parent = nullptr);

    /// Draws the bands over [fromUs, toUs).
    void setBands(const Bands& bands, qint64 fromUs, qint64 toUs);
    void setMode(Mode mode);
    Mode mode() const { return mode_; }
    void setShown(const QString& name, bool shown);
    bool shown(const QString& name) const { return !hidden_.contains(name); }
    const Bands& bands() const { return bands_; }
    /// The layer that is drawn at a point of the viewport, or -1.
    int layerAt(const QPointF& point) const;
    /// The bucket under the line, or -1.
    int hovered() const { return hovered_; }
    void hover(int bucket);

Q_SIGNALS:
    void rangeSelected(qint64 fromUs, qint64 toUs);
    void shownChanged();
    void bandChosen(int layer, int bucket);
    void bucketChosen(int bucket);

protected:
    void mouseMoveEvent(QMouseEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void drawBackground(QPainter* painter, const QRectF& area) override;
    void drawForeground(QPainter* painter, const QRectF& area) override;

private:
    void rebuild();
    void draw();
    void drawAxes(double highest);
    void restyle();
    void clicked(const QPointF& point);
    Tip tipOf(int bucket) const;
    int bucketAt(double x) const;
    /// How high something is drawn.
    double drawn(double sessions) const;
    qint64 timeAt(double x) const;

    const Theme& theme_;
    Bands bands_;
    qint64 fromUs_ = 0;
    qint64 toUs_ = 0;
    QSet<QString> hidden_;
    QCategoryAxis* times_;
    QCategoryAxis* counts_;
    QList<QLineSeries*> tops_;
    QList<QAreaSeries*> areas_;  // one for each of tops_ while stacked, otherwise none
    Mode mode_ = Mode::Stacked;
    int hovered_ = -1;
    bool dragging_ = false;
    double dragFrom_ = 0;
    double dragTo_ = 0;
};

}  // namespace apiary::console
