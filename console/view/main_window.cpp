#include "console/view/main_window.hpp"

#include "console/model/drill.hpp"
#include "console/model/figures.hpp"
#include "console/model/figures_export.hpp"
#include "console/view/fleet_figures.hpp"
#include "console/view/help_sheet.hpp"
#include "console/view/remark.hpp"
#include "console/view/save_file.hpp"

#include <QBoxLayout>
#include <QBuffer>
#include <QCloseEvent>
#include <QMenu>
#include <QScrollArea>
#include <QStackedWidget>

#include <algorithm>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kNarrow = 1400;
constexpr int kNav = 212;
constexpr int kNavNarrow = 164;

QString nameOf(Page page) {
    switch (page) {
        case Page::Overview:
            return u"Overview"_s;
        case Page::Sessions:
            return u"Sessions"_s;
        case Page::Fleet:
            break;
    }
    return u"Fleet"_s;
}

}  // namespace

MainWindow::MainWindow(Theme& theme, Workspace& workspace, QWidget* parent)
    : QWidget(parent),
      theme_(theme),
      workspace_(workspace),
      nav_(new NavBar(theme)),
      topBar_(new TopBar(theme, workspace)),
      notice_(new Notice(theme)),
      stack_(new QStackedWidget),
      overview_(new OverviewPage(theme, workspace)),
      sessions_(new SessionsPage(theme, workspace)),
      fleet_(new FleetPage(theme, workspace)),
      linkPage_(new LinkPage(theme)),
      veil_(new Veil(theme, *stack_)) {
    setWindowTitle(u"Apiary console"_s);
    setMinimumSize(960, 560);
    auto* line = new QHBoxLayout(this);
    line->setContentsMargins(0, 0, 0, 0);
    line->setSpacing(0);
    line->addWidget(nav_);
    auto* right = new QVBoxLayout;
    right->setSpacing(0);
    right->addWidget(topBar_);
    right->addWidget(notice_);
    right->addWidget(stack_, 1);
    line->addLayout(right, 1);

    auto* scroll = new QScrollArea;
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setWidget(overview_);
    overviewArea_ = scroll;
    stack_->addWidget(overviewArea_);
    stack_->addWidget(sessions_);
    stack_->addWidget(fleet_);
    stack_->addWidget(linkPage_);

    // Or the first entry of the navigation would begin with a ring around it.
    setFocusPolicy(Qt::ClickFocus);
    setFocus();
    connectParts();
    addKeys();
    choose(Page::Overview);
    showLink();
}

void MainWindow::connectParts() {
    connect(nav_, &NavBar::chosen, this, &MainWindow::choose);
    connect(nav_, &NavBar::helpWanted, this, &MainWindow::showHelp);
    connect(topBar_, &TopBar::exportOpens, this, &MainWindow::fillExport);
    connect(topBar_, &TopBar::silentWanted, this, [this] {
        choose(Page::Fleet);
        fleet_->showProblems();
    });
    connect(overview_, &OverviewPage::pageWanted, this, &MainWindow::choose);
    connect(fleet_, &FleetPage::sessionsWanted, this, [this](const SessionQuery& query) { list(query); });
    connect(notice_, &Notice::retryWanted, &workspace_, &Workspace::retryNow);
    connect(notice_, &Notice::refreshWanted, &workspace_, &Workspace::refresh);
    connect(linkPage_, &LinkPage::retryWanted, &workspace_, &Workspace::retryNow);
    connect(&workspace_, &Workspace::linkChanged, this, &MainWindow::showLink);
    connect(&workspace_, &Workspace::second, this, &MainWindow::showAge);
    connect(&workspace_.overview(), &OverviewModel::changed, this, &MainWindow::showLink);
    connect(&workspace_, &Workspace::refused, notice_, &Notice::showRefusal);
    connect(&workspace_, &Workspace::fleetChanged, this, &MainWindow::showBadge);
}

void MainWindow::addKeys() {
    for (const Page page : {Page::Overview, Page::Sessions, Page::Fleet}) {
        addKey(this, u"Ctrl+%1"_s.arg(static_cast<int>(page) + 1), u"The page "_s + nameOf(page),
               [this, page] { choose(page); });
    }
    addKey(this, u"F1; ?"_s, u"This list of keys"_s, [this] { showHelp(); });
    tellKey(this, u"Tab, Shift+Tab"_s, u"Next and previous control"_s);
    tellKey(this, u"Space, Enter"_s, u"Press the control with the ring"_s);
    tellKey(this, u"Esc"_s, u"Close what lies over the page"_s);
    tellKey(overview_, u"← →"_s, u"Move the crosshair in the chart, the cell in the hours"_s);
    tellKey(overview_, u"↑ ↓, Home, End"_s, u"Move in a list or a legend"_s);
    tellKey(overview_, u"Enter"_s, u"List the sessions behind what is marked"_s);
    tellKey(overview_, u"Space"_s, u"Show or hide the legend's layer; pause the live feed"_s);
}

