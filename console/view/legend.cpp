#include "console/view/legend.hpp"

#include "console/model/figures.hpp"
#include "console/view/silence.hpp"

#include <QContextMenuEvent>
#include <QMenu>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kHead = 22;
constexpr double kRow = 23;

}  // namespace

Legend::Legend(const Theme& theme, TimeChart& chart, QWidget* parent) : QWidget(parent), theme_(theme), chart_(chart) {
    setFixedWidth(222);
    setMouseTracking(true);
    setFocusPolicy(Qt::TabFocus);
    setCursor(Qt::PointingHandCursor);
    setAccessibleName(u"Protocols: click to hide, Ctrl+click to show only one, Enter to list sessions"_s);
    setToolTip(u"Click hides, Ctrl+click shows only this, right click: more"_s);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
    connect(&chart, &TimeChart::shownChanged, this, &Legend::refresh);
}

void Legend::refresh() {
    entries_.clear();
    const quint64 all = chart_.bands().total();
    for (const Band& band : chart_.bands().layers) {
        const double share = all == 0 ? 0 : 100.0 * static_cast<double>(band.total) / static_cast<double>(all);
        entries_.append({.name = band.name,
                         .sessions = band.total < 100'000 ? grouped(band.total) : shortNumber(double(band.total)),
                         .share = QString::number(share, 'f', 1) + u'%',
                         .total = band.total,
                         .shown = chart_.shown(band.name)});
    }
    silence_ = chart_.bands().silent.contains(true);
    current_ = std::clamp(current_, 0, std::max(0, static_cast<int>(entries_.size()) - 1));
    update();
}

void Legend::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Tokens& tokens = theme_.tokens();
    const int countRight = width() - 58;
    const double high = rowHeight();
    if (!entries_.isEmpty()) {
        painter.setFont(uiFont(11));
        painter.setPen(tokens.secondary);
        painter.drawText(QRect(24, 0, 80, 20), Qt::AlignLeft | Qt::AlignVCenter, u"Protocol"_s);
        painter.drawText(QRect(countRight - 70, 0, 70, 20), Qt::AlignRight | Qt::AlignVCenter, u"Sessions"_s);
        painter.drawText(QRect(countRight, 0, 56, 20), Qt::AlignRight | Qt::AlignVCenter, u"Share"_s);
    }
    for (int i = 0; i < entries_.size(); ++i) {
        const Entry& entry = entries_[i];
        const QRectF row(0, kHead + i * high, width(), high);
        if (i == hovered_ || (hasFocus() && i == current_)) {
            painter.setPen(hasFocus() && i == current_ ? QPen(tokens.accent, 2) : QPen(Qt::NoPen));
            painter.setBrush(tokens.hover);
            painter.drawRoundedRect(row.adjusted(0, 1, 0, -1), 4, 4);
        }
        const QColor colour = theme_.protocolColour(entry.name);
        painter.setPen(QPen(colour, 1.5));
        painter.setBrush(entry.shown ? QBrush(colour) : QBrush(Qt::NoBrush));
        painter.drawRoundedRect(QRectF(6, row.center().y() - 5.5, 11, 11), 2.5, 2.5);
        painter.setFont(uiFont(12.5));
        painter.setPen(entry.shown ? tokens.text : tokens.faint);
        painter.drawText(QRectF(24, row.top(), countRight - 76, high), Qt::AlignLeft | Qt::AlignVCenter,
                         painter.fontMetrics().elidedText(entry.name, Qt::ElideRight, countRight - 78));
        painter.setFont(monoFont(12));
        painter.drawText(QRectF(countRight - 70, row.top(), 70, high), Qt::AlignRight | Qt::AlignVCenter,
                         entry.sessions);
        painter.setPen(entry.shown ? tokens.secondary : tokens.faint);
        painter.drawText(QRectF(countRight, row.top(), 56, high), Qt::AlignRight | Qt::AlignVCenter, entry.share);
    }
    if (silence_) {
        const QRectF row(0, kHead + static_cast<double>(entries_.size()) * high, width(), high);
        paintSilence(painter, QRectF(6, row.center().y() - 5.5, 11, 11), tokens);
        painter.setFont(uiFont(12.5));
        painter.setPen(tokens.secondary);
        painter.drawText(QRectF(24, row.top(), width() - 24, high), Qt::AlignLeft | Qt::AlignVCenter,
                         u"Not listening"_s);
    }
}

