#pragma once

#include "console/model/workspace.hpp"
#include "console/view/session_panel.hpp"
#include "console/view/session_table.hpp"

namespace apiary::console {

/// The list of sessions, and the one that is selected in it.
class SessionsPage final : public QWidget {
    Q_OBJECT

public:
    SessionsPage(const Theme& theme, Workspace& workspace, QWidget* parent = nullptr);

    const SessionTable& table() const { return *table_; }
    const SessionPanel& panel() const { return *panel_; }

private:
    SessionTable* table_;
    SessionPanel* panel_;
};

}  // namespace apiary::console
