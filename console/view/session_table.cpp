#include "console/view/session_table.hpp"

#include "console/model/session_export.hpp"
#include "console/view/controls.hpp"

#include <QClipboard>
#include <QGuiApplication>
#include <QHeaderView>
#include <QKeyEvent>
#include <QPainter>
#include <QScrollBar>
#include <QStyledItemDelegate>

#include <array>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

using Model = SessionTableModel;

constexpr int kRow = 28;
constexpr int kHeader = 32;

// In the order of the columns; and which go first when there is no room.
constexpr std::array<int, Model::ColumnCount> kWidths{130, 106, 132, 104, 56, 104, 70, 84, 76, 80};
constexpr std::array<int, 7> kHideFirst{Model::Out,    Model::In,      Model::SensorName, Model::Duration,
                                        Model::Logins, Model::Outcome, Model::Port};

class SessionDelegate final : public QStyledItemDelegate {
public:
    SessionDelegate(const Theme& theme, QObject* parent) : QStyledItemDelegate(parent), theme_(theme) {}

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
        const Tokens& tokens = theme_.tokens();
        painter->save();
        if (option.state.testFlag(QStyle::State_Selected)) {
            painter->fillRect(option.rect, tokens.selection);
        }
        painter->setPen(tokens.grid);
        painter->drawLine(option.rect.bottomLeft(), option.rect.bottomRight());
        QRect cell = option.rect.adjusted(10, 0, -10, -1);
        const QString text = index.data(Qt::DisplayRole).toString();
        painter->setFont(monoFont(12));
        painter->setPen(tokens.text);
        switch (index.column()) {
            case Model::Protocol:
                painter->setRenderHint(QPainter::Antialiasing);
                painter->setPen(Qt::NoPen);
                painter->setBrush(theme_.protocolColour(text));
                painter->drawRoundedRect(QRectF(cell.left(), cell.center().y() - 4, 9, 9), 2.5, 2.5);
                cell.adjust(16, 0, 0, 0);
                painter->setFont(uiFont(12, QFont::Medium));
                painter->setPen(tokens.text);
                break;
            case Model::Outcome:
                painter->setFont(uiFont(12));
                painter->setPen(index.data(Model::OpenRole).toBool() ? tokens.accent : tokens.secondary);
                break;
            case Model::Logins:
                painter->setPen(index.data(Model::AcceptedRole).toBool() ? tokens.warn : tokens.text);
                break;
            case Model::Duration:
            case Model::In:
            case Model::Out:
            case Model::Port:
                painter->setPen(tokens.secondary);
                break;
            default:
                break;
        }
        painter->drawText(cell, index.data(Qt::TextAlignmentRole).toInt(),
                          painter->fontMetrics().elidedText(text, Qt::ElideRight, cell.width()));
        painter->restore();
    }

private:
    const Theme& theme_;
};

}  // namespace

SessionTable::SessionTable(const Theme& theme, Workspace& workspace, QWidget* parent)
    : QTableView(parent),
      theme_(theme),
      workspace_(workspace),
      newer_(textButton({}, "pill")),
      empty_(new Placeholder(theme, this)) {
    setModel(&workspace.list().table());
    setItemDelegate(new SessionDelegate(theme, this));
    setShowGrid(false);
    setWordWrap(false);
    setSelectionBehavior(SelectRows);
    setSelectionMode(SingleSelection);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setVerticalScrollMode(ScrollPerPixel);
    setFrameShape(NoFrame);
    setAccessibleName(u"Sessions, newest first"_s);
    verticalHeader()->hide();
    verticalHeader()->setDefaultSectionSize(kRow);
    verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    horizontalHeader()->setFont(uiFont(12, QFont::Medium));
    horizontalHeader()->setFixedHeight(kHeader);
    horizontalHeader()->setHighlightSections(false);
    horizontalHeader()->setSectionsClickable(false);
    horizontalHeader()->setMinimumSectionSize(30);
    newer_->setParent(this);
    newer_->hide();

    connect(newer_, &QPushButton::clicked, this, [this] {
        workspace_.list().table().hold(false);
        scrollToTop();
    });
    connect(verticalScrollBar(), &QScrollBar::valueChanged, this,
            [this](int value) { workspace_.list().table().hold(value > kRow / 2); });
    connect(&workspace_.list().table(), &Model::waitingChanged, this, &SessionTable::showWaiting);
    connect(selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this](const QModelIndex& current) {
        if (current.isValid()) {
            workspace_.list().select(current.data(Model::IdRole).toByteArray());
        }
    });
    connect(&workspace_.list(), &SessionList::selectionChanged, this, &SessionTable::followSelection);
    connect(&workspace_.list().table(), &QAbstractItemModel::modelReset, this, &SessionTable::followSelection);
    connect(&workspace_.list().table(), &Model::loadedChanged, this, &SessionTable::showEmpty);
    connect(&workspace_.list().table(), &QAbstractItemModel::rowsInserted, this, &SessionTable::showEmpty);
    connect(&workspace_, &Workspace::linkChanged, this, &SessionTable::showEmpty);
    connect(&theme, &Theme::changed, viewport(), qOverload<>(&QWidget::update));
    showEmpty();
}

