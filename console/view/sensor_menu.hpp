#pragma once

#include "console/model/workspace.hpp"
#include "console/view/theme.hpp"

#include <QToolButton>

class QFrame;
class QLineEdit;
class QListWidget;
class QListWidgetItem;
class QPushButton;

namespace apiary::console {

/// The button that says which sensors all pages look at, and the popup in which they are chosen: all, or those with a
/// tick. A tick counts at once. `theme` and `workspace` must outlive it.
class SensorMenu final : public QToolButton {
    Q_OBJECT

public:
    SensorMenu(const Theme& theme, Workspace& workspace, QWidget* parent = nullptr);

    /// The popup; its children are called sensors:search, sensors:all and sensors:list.
    QFrame& popup() { return *popup_; }
    void open();

private:
    void showScope();
    void fill();
    void find(const QString& text);
    void takeTicks();

    Workspace& workspace_;
    QFrame* popup_;
    QLineEdit* search_;
    QPushButton* all_;
    QListWidget* list_;
    bool filling_ = false;
};

}  // namespace apiary::console
