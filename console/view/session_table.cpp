#include "console/view/session_table.hpp"

#include "console/model/cell_term.hpp"
#include "console/model/figures.hpp"
#include "console/model/filter_language.hpp"
#include "console/model/session_export.hpp"
#include "console/model/visible_text.hpp"
#include "console/view/controls.hpp"

#include <QClipboard>
#include <QContextMenuEvent>
#include <QGuiApplication>
#include <QHeaderView>
#include <QKeyEvent>
#include <QMenu>
#include <QPainter>
#include <QScrollBar>
#include <QStyledItemDelegate>

#include <algorithm>
#include <array>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

using Model = SessionTableModel;

constexpr int kRow = 28;
constexpr int kHeader = 32;
constexpr double kOutdated = 0.45;  // the last question failed: these rows answer one before it

// In the order of the columns; and which go first when there is no room.
constexpr std::array<int, Model::ColumnCount> kWidths{130, 106, 132, 48, 96, 128, 56, 62, 104, 92, 84, 76, 80};
constexpr std::array<int, 10> kHideFirst{Model::Out,        Model::Tags,    Model::In,       Model::Outcome,
                                         Model::FirstLogin, Model::Country, Model::Duration, Model::SensorName,
                                         Model::Logins,     Model::Port};

class SessionDelegate final : public QStyledItemDelegate {
public:
    SessionDelegate(const Theme& theme, const SessionList& list, QObject* parent)
        : QStyledItemDelegate(parent), theme_(theme), list_(list) {}

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
        const Tokens& tokens = theme_.tokens();
        painter->save();
        painter->setOpacity(list_.failure().isEmpty() ? 1 : kOutdated);
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
            case Model::Country:
            case Model::Tags:
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
    const SessionList& list_;
};

}  // namespace

SessionTable::SessionTable(const Theme& theme, Workspace& workspace, QWidget* parent)
    : QTableView(parent),
      theme_(theme),
      workspace_(workspace),
      newer_(textButton({}, "pill")),
      clear_(textButton(u"Clear filter"_s, "primary")),
      empty_(new Placeholder(theme, this)) {
    setModel(&workspace.list().table());
    setItemDelegate(new SessionDelegate(theme, workspace.list(), this));
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
    newer_->setObjectName(u"list:newer"_s);
    newer_->hide();
    clear_->setParent(this);
    clear_->setObjectName(u"list:clear"_s);
    clear_->hide();

    const Model* table = &workspace.list().table();
    connect(newer_, &QPushButton::clicked, this, [this] {
        workspace_.list().showNewest();
        scrollToTop();
    });
    connect(clear_, &QPushButton::clicked, this, &SessionTable::clearWanted);
    connect(verticalScrollBar(), &QScrollBar::valueChanged, this, &SessionTable::followScroll);
    // Rows that come or go above the reader must not move what is read.
    connect(table, &QAbstractItemModel::rowsInserted, this, [this](const QModelIndex&, int first, int last) {
        if (first == 0 && verticalScrollBar()->value() > 0) {
            keepPlace(last + 1);
        }
    });
    connect(table, &QAbstractItemModel::rowsRemoved, this, [this](const QModelIndex&, int first, int last) {
        if (first == 0) {
            keepPlace(-last - 1);
        }
    });
    connect(&workspace.list(), &SessionList::changed, this, [this] {
        showWaiting();
        showEmpty();
        viewport()->update();
    });
    connect(&workspace_.list().table(), &Model::waitingChanged, this, &SessionTable::showWaiting);
    connect(table, &Model::loadedChanged, this, &SessionTable::showWaiting);
    connect(selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this](const QModelIndex& current) {
        if (current.isValid()) {
            workspace_.list().select(current.data(Model::IdRole).toByteArray());
        }
    });
    connect(&workspace_.list(), &SessionList::selectionChanged, this, &SessionTable::followSelection);
    connect(&workspace_.list().table(), &QAbstractItemModel::modelReset, this, &SessionTable::followSelection);
    connect(&workspace_.list().table(), &Model::loadedChanged, this, &SessionTable::showEmpty);
    connect(&workspace_.list().table(), &Model::loadedChanged, this, [this] {
        const auto named = [](const SessionRow& row) { return !row.country.isEmpty(); };
        if (!located_ && std::ranges::any_of(workspace_.list().table().rows(), named)) {
            located_ = true;
            fitColumns();
        }
    });
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

QStringList SessionTable::shownColumns() const {
    QStringList names;
    for (int column = 0; column < Model::ColumnCount; ++column) {
        if (!isColumnHidden(column)) {
            names.append(model()->headerData(column, Qt::Horizontal, Qt::DisplayRole).toString());
        }
    }
    return names;
}

QString SessionTable::emptyWords() const {
    return empty_->isHidden() ? QString() : empty_->headline();
}

void SessionTable::wantColumn(int column, bool wanted) {
    if (wanted) {
        unwanted_.remove(column);
    } else {
        unwanted_.insert(column);
    }
    fitColumns();
}

void SessionTable::resizeEvent(QResizeEvent* event) {
    QTableView::resizeEvent(event);
    fitColumns();
    placeOverlays();
}

void SessionTable::placeOverlays() {
    empty_->setGeometry(viewport()->geometry());
    newer_->adjustSize();
    newer_->move((width() - newer_->width()) / 2, kHeader + 8);
    clear_->adjustSize();
    clear_->move((width() - clear_->width()) / 2, viewport()->geometry().center().y() + 56);
}

/// New sessions wait while the reader is further down; near an end of the window, the next page is asked for.
void SessionTable::followScroll(int value) {
    Model& table = workspace_.list().table();
    table.hold(value > kRow / 2 || !table.atNewest());
    if (value < viewport()->height()) {
        table.fetchNewer();
    }
}

