#pragma once

#include "console/model/workspace.hpp"
#include "console/view/theme.hpp"

#include <QTableWidget>

namespace apiary::console {

/// The newest sessions of the source of the selected one. Enter or a double click selects a session.
class SourceList final : public QTableWidget {
    Q_OBJECT

public:
    SourceList(const Theme& theme, Workspace& workspace, QWidget* parent = nullptr);

Q_SIGNALS:
    void countChanged(const QString& words);

protected:
    void keyPressEvent(QKeyEvent* event) override;

private:
    void refresh();
    void choose(int row);

    Workspace& workspace_;
    QList<QByteArray> ids_;
};

}  // namespace apiary::console
