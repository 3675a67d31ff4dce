#pragma once

#include "console/model/workspace.hpp"
#include "console/view/card.hpp"
#include "console/view/pill.hpp"
#include "console/view/transcript_view.hpp"

class QGridLayout;
class QLabel;
class QStackedLayout;

namespace apiary::console {

class Placeholder;

/// The selected session: who, where, how long, what it tried, whether log and database agree, and what was said.
class SessionPanel final : public QWidget {
    Q_OBJECT

public:
    SessionPanel(const Theme& theme, Workspace& workspace, QWidget* parent = nullptr);

    TranscriptView& transcript() const { return *transcript_; }
    QString title() const;
    QString agreement() const;
    /// Name and value of each fact on the screen.
    QList<std::pair<QString, QString>> facts() const;

private:
    QWidget* makeFacts();
    QWidget* makeTabs();
    void refresh();
    void showFacts(const SessionDetail& detail);

    const Theme& theme_;
    Workspace& workspace_;
    QLabel* title_;
    QLabel* subtitle_;
    Pill* agreement_;
    QList<std::pair<QLabel*, QLabel*>> facts_;
    TranscriptView* transcript_;
    Placeholder* placeholder_;
    QWidget* content_;
};

}  // namespace apiary::console