/// The keys of the window, then those of each page: of its shortcuts, not of a list beside them.
void MainWindow::showHelp() {
    if (sheet() != nullptr) {
        return;
    }
    QList<KeySection> sections{{u"Everywhere"_s, keyLines(*this, {overview_, sessions_, fleet_})}};
    for (const Page page : {Page::Overview, Page::Sessions, Page::Fleet}) {
        const QList<KeyLine> lines = keyLines(*areaOf(page));
        if (!lines.isEmpty()) {
            sections.append({nameOf(page), lines});
        }
    }
    new HelpSheet(theme_, *this, sections);
}

const Sheet* MainWindow::sheet() const {
    return sheetOver(*this);
}

void MainWindow::showBadge() {
    nav_->button(Page::Fleet).setBadge(static_cast<int>(figuresOf(workspace_.fleet()).problems));
}

/// What the page shows, as files.
void MainWindow::fillExport(QMenu& menu) {
    const QString day = fullTimeText(workspace_.nowUs()).first(10);
    if (page_ == Page::Overview) {
        QAction* figures = menu.addAction(u"Sessions by protocol, as CSV…"_s);
        figures->setEnabled(workspace_.overview().figures().bands.has_value());
        connect(figures, &QAction::triggered, this, [this, day] {
            save(u"apiary-figures-%1.csv"_s.arg(day), figuresCsv(workspace_.overview().figures()));
        });
        for (const RankedCard* card : overview_->rankings()) {
            const TopField field = card->field();
            const auto& entries = workspace_.overview().ranking(field).value;
            QAction* list = menu.addAction(titleOf(field) + u", as CSV…"_s);
            list->setEnabled(entries.has_value());
            connect(list, &QAction::triggered, this, [this, day, field, entries] {
                save(u"apiary-%1-%2.csv"_s.arg(titleOf(field).toLower().replace(u' ', u'-'), day),
                     rankingCsv(field, entries.value_or(QList<TopEntry>())));
            });
        }
    } else if (page_ == Page::Sessions) {
        menu.addActions(sessions_->exportActions());
    } else if (page_ == Page::Fleet) {
        QAction* fleet = menu.addAction(u"Sensors and services, as CSV…"_s);
        fleet->setEnabled(workspace_.fleet().loaded());
        connect(fleet, &QAction::triggered, this,
                [this, day] { save(u"apiary-fleet-%1.csv"_s.arg(day), fleetCsv(workspace_.fleet())); });
    }
    QAction* picture = menu.addAction(u"The window, as a picture (PNG)…"_s);
    connect(picture, &QAction::triggered, this, [this, day] {
        QByteArray bytes;
        QBuffer buffer(&bytes);
        grab().save(&buffer, "PNG");
        save(u"apiary-%1-%2.png"_s.arg(nameOf(page_).toLower(), day), bytes);
    });
}

void MainWindow::save(const QString& name, const QByteArray& bytes) {
    saveFile(*this, name, bytes, [this](const QString& words, bool failed) {
        if (failed) {
            notice_->showRefusal(words);
        } else {
            notice_->showDone(words);
        }
    });
}

void MainWindow::choose(Page page) {
    page_ = page;
    nav_->choose(page);
    topBar_->setTitle(nameOf(page), page != Page::Fleet);
    showLink();
}

void MainWindow::list(const SessionQuery& query, const std::optional<Scope>& scope) {
    workspace_.listSessions(query, scope);
    choose(Page::Sessions);
}

bool MainWindow::showsData() const {
    return stack_->currentWidget() != linkPage_;
}

void MainWindow::showLink() {
    const LinkState& state = workspace_.link();
    const qint64 now = workspace_.nowUs();
    nav_->link().show(state, now);
    linkPage_->show(state, now);
    const bool unusable = state.kind == LinkState::Kind::Certificate || state.kind == LinkState::Kind::Unusable;
    const bool anything = workspace_.overview().figures().totals || workspace_.fleet().loaded();
    const bool pages = state.live() || (anything && !unusable);
    notice_->showLink(pages ? state : LinkState{}, now);
    stack_->setCurrentWidget(pages ? areaOf(page_) : linkPage_);
    showAge();
}

void MainWindow::showAge() {
    const bool stale = workspace_.stale() && page_ != Page::Fleet;
    notice_->showStale(stale ? workspace_.figuresAtUs() : 0);
    const bool lost = workspace_.link().kind == LinkState::Kind::Lost;
    veil_->setVisible(showsData() && (lost || stale));
    veil_->raise();
}

bool MainWindow::dimmed() const {
    return veil_->isVisible();
}

QWidget* MainWindow::areaOf(Page page) const {
    switch (page) {
        case Page::Overview:
            return overviewArea_;
        case Page::Sessions:
            return sessions_;
        case Page::Fleet:
            break;
    }
    return fleet_;
}

void MainWindow::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    nav_->setFixedWidth(width() < kNarrow ? kNavNarrow : kNav);
}

void MainWindow::closeEvent(QCloseEvent* event) {
    Q_EMIT closing();
    event->accept();
}

}  // namespace apiary::console
