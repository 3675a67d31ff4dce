#pragma once

#include "console/view/theme.hpp"
#include "console/view/time_chart.hpp"

#include <QWidget>

namespace apiary::console {

/// The protocols of a chart with their sessions and shares. A click hides or shows one, with Ctrl it shows only that
/// one; Enter or the menu lists its sessions.
class Legend final : public QWidget {
    Q_OBJECT

public:
    struct Entry {
        QString name;
        QString sessions;  // as it is written
        QString share;
        quint64 total = 0;
        bool shown = true;
    };

    /// `chart` must outlive it.
    Legend(const Theme& theme, TimeChart& chart, QWidget* parent = nullptr);

    void refresh();
    const QList<Entry>& entries() const { return entries_; }
    bool explainsSilence() const { return silence_; }
    /// Where an entry stands on the screen.
    QRect screenOf(int entry) const;

Q_SIGNALS:
    void sessionsWanted(int entry);

protected:
    bool event(QEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void paintEvent(QPaintEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    /// Lines move together when all would not fit.
    double rowHeight() const;
    int entryAt(double y) const;
    void toggle(int entry);
    void isolate(int entry);

    const Theme& theme_;
    TimeChart& chart_;
    QList<Entry> entries_;
    bool silence_ = false;  // a last line says how a time looks in which nobody listened
    int hovered_ = -1;
    int current_ = 0;
};

}  // namespace apiary::console
