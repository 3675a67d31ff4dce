#pragma once

#include "console/model/transcript.hpp"
#include "console/view/theme.hpp"

#include <QAbstractScrollArea>

#include <optional>

namespace apiary::console {

/// Paints a session's bytes, the attacker's in red with →, ours in blue with ←; or its text log, line by line. It
/// paints every character itself: hostile bytes never meet a text engine that could interpret them.
class TranscriptView final : public QAbstractScrollArea {
    Q_OBJECT

public:
    enum class Form { Turns, Log };

    explicit TranscriptView(const Theme& theme, QWidget* parent = nullptr);

    void show(const std::optional<SessionDetail>& detail);
    void setForm(Form form);
    Form form() const { return form_; }
    const QList<TranscriptLine>& lines() const { return lines_; }

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void layOut();
    void fitScrollBar();
    void paintLine(QPainter& painter, const TranscriptLine& line, int top) const;

    const Theme& theme_;
    std::optional<SessionDetail> detail_;
    QList<TranscriptLine> lines_;
    Form form_ = Form::Turns;
    int columns_ = 0;
};

}  // namespace apiary::console
