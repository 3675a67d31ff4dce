#include "console/view/filter_line.hpp"

#include "console/view/glyphs.hpp"

#include <QKeyEvent>
#include <QPainter>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kHeight = 32;
constexpr int kIcon = 15;
constexpr int kIconLeft = 10;
constexpr int kTextLeft = 32;
constexpr int kOptionHeight = 24;
constexpr int kListWidth = 340;
constexpr int kMostHistory = 30;

}  // namespace

FilterLine::FilterLine(const Theme& theme, std::function<FilterVocabulary()> vocabulary, QWidget* parent)
    : QLineEdit(parent), theme_(theme), vocabulary_(std::move(vocabulary)), list_(new QListWidget) {
    setObjectName(u"filter"_s);
    setFixedHeight(kHeight);
    setFont(monoFont(12.5));
    setTextMargins(kTextLeft - kIconLeft, 0, 0, 0);
    setPlaceholderText(
        u"Filter:  proto:telnet  src:203.0.113.0/24  user:root  -port:23  login:tried  text:\"busybox\"    "
        "(/ to focus, Tab to complete)"_s);
    setAccessibleName(u"Filter of the sessions"_s);
    setMaxLength(4000);
    list_->setObjectName(u"Popup"_s);
    list_->setFont(monoFont(12));
    list_->setFocusPolicy(Qt::NoFocus);
    list_->setUniformItemSizes(true);
    list_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    list_->hide();
    connect(this, &QObject::destroyed, list_, &QObject::deleteLater);
    connect(list_, &QListWidget::itemClicked, this, [this](const QListWidgetItem* item) { takeOption(item->text()); });
    pause_.setSingleShot(true);
    pause_.setInterval(kPauseMs);
    connect(&pause_, &QTimer::timeout, this, &FilterLine::typed);
    connect(this, &QLineEdit::textEdited, this, [this] {
        shown_ = -1;
        pause_.start();
        complete();
    });
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void FilterLine::showWrong(bool wrong) {
    wrong_ = wrong;
    update();
}

void FilterLine::remember(const QString& filter) {
    shown_ = -1;
    history_.removeAll(filter);
    if (!filter.isEmpty()) {
        history_.append(filter);
    }
    if (history_.size() > kMostHistory) {
        history_.removeFirst();
    }
}

QStringList FilterLine::options() const {
    QStringList options;
    for (int i = 0; !list_->isHidden() && i < list_->count(); ++i) {
        options.append(list_->item(i)->text());
    }
    return options;
}

/// Shows what can be completed, over whatever is below the line.
void FilterLine::complete() {
    completion_ = completeFilter(text(), cursorPosition(), vocabulary_());
    const QString typedNow = text().mid(completion_.at, completion_.length);
    list_->clear();
    list_->addItems(completion_.options);
    if (completion_.options.isEmpty() || completion_.options == QStringList{typedNow} || !hasFocus()) {
        list_->hide();
        return;
    }
    list_->setParent(window());
    const int high = static_cast<int>(completion_.options.size()) * kOptionHeight + 6;
    list_->setGeometry(QRect(mapTo(window(), QPoint(kTextLeft, height() + 2)), QSize(kListWidth, high)));
    list_->show();
    list_->raise();
}

void FilterLine::takeOption(const QString& option) {
    QString text = this->text();
    text.replace(completion_.at, completion_.length, option);
    setText(text);
    setCursorPosition(static_cast<int>(completion_.at + option.size()));
    pause_.start();
    if (option.endsWith(u':')) {
        complete();
    } else {
        list_->hide();
    }
}

bool FilterLine::event(QEvent* event) {
    // Tab would move the focus before keyPressEvent() sees it.
    if (event->type() == QEvent::KeyPress && static_cast<QKeyEvent*>(event)->key() == Qt::Key_Tab) {
        if (list_->isHidden() && !text().isEmpty()) {
            complete();
        }
        if (!list_->isHidden()) {
            takeOption(list_->item(std::max(0, list_->currentRow()))->text());
            return true;
        }
    }
    return QLineEdit::event(event);
}

void FilterLine::keyPressEvent(QKeyEvent* event) {
    if (chooseOption(event->key()) || goThroughHistory(event->key())) {
        return;
    }
    if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) {
        pause_.stop();
        list_->hide();
        Q_EMIT entered();
        return;
    }
    if (event->key() == Qt::Key_Backspace && cursorPosition() == 0 && !hasSelectedText()) {
        Q_EMIT backWanted();
        return;
    }
    if (event->key() == Qt::Key_Escape) {
        if (!list_->isHidden()) {
            list_->hide();
        } else {
            clear();
            Q_EMIT typed();
        }
        return;
    }
    QLineEdit::keyPressEvent(event);
}

bool FilterLine::chooseOption(int key) {
    if (list_->isHidden() || (key != Qt::Key_Down && key != Qt::Key_Up)) {
        if (!list_->isHidden() && list_->currentRow() >= 0 && (key == Qt::Key_Return || key == Qt::Key_Enter)) {
            takeOption(list_->currentItem()->text());
            return true;
        }
        return false;
    }
    const int step = key == Qt::Key_Down ? 1 : -1;
    list_->setCurrentRow(std::clamp(list_->currentRow() + step, 0, list_->count() - 1));
    return true;
}

bool FilterLine::goThroughHistory(int key) {
    if ((key != Qt::Key_Down && key != Qt::Key_Up) || history_.isEmpty()) {
        return false;
    }
    const qsizetype from = shown_ < 0 ? history_.size() : shown_;
    shown_ = std::max<qsizetype>(0, from + (key == Qt::Key_Down ? 1 : -1));
    setText(history_.value(shown_));
    if (shown_ >= history_.size()) {
        shown_ = -1;
    }
    pause_.start();
    return true;
}

void FilterLine::focusInEvent(QFocusEvent* event) {
    QLineEdit::focusInEvent(event);
    Q_EMIT focused();
}

void FilterLine::focusOutEvent(QFocusEvent* event) {
    list_->hide();
    QLineEdit::focusOutEvent(event);
}

void FilterLine::paintEvent(QPaintEvent* event) {
    QLineEdit::paintEvent(event);
    QPainter painter(this);
    const Tokens& tokens = theme_.tokens();
    painter.drawPixmap(kIconLeft, (height() - kIcon) / 2,
                       glyph(Glyph::Search, tokens.secondary, kIcon, devicePixelRatioF()));
    if (wrong_) {
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(QPen(tokens.critical, 2));
        painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), 6, 6);
    }
}

}  // namespace apiary::console
