#include "console/view/sessions_page.hpp"

#include "console/model/figures.hpp"
#include "console/model/time_words.hpp"
#include "console/model/visible_text.hpp"
#include "console/view/card.hpp"
#include "console/view/controls.hpp"
#include "console/view/keys.hpp"

#include <QBoxLayout>
#include <QFileDialog>
#include <QMenu>
#include <QProgressBar>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kGap = 12;

}  // namespace

SessionsPage::SessionsPage(const Theme& theme, Workspace& workspace, QWidget* parent)
    : QWidget(parent),
      workspace_(workspace),
      bar_(new FilterBar(theme, workspace)),
      table_(new SessionTable(theme, workspace)),
      panel_(new SessionPanel(theme, workspace)),
      jump_(new QLineEdit),
      progress_(new QWidget),
      progressBar_(new QProgressBar),
      progressWords_(plainLabel({}, uiFont(12), "secondary")),
      cancel_(textButton(u"Cancel"_s)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(16, 14, 16, 14);
    column->setSpacing(kGap);
    auto* barCard = new Card(theme);
    barCard->body()->addWidget(bar_);
    column->addWidget(barCard);
    auto* progressLine = new QHBoxLayout(progress_);
    progressLine->setContentsMargins(4, 0, 4, 0);
    progressLine->addWidget(progressWords_, 1);
    progressLine->addWidget(progressBar_);
    progressLine->addWidget(cancel_);
    column->addWidget(progress_);
    auto* line = new QHBoxLayout;
    line->setSpacing(kGap);
    auto* tableCard = new Card(theme);
    tableCard->body()->addWidget(table_, 1);
    auto* panelCard = new Card(theme);
    panelCard->body()->addWidget(panel_, 1);
    line->addWidget(tableCard, 64);
    line->addWidget(panelCard, 36);
    column->addLayout(line, 1);

    progress_->hide();
    progressBar_->setFixedSize(180, 6);
    progressBar_->setTextVisible(false);
    cancel_->setObjectName(u"export:cancel"_s);
    connect(cancel_, &QPushButton::clicked, this, [this] {
        if (workspace_.list().exporter().running()) {
            workspace_.list().exporter().cancel();
        } else {
            progress_->hide();
        }
    });
    connect(&workspace.list().exporter(), &ListExport::changed, this, &SessionsPage::showExport);
    connect(table_, &SessionTable::termWanted, bar_, &FilterBar::setTerm);
    connect(table_, &SessionTable::clearWanted, bar_, &FilterBar::clear);
    connect(table_, &QAbstractItemView::activated, this, [this] { panel_->transcript().setFocus(); });
    connect(panel_, &SessionPanel::refused, &workspace, &Workspace::refused);
    makeButtons(theme);
    addKeys();
}

void SessionsPage::makeButtons(const Theme& theme) {
    jump_->setObjectName(u"list:jump"_s);
    jump_->setPlaceholderText(u"2026-03-12 09:00 or now-6h"_s);
    jump_->setAccessibleName(u"Go to the sessions before a time, UTC"_s);
    jump_->setFont(monoFont(12));
    jump_->setFixedSize(220, 32);
    jump_->hide();
    connect(jump_, &QLineEdit::returnPressed, this, &SessionsPage::jump);
    addKey(jump_, u"Esc"_s, u"Leave the time of “Go to”"_s, [this] {
        jump_->hide();
        table_->setFocus();
    });
    bar_->head()->addWidget(jump_);

    QToolButton* go = glyphButton(theme, Glyph::Clock, u"Go to"_s, u"Go to a time in the list (Ctrl+G)"_s);
    go->setObjectName(u"list:goto"_s);
    connect(go, &QToolButton::clicked, this, &SessionsPage::askJump);
    bar_->head()->addWidget(go);
    QToolButton* columns = glyphButton(theme, Glyph::Columns, u"Columns"_s, u"Choose the columns of the list"_s);
    columns->setObjectName(u"list:columns"_s);
    columns->setPopupMode(QToolButton::InstantPopup);
    columns->setMenu(columnsMenu());
    bar_->head()->addWidget(columns);
    QToolButton* save = glyphButton(theme, Glyph::Save, u"Export"_s, u"Save all sessions that the filter finds"_s);
    save->setObjectName(u"list:export"_s);
    save->setPopupMode(QToolButton::InstantPopup);
    auto* menu = new QMenu(save);
    for (const auto& [words, form] : {std::pair(u"All sessions as CSV…"_s, ListExport::Form::Csv),
                                      std::pair(u"All sessions as JSON Lines…"_s, ListExport::Form::JsonLines)}) {
        auto* action = new QAction(words, this);
        connect(action, &QAction::triggered, this, [this, form = form] { exportList(form); });
        menu->addAction(action);
        exports_.append(action);
    }
    save->setMenu(menu);
    bar_->head()->addWidget(save);
}

QMenu* SessionsPage::columnsMenu() {
    auto* menu = new QMenu(this);
    for (int column = 0; column < SessionTableModel::ColumnCount; ++column) {
        QAction* action =
            menu->addAction(table_->model()->headerData(column, Qt::Horizontal, Qt::DisplayRole).toString());
        action->setCheckable(true);
        action->setChecked(table_->columnWanted(column));
        action->setEnabled(column != SessionTableModel::Time);
        connect(action, &QAction::toggled, this, [this, column](bool on) { table_->wantColumn(column, on); });
    }
    return menu;
}

