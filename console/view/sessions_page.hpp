#pragma once

#include "console/model/workspace.hpp"
#include "console/view/filter_bar.hpp"
#include "console/view/session_panel.hpp"
#include "console/view/session_table.hpp"

class QLabel;
class QMenu;
class QProgressBar;

namespace apiary::console {

/// What the list is asked for, the list of sessions, and the one that is selected in it.
class SessionsPage final : public QWidget {
    Q_OBJECT

public:
    SessionsPage(const Theme& theme, Workspace& workspace, QWidget* parent = nullptr);

    const SessionTable& table() const { return *table_; }
    const SessionPanel& panel() const { return *panel_; }
    const FilterBar& filterBar() const { return *bar_; }
    /// What the export of the list does or did; empty before the first.
    QString exportWords() const;
    /// The actions of an export menu: the list as CSV, as JSON Lines. They belong to the page.
    QList<QAction*> exportActions() const { return exports_; }

public Q_SLOTS:
    /// Asks where, and writes all sessions of the list there.
    void exportList(apiary::console::ListExport::Form form);
    void focusFilter();
    /// Asks for a time, and goes to the sessions before it.
    void askJump();

protected:
    void showEvent(QShowEvent* event) override;
    void hideEvent(QHideEvent* event) override;

private:
    void makeButtons(const Theme& theme);
    void addKeys();
    QMenu* columnsMenu();
    void showExport();
    void jump();

    Workspace& workspace_;
    FilterBar* bar_;
    SessionTable* table_;
    SessionPanel* panel_;
    QLineEdit* jump_;
    QWidget* progress_;
    QProgressBar* progressBar_;
    QLabel* progressWords_;
    QPushButton* cancel_;
    QList<QAction*> exports_;
};

}  // namespace apiary::console
