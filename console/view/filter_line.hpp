#pragma once

#include "console/model/filter_language.hpp"
#include "console/view/theme.hpp"

#include <QLineEdit>
#include <QListWidget>
#include <QTimer>

#include <functional>

namespace apiary::console {

/// The line in which a filter is typed. What can be completed stands in a list below: Tab takes it, arrows choose;
/// without a list, arrows go through the history. typed() comes when a person pauses, entered() with Enter.
class FilterLine final : public QLineEdit {
    Q_OBJECT

public:
    static constexpr int kPauseMs = 250;

    FilterLine(const Theme& theme, std::function<FilterVocabulary()> vocabulary, QWidget* parent = nullptr);

    /// Keeps the border red while the text cannot be read.
    void showWrong(bool wrong);
    void remember(const QString& filter);
    const QStringList& history() const { return history_; }
    /// What the list below shows; empty while it is hidden.
    QStringList options() const;

Q_SIGNALS:
    void typed();
    void entered();
    /// Backspace at the beginning of the line: the condition before it is to be edited.
    void backWanted();
    void focused();

protected:
    bool event(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    void complete();
    void takeOption(const QString& option);
    bool chooseOption(int key);
    bool goThroughHistory(int key);

    const Theme& theme_;
    std::function<FilterVocabulary()> vocabulary_;
    QListWidget* list_;
    FilterCompletion completion_;
    QStringList history_;   // the newest last
    qsizetype shown_ = -1;  // the entry of the history in the line
    QTimer pause_;
    bool wrong_ = false;
};

}  // namespace apiary::console