/// Goes with rows that came (or went, below 0) above the first one on the screen.
void SessionTable::keepPlace(int rows) {
    updateGeometries();
    verticalScrollBar()->setValue(std::max(0, verticalScrollBar()->value() + rows * kRow));
}

void SessionTable::copyRow(int row) const {
    const QByteArray record = csvLine(workspace_.list().table().rows()[row]);
    QGuiApplication::clipboard()->setText(QString::fromUtf8(csvHeader() + record));
}

void SessionTable::keyPressEvent(QKeyEvent* event) {
    const int row = currentIndex().row();
    if (event->matches(QKeySequence::Copy) && row >= 0) {
        copyRow(row);
    } else if (event->key() == Qt::Key_Home) {
        workspace_.list().showNewest();
        scrollToTop();
        setCurrentIndex(model()->index(0, 0));
    } else if (event->key() == Qt::Key_End) {
        setCurrentIndex(model()->index(model()->rowCount() - 1, 0));
    } else if (event->key() == Qt::Key_Menu ||
               (event->key() == Qt::Key_F10 && event->modifiers() == Qt::ShiftModifier)) {
        if (QMenu* menu = menuOf(currentIndex())) {
            menu->setAttribute(Qt::WA_DeleteOnClose);
            menu->popup(viewport()->mapToGlobal(visualRect(currentIndex()).bottomLeft()));
        }
    } else {
        QTableView::keyPressEvent(event);
    }
}

void SessionTable::contextMenuEvent(QContextMenuEvent* event) {
    if (QMenu* menu = menuOf(indexAt(viewport()->mapFromGlobal(event->globalPos())))) {
        menu->setAttribute(Qt::WA_DeleteOnClose);
        menu->popup(event->globalPos());
    }
}

QMenu* SessionTable::menuOf(const QModelIndex& cell) {
    if (!cell.isValid()) {
        return nullptr;
    }
    const int number = cell.row();
    const SessionRow row = workspace_.list().table().rows()[number];
    const QString text = cell.data(Qt::DisplayRole).toString();
    auto* menu = new QMenu(this);
    const auto add = [menu](const QString& words, auto act) {
        // An ampersand would be taken as the mark of a key.
        QObject::connect(menu->addAction(QString(words).replace(u'&', u"&&"_s)), &QAction::triggered, menu, act);
    };
    if (const auto [key, value] = termOf(row, cell.column()); !key.isEmpty()) {
        const QString shown = key == u"sensor"_s ? u"sensor:"_s + text : filterTerm(key, value);
        add(u"Filter for "_s + visible(shown, 60), [this, key = key, value = value] { Q_EMIT termWanted(key, value); });
        add(u"Filter out "_s + visible(shown, 60),
            [this, key = key, value = value] { Q_EMIT termWanted(u'-' + key, value); });
    }
    add(u"Sessions of this source"_s, [this, row] { Q_EMIT termWanted(u"src"_s, row.source); });
    menu->addSeparator();
    add(u"Copy “%1”"_s.arg(visible(text, 40)), [text] { QGuiApplication::clipboard()->setText(text); });
    add(u"Copy row as CSV"_s,
        [this, row] { QGuiApplication::clipboard()->setText(QString::fromUtf8(csvHeader() + csvLine(row))); });
    add(u"Copy session id"_s, [row] { QGuiApplication::clipboard()->setText(idText(row.id)); });
    return menu;
}

void SessionTable::fitColumns() {
    int needed = 0;
    std::array<bool, Model::ColumnCount> hidden{};
    for (int column = 0; column < Model::ColumnCount; ++column) {
        const auto at = static_cast<std::size_t>(column);
        hidden[at] = unwanted_.contains(column) || (column == Model::Country && !located_);
        needed += hidden[at] ? 0 : kWidths[at];
    }
    for (const int column : kHideFirst) {
        if (needed > viewport()->width() && !hidden[static_cast<std::size_t>(column)]) {
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

void SessionTable::showWaiting() {
    const SessionList& list = workspace_.list();
    const int waiting = list.table().waiting();
    const SessionKey start = list.table().start();
    QString words;
    if (waiting > 0) {
        words = u"%1 new · show"_s.arg(waiting);
    } else if (list.mayHaveMore()) {
        words = u"new sessions · refresh"_s;
    } else if (start != SessionKey{}) {
        words = u"from %1 on · show the newest"_s.arg(dayTimeText(start.startedUs));
    }
    newer_->setVisible(!words.isEmpty());
    newer_->setText(words);
    placeOverlays();
    newer_->raise();
}

void SessionTable::showEmpty() {
    const SessionList& list = workspace_.list();
    const bool empty = list.table().rows().isEmpty();
    const bool filtered = empty && list.table().loaded() && list.failure().isEmpty() && !list.query().empty();
    empty_->setVisible(empty);
    clear_->setVisible(filtered);
    if (!empty) {
        return;
    }
    if (!list.failure().isEmpty()) {
        empty_->show(Glyph::Alert, u"The sessions could not be read"_s, visible(list.failure()));
    } else if (filtered) {
        const QString outside =
            list.outside() ? u"Without the filter there are %1%2 in this range."_s.arg(
                                 list.outside()->more ? u"more than "_s : QString(), grouped(list.outside()->sessions))
                           : QString();
        empty_->show(Glyph::Search, u"No sessions match this filter"_s, outside);
        clear_->raise();
    } else if (list.table().loaded()) {
        empty_->show(Glyph::Search, u"No sessions in this range"_s,
                     u"Nothing was recorded. Widen the range, or wait: new ones appear here by themselves."_s);
    } else {
        empty_->show(Glyph::Clock, u"Loading sessions…"_s, {});
    }
}

}  // namespace apiary::console
