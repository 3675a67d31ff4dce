#pragma once

#include "console/model/workspace.hpp"
#include "console/view/theme.hpp"

#include <QSet>
#include <QTableView>

class QMenu;
class QPushButton;

namespace apiary::console {

class Placeholder;

/// The sessions, newest first, without end in both directions. While the reader has scrolled down, new ones wait behind
/// a button that says how many; so do those of which only the collector knows whether they fit the filter.
class SessionTable final : public QTableView {
    Q_OBJECT

public:
    SessionTable(const Theme& theme, Workspace& workspace, QWidget* parent = nullptr);

    /// The cells of a row as they stand on the screen, hidden columns left out.
    QStringList shownCells(int row) const;
    QRect screenOf(int row) const;
    QPushButton& newer() const { return *newer_; }
    /// Columns that a person put away; others may give way too where there is no room.
    bool columnWanted(int column) const { return !unwanted_.contains(column); }
    void wantColumn(int column, bool wanted);
    /// The names of the columns on the screen.
    QStringList shownColumns() const;
    /// What stands in place of rows; empty while there are some.
    QString emptyWords() const;
    /// What the menu of a cell offers; null outside the cells. The caller owns it.
    QMenu* menuOf(const QModelIndex& cell);

Q_SIGNALS:
    /// A condition for the filter: a key of the filter language and a value.
    void termWanted(const QString& key, const QString& value);
    void clearWanted();

protected:
    void resizeEvent(QResizeEvent* event) override;
    /// Copy takes the selected session as CSV, with the names of the columns.
    void keyPressEvent(QKeyEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;

private:
    void followScroll(int value);
    void keepPlace(int rows);
    void copyRow(int row) const;
    void placeOverlays();
    void fitColumns();
    void followSelection();
    void showWaiting();
    void showEmpty();

    const Theme& theme_;
    Workspace& workspace_;
    QPushButton* newer_;
    QPushButton* clear_;
    Placeholder* empty_;
    QSet<int> unwanted_;
    bool located_ = false;  // a country was named: without a database of them the column is absent
};

}  // namespace apiary::console
