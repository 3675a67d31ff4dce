#pragma once

#include "console/model/workspace.hpp"
#include "console/view/theme.hpp"

#include <QFrame>

class QLabel;
class QToolButton;

namespace apiary::console {

/// The line above a page: its name, the range in words, the range's presets, refresh, and the theme.
class TopBar final : public QFrame {
    Q_OBJECT

public:
    TopBar(Theme& theme, Workspace& workspace, QWidget* parent = nullptr);

    void setTitle(const QString& title, bool withRange);
    QString subtitle() const;

private:
    void showSpan();
    void showRange();

    Theme& theme_;
    Workspace& workspace_;
    QLabel* title_;
    QLabel* range_;
    QWidget* presets_;
    QList<QToolButton*> buttons_;
    QToolButton* zoomOut_;
    QToolButton* refresh_;
    Span before_;  // the preset that zooming out goes back to
};

}  // namespace apiary::console
