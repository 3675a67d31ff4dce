#pragma once

#include "console/view/theme.hpp"

#include <QWidget>

namespace apiary::console {

class ElidedLabel;
class Placeholder;

/// What a card holds, in each of its states: loading, empty, failed, shown, and shown from before while newer data
/// could not be read - dimmed, with the reason below.
class PanelBody final : public QWidget {
    Q_OBJECT

public:
    enum class State { Loading, Empty, Failed, Shown, Stale };

    /// Takes `content` over.
    PanelBody(const Theme& theme, QWidget* content, QWidget* parent = nullptr);

    /// `empty` and its sentence stand in place of the content when there is nothing.
    void setEmptyWords(const QString& empty, const QString& sentence);
    /// `some`: there is something to show. `known`: an answer came at all. `failure`: why the newest did not.
    void show(bool known, bool some, const QString& failure);
    State state() const { return state_; }
    /// What stands on the screen beside the content.
    QString words() const;

private:
    QWidget* content_;
    Placeholder* placeholder_;
    ElidedLabel* reason_;
    QString empty_;
    QString sentence_;
    State state_ = State::Loading;
};

}  // namespace apiary::console
