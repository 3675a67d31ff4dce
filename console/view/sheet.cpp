#include "console/view/sheet.hpp"

#include "console/view/card.hpp"
#include "console/view/controls.hpp"

#include <QBoxLayout>
#include <QEvent>
#include <QGridLayout>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollArea>

#include <algorithm>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kMargin = 40;
constexpr int kListRows = 12;
constexpr int kListRow = 24;

}  // namespace

Sheet::Sheet(const Theme& theme, QWidget& window, const QString& title, int width)
    : QWidget(&window), theme_(theme), card_(new Card(theme, title, this)), width_(width) {
    card_->body()->setContentsMargins(20, 12, 20, 16);
    card_->body()->setSpacing(10);
    setAccessibleName(title);
    setFocusPolicy(Qt::StrongFocus);
    setGeometry(window.rect());
    window.installEventFilter(this);
    hide();
}

void Sheet::present(QWidget& first) {
    fit();
    show();
    raise();
    first.setFocus();
}

QString Sheet::title() const {
    return accessibleName();
}

QBoxLayout& Sheet::body() {
    return *card_->body();
}

void Sheet::close() {
    if (!isHidden()) {
        hide();
        Q_EMIT closed();
        deleteLater();
    }
}

void Sheet::fit() {
    const int wide = std::min(width_, width() - 2 * kMargin);
    const int wanted = card_->layout()->hasHeightForWidth() ? card_->layout()->heightForWidth(wide)
                                                            : card_->layout()->sizeHint().height();
    const int high = std::min(wanted, height() - 2 * kMargin);
    card_->setGeometry((width() - wide) / 2, std::max(kMargin, (height() - high) / 3), wide, high);
}

/// Keys are the sheet's as long as it is there, not those of the page behind it.
bool Sheet::event(QEvent* event) {
    if (event->type() == QEvent::ShortcutOverride) {
        event->accept();
        return true;
    }
    return QWidget::event(event);
}

bool Sheet::eventFilter(QObject* watched, QEvent* event) {
    if (watched == parent() && event->type() == QEvent::Resize) {
        setGeometry(parentWidget()->rect());
        fit();
    }
    return QWidget::eventFilter(watched, event);
}

bool Sheet::focusNextPrevChild(bool next) {
    QList<QWidget*> stops;
    for (QWidget* child : findChildren<QWidget*>()) {
        if (child->isVisible() && child->isEnabled() && (child->focusPolicy() & Qt::TabFocus) != 0) {
            stops.append(child);
        }
    }
    if (!stops.isEmpty()) {
        const qsizetype at = stops.indexOf(focusWidget());
        const qsizetype to = at < 0 ? 0 : (at + (next ? 1 : stops.size() - 1)) % stops.size();
        stops[to]->setFocus(next ? Qt::TabFocusReason : Qt::BacktabFocusReason);
    }
    return true;
}

void Sheet::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Escape) {
        close();
    }
    event->accept();
}

void Sheet::mousePressEvent(QMouseEvent* event) {
    if (!card_->geometry().contains(event->position().toPoint())) {
        close();
    }
}

void Sheet::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), QColor(8, 12, 18, theme_.tone() == Tone::Dark ? 170 : 110));
}

ConfirmSheet::ConfirmSheet(const Theme& theme, QWidget& window, const QString& title, const QString& sentence,
                           const QList<std::pair<QString, QString>>& lines, const QString& action, bool destructive)
    : Sheet(theme, window, title, 520), sentence_(plainLabel(sentence, uiFont(13), "secondary")), lines_(lines) {
    sentence_->setWordWrap(true);
    body().addWidget(sentence_);
    auto* list = new QWidget;
    auto* grid = new QGridLayout(list);
    grid->setContentsMargins(0, 0, 8, 0);
    grid->setVerticalSpacing(4);
    grid->setHorizontalSpacing(16);
    grid->setColumnStretch(1, 1);
    for (int row = 0; row < lines_.size(); ++row) {
        auto* remark = new ElidedLabel(uiFont(12), "secondary");
        remark->setText(lines_[row].second);
        remark->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
        grid->addWidget(plainLabel(lines_[row].first, uiFont(13, QFont::DemiBold)), row, 0);
        grid->addWidget(remark, row, 1);
    }
    auto* area = new QScrollArea;
    area->setWidgetResizable(true);
    area->setFrameShape(QFrame::NoFrame);
    area->setFocusPolicy(Qt::NoFocus);
    area->setFixedHeight(static_cast<int>(std::clamp<qsizetype>(lines_.size(), 1, kListRows)) * kListRow);
    area->setWidget(list);
    body().addWidget(area);
    auto* buttons = new QHBoxLayout;
    auto* cancel = textButton(u"Cancel"_s);
    cancel->setObjectName(u"sheet:Cancel"_s);
    confirm_ = textButton(action, destructive ? "danger" : "primary");
    confirm_->setObjectName(u"sheet:Confirm"_s);
    buttons->addStretch(1);
    buttons->addWidget(cancel);
    buttons->addWidget(confirm_);
    body().addLayout(buttons);
    connect(cancel, &QPushButton::clicked, this, &Sheet::close);
    connect(confirm_, &QPushButton::clicked, this, [this] {
        Q_EMIT confirmed();
        close();
    });
    present(*cancel);
}

void ConfirmSheet::allow(bool allowed) {
    confirm_->setEnabled(allowed);
}

QString ConfirmSheet::sentence() const {
    return sentence_->text();
}

Sheet* sheetOver(const QWidget& window) {
    for (Sheet* sheet : window.findChildren<Sheet*>()) {
        if (sheet->isVisible()) {
            return sheet;
        }
    }
    return nullptr;
}

}  // namespace apiary::console
