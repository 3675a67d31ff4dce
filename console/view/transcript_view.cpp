#include "console/view/transcript_view.hpp"

#include <QKeyEvent>
#include <QPainter>
#include <QScrollBar>

#include <algorithm>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kRow = 21;
constexpr int kMargin = 4;
constexpr int kTimeRight = 50;
constexpr int kBar = 56;
constexpr int kTextLeft = 86;
constexpr int kLogLeft = 4;
constexpr int kWideHex = 80;
constexpr double kTextSize = 12.5;
constexpr double kHexSize = 11.5;
constexpr double kLogSize = 11.5;

QFont textFont(TranscriptView::Form form) {
    const bool small = form == TranscriptView::Form::Log || form == TranscriptView::Form::Events;
    return monoFont(small ? kLogSize : form == TranscriptView::Form::Hex ? kHexSize : kTextSize);
}

}  // namespace

TranscriptView::TranscriptView(const Theme& theme, QWidget* parent) : QAbstractScrollArea(parent), theme_(theme) {
    setFrameShape(NoFrame);
    // For these two alone: without a selector it would be that of their tool tips too.
    setStyleSheet(u"QAbstractScrollArea, #qt_scrollarea_viewport { background: transparent; }"_s);
    viewport()->setAutoFillBackground(false);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setMinimumHeight(90);
    setAccessibleName(u"Transcript of the session"_s);
    setFocusPolicy(Qt::StrongFocus);
    connect(&theme, &Theme::changed, viewport(), qOverload<>(&QWidget::update));
}

void TranscriptView::show(const std::optional<SessionDetail>& detail) {
    const bool other = !detail || !detail_ || detail->row.id != detail_->row.id;
    detail_ = detail;
    layOut();
    if (other) {
        verticalScrollBar()->setValue(0);
    }
}

void TranscriptView::setForm(Form form) {
    form_ = form;
    layOut();
    verticalScrollBar()->setValue(0);
}

void TranscriptView::setDirection(Direction direction) {
    direction_ = direction;
    layOut();
    verticalScrollBar()->setValue(0);
}

int TranscriptView::columnsThatFit() const {
    const double character = QFontMetricsF(textFont(form_)).horizontalAdvance(u'0');
    return static_cast<int>((viewport()->width() - (listed() ? kLogLeft : kTextLeft) - 8) / std::max(1.0, character));
}

QList<TranscriptLine> TranscriptView::linesOf(int columns) const {
    if (!detail_) {
        return {};
    }
    switch (form_) {
        case Form::Turns:
            return layOutTranscript(*detail_, columns, direction_);
        case Form::Hex:
            return layOutHex(*detail_, columns, direction_);
        case Form::Events:
            return layOutEvents(*detail_, columns);
        case Form::Log:
            break;
    }
    return layOutLog(*detail_, columns);
}

QString TranscriptView::text(bool markers) const {
    return transcriptText(linesOf(form_ == Form::Hex ? kWideHex : kTranscriptBytes), markers && !listed());
}

void TranscriptView::layOut() {
    columns_ = columnsThatFit();
    lines_ = linesOf(columns_);
    search();
    fitScrollBar();
}

void TranscriptView::find(const QString& needle) {
    needle_ = needle;
    match_ = 0;
    search();
    showMatch();
}

void TranscriptView::findNext(int step) {
    if (matchCount_ > 0) {
        match_ = (match_ + step + matchCount_) % matchCount_;
        showMatch();
    }
}

void TranscriptView::search() {
    found_ = findInTranscript(lines_, needle_);
    matchCount_ = static_cast<int>(std::ranges::count(found_, true, &TranscriptMatch::begins));
    match_ = std::clamp(match_, 0, std::max(0, matchCount_ - 1));
    viewport()->update();
}

/// Scrolls so that the chosen match is seen.
void TranscriptView::showMatch() {
    int number = -1;
    for (const TranscriptMatch& match : std::as_const(found_)) {
        number += match.begins ? 1 : 0;
        if (number == match_) {
            const int top = static_cast<int>(match.line) * kRow + kMargin;
            const int value = verticalScrollBar()->value();
            if (top < value || top + kRow > value + viewport()->height()) {
                verticalScrollBar()->setValue(top - viewport()->height() / 2);
            }
            break;
        }
    }
    viewport()->update();
}

void TranscriptView::paintMatches(QPainter& painter, qsizetype line, int top, double left) const {
    const auto first = std::ranges::lower_bound(found_, line, {}, &TranscriptMatch::line);
    int number =
        static_cast<int>(std::count_if(found_.begin(), first, [](const auto& match) { return match.begins; })) - 1;
    const double character = QFontMetricsF(textFont(form_)).horizontalAdvance(u'0');
    for (auto match = first; match != found_.end() && match->line == line; ++match) {
        number += match->begins ? 1 : 0;
        QColor mark = theme_.tokens().warn;
        mark.setAlphaF(number == match_ ? 0.55F : 0.25F);
        painter.fillRect(QRectF(left + static_cast<double>(match->column) * character, top + 1,
                                static_cast<double>(match->length) * character, kRow - 2),
                         mark);
    }
}

