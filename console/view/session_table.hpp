#pragma once

#include "console/model/workspace.hpp"
#include "console/view/theme.hpp"

#include <QTableView>

class QPushButton;

namespace apiary::console {

class Placeholder;

/// The sessions, newest first. While the reader has scrolled down, new ones wait behind a button that says how many.
class SessionTable final : public QTableView {
    Q_OBJECT

public:
    SessionTable(const Theme& theme, Workspace& workspace, QWidget* parent = nullptr);

    /// The cells of a row as they stand on the screen, hidden columns left out.
    QStringList shownCells(int row) const;
    QRect screenOf(int row) const;
    QPushButton& newer() const { return *newer_; }

protected:
    void resizeEvent(QResizeEvent* event) override;
    /// Copy takes the selected session as CSV, with the names of the columns.
    void keyPressEvent(QKeyEvent* event) override;

private:
    void fitColumns();
    void followSelection();
    void showWaiting(int waiting);
    void showEmpty();

    const Theme& theme_;
    Workspace& workspace_;
    QPushButton* newer_;
    Placeholder* empty_;
};

}  // namespace apiary::console
