#include "console/view/transcript_view.hpp"

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
constexpr double kTextSize = 12.5;
constexpr double kLogSize = 11.5;

QFont textFont(TranscriptView::Form form) {
    return monoFont(form == TranscriptView::Form::Log ? kLogSize : kTextSize);
}

}  // namespace

TranscriptView::TranscriptView(const Theme& theme, QWidget* parent) : QAbstractScrollArea(parent), theme_(theme) {
    setFrameShape(NoFrame);
    setStyleSheet(u"background: transparent"_s);
    viewport()->setAutoFillBackground(false);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setMinimumHeight(90);
    setAccessibleName(u"Transcript of the session"_s);
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

void TranscriptView::layOut() {
    const int left = form_ == Form::Log ? kLogLeft : kTextLeft;
    const double character = QFontMetricsF(textFont(form_)).horizontalAdvance(u'0');
    columns_ = static_cast<int>((viewport()->width() - left - 8) / std::max(1.0, character));
    lines_.clear();
    if (detail_) {
        lines_ = form_ == Form::Log ? layOutLog(*detail_, columns_) : layOutTranscript(*detail_, columns_);
    }
    fitScrollBar();
}

void TranscriptView::fitScrollBar() {
    const int high = static_cast<int>(lines_.size()) * kRow + 2 * kMargin;
    verticalScrollBar()->setRange(0, std::max(0, high - viewport()->height()));
    verticalScrollBar()->setPageStep(viewport()->height());
    verticalScrollBar()->setSingleStep(kRow);
    viewport()->update();
}

void TranscriptView::resizeEvent(QResizeEvent*) {
    const int before = columns_;
    const double character = QFontMetricsF(textFont(form_)).horizontalAdvance(u'0');
    const int left = form_ == Form::Log ? kLogLeft : kTextLeft;
    if (static_cast<int>((viewport()->width() - left - 8) / std::max(1.0, character)) != before) {
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
        paintLine(painter, lines_[i], static_cast<int>(i) * kRow - scrolled);
    }
}

void TranscriptView::paintLine(QPainter& painter, const TranscriptLine& line, int top) const {
    const Tokens& tokens = theme_.tokens();
    if (form_ == Form::Log) {
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
                         Qt::AlignLeft | Qt::AlignVCenter, u"⤷ "_s + line.text());
        return;
    }
    if (line.first) {
        painter.setFont(monoFont(kTextSize, QFont::Bold));
        painter.setPen(colour);
        painter.drawText(QRect(kBar + 7, top, 18, kRow), Qt::AlignCenter, received ? u"→"_s : u"←"_s);
    }
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
