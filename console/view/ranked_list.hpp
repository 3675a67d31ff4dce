#pragma once

#include "console/view/theme.hpp"

#include <QAbstractScrollArea>

namespace apiary::console {

/// A list by rank: each line with a bar behind its name, its figure, and the change against before. Arrows move,
/// Enter and a click choose a line.
class RankedList final : public QAbstractScrollArea {
    Q_OBJECT

public:
    struct Line {
        QString name;  // safe to paint
        quint64 count = 0;
        QString change;
        bool rising = false;  // worth a look
        bool plain = false;   // words rather than an address or bytes
        QString note = {};    // beside the name where there is room; safe to paint
    };

    RankedList(const Theme& theme, const QString& accessibleName, QWidget* parent = nullptr);

    void setLines(const QList<Line>& lines);
    const QList<Line>& lines() const { return lines_; }
    int current() const { return current_; }
    /// Where a line stands on the screen; empty if it is scrolled away.
    QRect screenOf(int line) const;

    QSize minimumSizeHint() const override { return {120, 80}; }

Q_SIGNALS:
    void activated(int line);

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    bool viewportEvent(QEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    QRect rectOf(int line) const;
    int lineAt(const QPointF& point) const;
    void fit();
    void moveTo(int line);
    void paintLine(QPainter& painter, int line) const;

    const Theme& theme_;
    const QString name_;
    QList<Line> lines_;
    int current_ = 0;
    int hovered_ = -1;
};

}  // namespace apiary::console