QStringList SessionTable::shownCells(int row) const {
    QStringList cells;
    for (int column = 0; column < Model::ColumnCount; ++column) {
        if (!isColumnHidden(column)) {
            cells.append(model()->index(row, column).data(Qt::DisplayRole).toString());
        }
    }
    return cells;
}

QRect SessionTable::screenOf(int row) const {
    const QRect cell = visualRect(model()->index(row, 0));
    return {viewport()->mapToGlobal(QPoint(0, cell.top())), QSize(viewport()->width(), cell.height())};
}

void SessionTable::resizeEvent(QResizeEvent* event) {
    QTableView::resizeEvent(event);
    fitColumns();
    empty_->setGeometry(viewport()->geometry());
    newer_->adjustSize();
    newer_->move((width() - newer_->width()) / 2, kHeader + 8);
}

void SessionTable::keyPressEvent(QKeyEvent* event) {
    const int row = currentIndex().row();
    if (event->matches(QKeySequence::Copy) && row >= 0) {
        const QByteArray record = csvLine(workspace_.list().table().rows()[row]);
        QGuiApplication::clipboard()->setText(QString::fromUtf8(csvHeader() + record));
        return;
    }
    QTableView::keyPressEvent(event);
}

void SessionTable::fitColumns() {
    int needed = 0;
    for (const int width : kWidths) {
        needed += width;
    }
    std::array<bool, Model::ColumnCount> hidden{};
    for (const int column : kHideFirst) {
        if (needed > viewport()->width()) {
            hidden[static_cast<std::size_t>(column)] = true;
            needed -= kWidths[static_cast<std::size_t>(column)];
        }
    }
    // What is left over goes to the columns whose texts vary most in length.
    const int spare = std::max(0, viewport()->width() - needed);
    const int toSource = hidden[Model::SensorName] ? spare : spare / 2;
    for (int column = 0; column < Model::ColumnCount; ++column) {
        const auto at = static_cast<std::size_t>(column);
        const int extra = column == Model::Source ? toSource : column == Model::SensorName ? spare - toSource : 0;
        setColumnHidden(column, hidden[at]);
        setColumnWidth(column, kWidths[at] + extra);
    }
}

void SessionTable::followSelection() {
    const int row = workspace_.list().table().rowOf(workspace_.list().selection().id);
    if (row >= 0 && currentIndex().row() != row) {
        setCurrentIndex(model()->index(row, 0));
    }
}

void SessionTable::showWaiting(int waiting) {
    newer_->setVisible(waiting > 0);
    newer_->setText(u"%1 new · show"_s.arg(waiting));
    newer_->adjustSize();
    newer_->move((width() - newer_->width()) / 2, kHeader + 8);
    newer_->raise();
}

void SessionTable::showEmpty() {
    const bool empty = workspace_.list().table().rows().isEmpty();
    empty_->setVisible(empty);
    if (!empty) {
        return;
    }
    if (workspace_.list().table().loaded()) {
        empty_->show(Glyph::Search, u"No sessions in this range"_s,
                     u"Nothing was recorded. Widen the range, or wait: new ones appear here by themselves."_s);
    } else if (!workspace_.list().failure().isEmpty()) {
        empty_->show(Glyph::Alert, u"The sessions could not be read"_s, workspace_.list().failure());
    } else {
        empty_->show(Glyph::Clock, u"Loading sessions…"_s, {});
    }
}

}  // namespace apiary::console
