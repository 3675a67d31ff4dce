#include "console/view/open_list.hpp"

#include "console/model/figures.hpp"
#include "console/model/visible_text.hpp"
#include "console/view/controls.hpp"

#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>

#include <algorithm>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kRow = 45;
constexpr int kSource = 88;
constexpr int kRoomy = 290;  // from here on the time of the start fits beside the source

}  // namespace

OpenList::OpenList(const Theme& theme, OpenSessionModel& model, std::function<qint64()> clock, QWidget* parent)
    : QAbstractScrollArea(parent),
      theme_(theme),
      model_(model),
      clock_(std::move(clock)),
      empty_(new Placeholder(theme, this)) {
    setFrameShape(NoFrame);
    // For these two alone: without a selector it would be that of their tool tips too.
    setStyleSheet(u"QAbstractScrollArea, #qt_scrollarea_viewport { background: transparent; }"_s);
    viewport()->setAutoFillBackground(false);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setMinimumHeight(100);
    setAccessibleName(u"Open connections"_s);
    empty_->show(Glyph::Quiet, u"Nobody is connected"_s, u"Connections appear here while they last."_s);
    connect(&model_, &QAbstractItemModel::modelReset, this, &OpenList::fit);
    connect(&theme, &Theme::changed, viewport(), qOverload<>(&QWidget::update));
    fit();
}

QStringList OpenList::shownCells(int row) const {
    const SessionRow& session = model_.rows()[row];
    return {protocolText(session.protocol), u"%1:%2"_s.arg(visible(session.source, 48)).arg(session.sourcePort),
            clockText(session.startedUs), u"port %1"_s.arg(session.targetPort), visible(session.sensor, 48)};
}

int OpenList::shownRows() const {
    return std::min(model_.rowCount(), viewport()->height() / kRow + 1);
}

void OpenList::fit() {
    const int high = model_.rowCount() * kRow;
    verticalScrollBar()->setRange(0, std::max(0, high - viewport()->height()));
    verticalScrollBar()->setPageStep(viewport()->height());
    verticalScrollBar()->setSingleStep(kRow);
    empty_->setVisible(model_.loaded() && model_.rowCount() == 0);
    empty_->setGeometry(viewport()->geometry());
    viewport()->update();
}

void OpenList::resizeEvent(QResizeEvent*) {
    fit();
}

void OpenList::mouseReleaseEvent(QMouseEvent* event) {
    const int row = (static_cast<int>(event->position().y()) + verticalScrollBar()->value()) / kRow;
    if (row >= 0 && row < model_.rowCount()) {
        Q_EMIT activated(model_.rows()[row].id);
    }
}

void OpenList::paintEvent(QPaintEvent*) {
    QPainter painter(viewport());
    painter.setRenderHint(QPainter::Antialiasing);
    const Tokens& tokens = theme_.tokens();
    const int wide = viewport()->width();
    const int scrolled = verticalScrollBar()->value();
    const qint64 now = clock_();
    for (int row = scrolled / kRow; row < model_.rowCount(); ++row) {
        const int top = row * kRow - scrolled;
        if (top > viewport()->height()) {
            break;
        }
        const QStringList cells = shownCells(row);
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme_.protocolColour(cells[0]));
        painter.drawRoundedRect(QRectF(0, top + 5, 3, kRow - 12), 1.5, 1.5);
        painter.setFont(uiFont(12, QFont::DemiBold));
        painter.setPen(tokens.text);
        painter.drawText(QRect(12, top + 2, 72, 20), Qt::AlignLeft | Qt::AlignVCenter,
                         painter.fontMetrics().elidedText(cells[0], Qt::ElideRight, 72));
        const bool roomy = wide >= kRoomy;
        painter.setFont(monoFont(12));
        const int room = wide - kSource - (roomy ? 68 : 4);
        painter.drawText(QRect(kSource, top + 2, room, 20),
                         int(Qt::AlignVCenter) | int(roomy ? Qt::AlignLeft : Qt::AlignRight),
                         painter.fontMetrics().elidedText(cells[1], Qt::ElideMiddle, room));
        painter.setFont(monoFont(11));
        painter.setPen(tokens.secondary);
        if (roomy) {
            painter.drawText(QRect(wide - 66, top + 2, 62, 20), Qt::AlignRight | Qt::AlignVCenter, cells[2]);
        }
        painter.setFont(uiFont(11.5));
        painter.drawText(QRect(12, top + 21, wide - 90, 18), Qt::AlignLeft | Qt::AlignVCenter,
                         painter.fontMetrics().elidedText(cells[4] + u" · "_s + cells[3], Qt::ElideRight, wide - 92));
        painter.setFont(monoFont(11));
        painter.drawText(QRect(wide - 86, top + 21, 82, 18), Qt::AlignRight | Qt::AlignVCenter,
                         ageText(now - model_.rows()[row].startedUs));
        painter.setPen(tokens.grid);
        painter.drawLine(QPointF(12, top + kRow - 0.5), QPointF(wide, top + kRow - 0.5));
    }
}

}  // namespace apiary::console
