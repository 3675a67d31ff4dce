#pragma once

#include "console/model/transcript.hpp"
#include "console/view/theme.hpp"

#include <QAbstractScrollArea>

#include <optional>

namespace apiary::console {

/// Paints a session's bytes, the attacker's in red with →, ours in blue with ←, as text or as a dump; or its events or
/// its text log, line by line. It paints every character itself: hostile bytes never meet a text engine that could
/// interpret them.
class TranscriptView final : public QAbstractScrollArea {
    Q_OBJECT

public:
    enum class Form { Turns, Hex, Events, Log };

    explicit TranscriptView(const Theme& theme, QWidget* parent = nullptr);

    void show(const std::optional<SessionDetail>& detail);
    void setForm(Form form);
    Form form() const { return form_; }
    void setDirection(Direction direction);
    Direction direction() const { return direction_; }
    /// Marks where `needle` stands and shows the first place; an empty one marks nothing.
    void find(const QString& needle);
    /// The next place, or the one before it; round the ends.
    void findNext(int step);
    int matches() const { return matchCount_; }
    /// The chosen match, from 1; 0 if there is none.
    int match() const { return matchCount_ == 0 ? 0 : match_ + 1; }
    /// What is shown, as text without the breaks that the width made.
    QString text(bool markers) const;
    const QList<TranscriptLine>& lines() const { return lines_; }
    /// What stands in place of lines when there are none.
    QString emptyWords() const;

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    QList<TranscriptLine> linesOf(int columns) const;
    bool listed() const { return form_ == Form::Log || form_ == Form::Events; }
    int columnsThatFit() const;
    void search();
    void showMatch();
    void paintMatches(QPainter& painter, qsizetype line, int top, double left) const;
    void layOut();
    void fitScrollBar();
    void paintLine(QPainter& painter, qsizetype number, int top) const;

    const Theme& theme_;
    std::optional<SessionDetail> detail_;
    QList<TranscriptLine> lines_;
    Form form_ = Form::Turns;
    Direction direction_ = Direction::Both;
    QString needle_;
    QList<TranscriptMatch> found_;
    int matchCount_ = 0;
    int match_ = 0;
    int columns_ = 0;
};

}  // namespace apiary::console