void SessionsPage::addKeys() {
    SessionList& list = workspace_.list();
    addKey(this, u"/; Ctrl+F"_s, u"Filter the sessions"_s, [this] { focusFilter(); });
    addKey(this, u"Ctrl+Down; F8"_s, u"Next session"_s, [&list] { list.step(1); });
    addKey(this, u"Ctrl+Up; F7"_s, u"Previous session"_s, [&list] { list.step(-1); });
    addKey(this, u"Ctrl+."_s, u"Next session of the same source"_s, [&list] { list.stepInSource(1); });
    addKey(this, u"Ctrl+,"_s, u"Previous session of the same source"_s, [&list] { list.stepInSource(-1); });
    addKey(this, u"Ctrl+Shift+F"_s, u"Find in the session"_s, [this] { panel_->focusSearch(); });
    addKey(this, u"F3"_s, u"Next place found"_s, [this] { panel_->transcript().findNext(1); });
    addKey(this, u"Shift+F3"_s, u"Place found before"_s, [this] { panel_->transcript().findNext(-1); });
    addKey(this, u"Ctrl+G"_s, u"Go to a time in the list"_s, [this] { askJump(); });
    addKey(this, u"Ctrl+E"_s, u"Export the list as CSV"_s, [this] { exportList(ListExport::Form::Csv); });
    tellKey(table_, u"↑ ↓, PgUp PgDn, Home, End"_s, u"Choose a session; Home goes to the newest"_s);
    tellKey(table_, u"Menu, Shift+F10"_s, u"Filter for the cell or filter it out, copy"_s);
    tellKey(&bar_->line(), u"Tab"_s, u"Complete the condition"_s);
    tellKey(&bar_->line(), u"↑ ↓"_s, u"Choose a completion; filters used before"_s);
    tellKey(&bar_->line(), u"Enter"_s, u"Set the condition"_s);
    tellKey(&bar_->line(), u"-port:23,2323"_s, u"Leaves out what has one of these; before every key"_s);
    tellKey(&bar_->line(), u"login:tried"_s, u"Sessions with a login; login:yes if one was accepted"_s);
    tellKey(&bar_->line(), u"source:new"_s, u"Sources first seen in the range; source:known if before"_s);
}

void SessionsPage::focusFilter() {
    bar_->line().setFocus(Qt::ShortcutFocusReason);
    bar_->line().selectAll();
}

void SessionsPage::askJump() {
    jump_->setVisible(jump_->isHidden());
    if (!jump_->isHidden()) {
        jump_->setFocus();
    }
}

void SessionsPage::jump() {
    const Result<qint64> time = timeOf(jump_->text(), workspace_.nowUs());
    if (!time) {
        Q_EMIT workspace_.refused(QString::fromStdString(time.error()));
        return;
    }
    workspace_.list().jumpTo(*time);
    jump_->hide();
    table_->setFocus();
}

void SessionsPage::exportList(ListExport::Form form) {
    auto* dialog = new QFileDialog(this, u"Export the sessions"_s);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->selectFile(form == ListExport::Form::Csv ? u"sessions.csv"_s : u"sessions.jsonl"_s);
    connect(dialog, &QFileDialog::fileSelected, this,
            [this, form](const QString& path) { workspace_.list().exportTo(path, form); });
    dialog->open();
}

QString SessionsPage::exportWords() const {
    return progressWords_->text();
}

void SessionsPage::showExport() {
    const ListExport& running = workspace_.list().exporter();
    const QString rows = grouped(running.rows());
    const auto& count = workspace_.list().count();
    const bool known = count && !count->more && count->sessions > 0;
    progress_->show();
    switch (running.state()) {
        case ListExport::State::Running:
            progressWords_->setText(known ? u"Exporting: %1 of %2 sessions"_s.arg(rows, grouped(count->sessions))
                                          : u"Exporting: %1 sessions"_s.arg(rows));
            break;
        case ListExport::State::Done:
            progressWords_->setText(u"%1 sessions are in %2"_s.arg(rows, visible(running.path())));
            break;
        case ListExport::State::Cancelled:
            progressWords_->setText(u"Export cancelled. Nothing was written."_s);
            break;
        case ListExport::State::Failed:
            progressWords_->setText(visible(running.failure(), 400));
            break;
        case ListExport::State::Idle:
            break;
    }
    setTone(*progressWords_, running.state() == ListExport::State::Failed ? "critical" : "secondary");
    progressBar_->setVisible(running.running());
    progressBar_->setMaximum(known ? static_cast<int>(count->sessions) : 0);
    progressBar_->setValue(known ? static_cast<int>(running.rows()) : 0);
    cancel_->setText(running.running() ? u"Cancel"_s : u"Dismiss"_s);
}

void SessionsPage::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    workspace_.list().watch(true);
}

void SessionsPage::hideEvent(QHideEvent* event) {
    QWidget::hideEvent(event);
    workspace_.list().watch(false);
}

}  // namespace apiary::console
