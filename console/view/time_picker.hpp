#pragma once

#include "console/model/workspace.hpp"
#include "console/view/theme.hpp"

#include <QToolButton>

class QFrame;
class QGridLayout;
class QLabel;
class QLineEdit;
class QPushButton;

namespace apiary::console {

/// The button that says which time is looked at, and the popup in which another is chosen: from and to as text, the
/// ranges that were used, and presets. `theme` and `workspace` must outlive it.
class TimePicker final : public QToolButton {
    Q_OBJECT

public:
    TimePicker(const Theme& theme, Workspace& workspace, QWidget* parent = nullptr);

    /// The popup; its children are called time:from, time:to, time:apply, time:last:24 h …, time:recent:0 ….
    QFrame& popup() { return *popup_; }
    const QFrame& popup() const { return *popup_; }
    /// Opens the popup below the button, with the span in its fields.
    void open();
    /// Ranges that were typed here, newest first; five at most. To be kept between runs, as fromWords() and toWords().
    const QList<std::pair<QString, QString>>& recent() const { return recent_; }
    void setRecent(const QList<std::pair<QString, QString>>& recent);
    /// Why the range in the fields is none; empty while it is one.
    QString error() const;

Q_SIGNALS:
    void recentChanged();

private:
    QWidget* makeFields();
    QWidget* makePresets();
    void showSpan();
    void showRecent();
    void apply();
    void choose(const Span& span);

    const Theme& theme_;
    Workspace& workspace_;
    QFrame* popup_;
    QLineEdit* from_ = nullptr;
    QLineEdit* to_ = nullptr;
    QLabel* error_ = nullptr;
    QGridLayout* recentLines_ = nullptr;
    QList<QPushButton*> presets_;
    QList<std::pair<QString, QString>> recent_;
};

}  // namespace apiary::console
