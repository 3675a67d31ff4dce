#pragma once

#include "console/model/workspace.hpp"
#include "console/view/theme.hpp"

#include <QAbstractScrollArea>

namespace apiary::console {

/// The sessions that came in last, two lines each: protocol, source and time; what came of it, and where. `workspace`
/// must outlive it.
class LiveColumn final : public QAbstractScrollArea {
    Q_OBJECT

public:
    LiveColumn(const Theme& theme, Workspace& workspace, QWidget* parent = nullptr);

    /// A row as it is painted: protocol, source, time, what, sensor, country of the source (empty: unknown).
    QStringList shownCells(int row) const;
    int shownRows() const;
    /// Where a row stands on the screen; empty if it is scrolled away.
    QRect screenOf(int row) const;
    int current() const { return current_; }

    QSize minimumSizeHint() const override { return {200, 120}; }

Q_SIGNALS:
    void activated(const QByteArray& id);

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
    const QList<SessionRow>& rows() const { return workspace_.live().rows(); }
    QRect rectOf(int row) const;
    int rowAt(const QPointF& point) const;
    void fit();
    void moveTo(int row);
    void paintRow(QPainter& painter, int row) const;

    const Theme& theme_;
    Workspace& workspace_;
    int current_ = 0;
    int hovered_ = -1;
};

/// What a session did, in a line: `3 logins, accepted · 2 commands · 12 s`.
QString deedText(const SessionRow& row);

}  // namespace apiary::console
