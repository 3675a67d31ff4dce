#pragma once

#include "console/model/workspace.hpp"
#include "console/view/main_window.hpp"

#include <QTimer>

namespace apiary::console {

/// Writes the window as a picture once it shows live data and has not changed for a moment, and ends the program: with
/// status 0, or with 1 and a reason when there are none within 15 s.
class Screenshot final : public QObject {
    Q_OBJECT

public:
    Screenshot(MainWindow& window, Workspace& workspace, QString path);

private:
    bool complete() const;
    void look();
    void take();
    void giveUp(const QString& reason);

    MainWindow& window_;
    Workspace& workspace_;
    const QString path_;
    QTimer still_;
    QTimer patience_;
};

}  // namespace apiary::console