void TranscriptView::keyPressEvent(QKeyEvent* event) {
    QScrollBar* bar = verticalScrollBar();
    switch (event->key()) {
        case Qt::Key_Home:
            bar->setValue(0);
            break;
        case Qt::Key_End:
            bar->setValue(bar->maximum());
            break;
        default:
            QAbstractScrollArea::keyPressEvent(event);
            break;
    }
}

void TranscriptView::fitScrollBar() {
    const int high = static_cast<int>(lines_.size()) * kRow + 2 * kMargin;
    verticalScrollBar()->setRange(0, std::max(0, high - viewport()->height()));
    verticalScrollBar()->setPageStep(viewport()->height());
    verticalScrollBar()->setSingleStep(kRow);
    viewport()->update();
}

void TranscriptView::resizeEvent(QResizeEvent*) {
    if (columnsThatFit() != columns_) {
        layOut();
    } else {
        fitScrollBar();
    }
}

void TranscriptView::paintEvent(QPaintEvent*) {
    QPainter painter(viewport());
    const int scrolled = verticalScrollBar()->value() - kMargin;
    const auto first = std::max(0, scrolled / kRow);
    const auto last = std::min<qsizetype>(lines_.size(), (scrolled + viewport()->height()) / kRow + 1);
    for (qsizetype i = first; i < last; ++i) {
        paintLine(painter, i, static_cast<int>(i) * kRow - scrolled);
    }
    if (lines_.isEmpty() && detail_) {
        painter.setFont(uiFont(12.5));
        painter.setPen(theme_.tokens().secondary);
        painter.drawText(viewport()->rect(), Qt::AlignCenter, emptyWords());
    }
}

QString TranscriptView::emptyWords() const {
    return form_ == Form::Events               ? u"No events were recorded"_s
           : form_ == Form::Log                ? u"No text log"_s
           : direction_ == Direction::Attacker ? u"The attacker sent nothing"_s
           : direction_ == Direction::Us       ? u"We sent nothing"_s
                                               : u"Nothing was sent by either side"_s;
}

void TranscriptView::paintLine(QPainter& painter, qsizetype number, int top) const {
    const Tokens& tokens = theme_.tokens();
    const TranscriptLine& line = lines_[number];
    if (listed()) {
        paintMatches(painter, number, top, kLogLeft);
        painter.setFont(textFont(form_));
        painter.setPen(line.first ? tokens.text : tokens.secondary);
        painter.drawText(QRect(kLogLeft, top, viewport()->width() - kLogLeft, kRow), Qt::AlignLeft | Qt::AlignVCenter,
                         line.text());
        return;
    }
    const bool received = line.kind == TranscriptLine::Kind::Received;
    const bool note = line.kind == TranscriptLine::Kind::Note;
    const QColor colour = note ? tokens.secondary : received ? tokens.attacker : tokens.us;
    if (!note) {
        painter.fillRect(QRect(kBar, top, viewport()->width() - kBar - 4, kRow),
                         received ? tokens.attackerBand : tokens.usBand);
        painter.fillRect(QRect(kBar, top, 3, kRow), colour);
    }
    if (line.first) {
        painter.setFont(monoFont(11));
        painter.setPen(tokens.secondary);
        painter.drawText(QRect(0, top, kTimeRight, kRow), Qt::AlignRight | Qt::AlignVCenter,
                         QString::number(line.seconds, 'f', line.seconds < 1000 ? 2 : 0));
    }
    if (note) {
        QFont italic = uiFont(12);
        italic.setItalic(true);
        painter.setFont(italic);
        painter.setPen(colour);
        painter.drawText(QRect(kTextLeft, top, viewport()->width() - kTextLeft - 4, kRow),
                         Qt::AlignLeft | Qt::AlignVCenter, (line.broken ? u"    "_s : u"⤷ "_s) + line.text());
        return;
    }
    if (line.first) {
        painter.setFont(monoFont(kTextSize, QFont::Bold));
        painter.setPen(colour);
        painter.drawText(QRect(kBar + 7, top, 18, kRow), Qt::AlignCenter, received ? u"→"_s : u"←"_s);
    }
    paintMatches(painter, number, top, kTextLeft);
    QColor dim = colour;
    dim.setAlphaF(0.62F);
    painter.setFont(textFont(form_));
    const QFontMetricsF metrics(painter.font());
    double x = kTextLeft;
    for (const TranscriptRun& run : line.runs) {
        painter.setPen(run.escaped ? dim : colour);
        painter.drawText(QPointF(x, top + 15), run.text);
        x += metrics.horizontalAdvance(run.text);
    }
}

}  // namespace apiary::console
