#pragma once

#include "console/model/workspace.hpp"
#include "console/view/card.hpp"
#include "console/view/pill.hpp"
#include "console/view/source_list.hpp"
#include "console/view/transcript_view.hpp"

class QGridLayout;
class QLabel;
class QLineEdit;
class QMenu;
class QToolButton;

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
    QLineEdit& search() const { return *search_; }
    /// transcript, hex, events, log or source
    QString tab() const;
    /// `Same source (412)`
    QString sourceTab() const;
    void focusSearch();
    void copy(bool markers) const;
    /// Asks where, and writes the session there as `what`: log, transcript, hex or json.
    void save(const QString& what);
    /// What would be written. Only with a session.
    QByteArray content(const QString& what) const;

Q_SIGNALS:
    void refused(const QString& words);

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void nameSourceTab();
    QWidget* makeFacts();
    QWidget* makeTabs();
    QWidget* makeTools();
    void showSearch();
    void refresh();
    void showFacts(const SessionDetail& detail);

    const Theme& theme_;
    Workspace& workspace_;
    QLabel* title_;
    QLabel* subtitle_;
    Pill* agreement_;
    QList<std::pair<QLabel*, QLabel*>> facts_;
    TranscriptView* transcript_;
    SourceList* source_;
    QWidget* tools_;
    QLineEdit* search_;
    QLabel* found_;
    QToolButton* sourceTab_ = nullptr;
    QString ofSource_;  // how many sessions, as the tab shows it
    QToolButton* copy_;
    QToolButton* save_;
    Placeholder* placeholder_;
    QWidget* content_;
};

}  // namespace apiary::console