double Legend::rowHeight() const {
    const auto lines = static_cast<double>(std::max<qsizetype>(1, entries_.size() + (silence_ ? 1 : 0)));
    return std::clamp((height() - kHead) / lines, 15.0, kRow);
}

int Legend::entryAt(double y) const {
    const int entry = y < kHead ? -1 : static_cast<int>((y - kHead) / rowHeight());
    return entry < entries_.size() ? entry : -1;
}

void Legend::toggle(int entry) {
    chart_.setShown(entries_[entry].name, !entries_[entry].shown);
}

void Legend::isolate(int entry) {
    const QString only = entries_[entry].name;
    const QList<Entry> all = entries_;
    for (const Entry& other : all) {
        chart_.setShown(other.name, other.name == only);
    }
}

void Legend::mouseMoveEvent(QMouseEvent* event) {
    hovered_ = entryAt(event->position().y());
    update();
}

void Legend::mouseReleaseEvent(QMouseEvent* event) {
    const int entry = entryAt(event->position().y());
    if (entry < 0 || event->button() != Qt::LeftButton) {
        return;
    }
    if (event->modifiers().testFlag(Qt::ControlModifier)) {
        isolate(entry);
    } else {
        toggle(entry);
    }
}

void Legend::leaveEvent(QEvent*) {
    hovered_ = -1;
    update();
}

void Legend::keyPressEvent(QKeyEvent* event) {
    const int last = static_cast<int>(entries_.size()) - 1;
    if (event->key() == Qt::Key_Down) {
        current_ = std::min(current_ + 1, last);
    } else if (event->key() == Qt::Key_Up) {
        current_ = std::max(current_ - 1, 0);
    } else if (event->key() == Qt::Key_Space && last >= 0) {
        toggle(current_);
    } else if ((event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) && last >= 0) {
        Q_EMIT sessionsWanted(current_);
    } else {
        QWidget::keyPressEvent(event);
        return;
    }
    update();
}

QRect Legend::screenOf(int entry) const {
    const QRectF row(0, kHead + entry * rowHeight(), width(), rowHeight());
    return isVisible() ? QRect(mapToGlobal(row.topLeft().toPoint()), row.size().toSize()) : QRect();
}

/// Up and Down are for the entries, not for the scroll area around.
bool Legend::event(QEvent* event) {
    if (event->type() == QEvent::ShortcutOverride) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        if (key == Qt::Key_Up || key == Qt::Key_Down || key == Qt::Key_Space) {
            event->accept();
            return true;
        }
    }
    return QWidget::event(event);
}

void Legend::contextMenuEvent(QContextMenuEvent* event) {
    const int entry = event->reason() == QContextMenuEvent::Mouse ? entryAt(event->pos().y()) : current_;
    if (entry < 0 || entry >= entries_.size()) {
        return;
    }
    auto* menu = new QMenu(this);
    menu->setObjectName(u"legend:menu"_s);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    QString name = entries_[entry].name;
    name.replace(u'&', u"&&"_s);
    menu->addAction(u"List sessions of %1 (%2)"_s.arg(name, grouped(entries_[entry].total)), this,
                    [this, entry] { Q_EMIT sessionsWanted(entry); });
    menu->addAction(entries_[entry].shown ? u"Hide %1"_s.arg(name) : u"Show %1"_s.arg(name), this,
                    [this, entry] { toggle(entry); });
    menu->addAction(u"Show only %1"_s.arg(name), this, [this, entry] { isolate(entry); });
    menu->popup(event->globalPos());
}

}  // namespace apiary::console
