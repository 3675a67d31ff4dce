#pragma once

#include "console/model/workspace.hpp"
#include "console/view/filter_line.hpp"
#include "console/view/session_histogram.hpp"

class QHBoxLayout;
class QLabel;
class QPushButton;
class QToolButton;

namespace apiary::console {

/// What the list of sessions is asked for: the line in which conditions are typed, those that are set as chips, how
/// much was found, and when. A filter that cannot be read changes nothing but the words that say so.
class FilterBar final : public QWidget {
    Q_OBJECT

public:
    FilterBar(const Theme& theme, Workspace& workspace, QWidget* parent = nullptr);

    FilterLine& line() const { return *line_; }
    const SessionHistogram& histogram() const { return *histogram_; }
    /// The conditions that are set, as they are written.
    const QStringList& chips() const { return chips_; }
    QList<QToolButton*> chipButtons() const { return chipButtons_; }
    /// Chips and line together.
    QString filter() const;
    QString error() const;
    QString countWords() const;
    /// The place for further buttons at the right of the line.
    QHBoxLayout* head() const { return head_; }

    void clear();
    /// Sets a condition in place of one of the same key.
    void setTerm(const QString& key, const QString& value);

private:
    FilterVocabulary vocabulary() const;
    void apply();
    void applyTyped();
    void enter();
    void editLast();
    void followQuery();
    void remove(const QString& chip);
    void showChips();
    void showCount();
    void showSeries();

    const Theme& theme_;
    Workspace& workspace_;
    FilterLine* line_;
    QHBoxLayout* head_;
    QHBoxLayout* chipRow_;
    QPushButton* clear_;
    QPushButton* wholeRange_;
    QPushButton* retry_;
    QLabel* error_;
    QLabel* count_;
    QLabel* noSeries_;
    SessionHistogram* histogram_;
    QStringList chips_;
    QList<QToolButton*> chipButtons_;
    SessionQuery asked_;  // by this bar
};

}  // namespace apiary::console
