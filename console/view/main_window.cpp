#include "console/view/main_window.hpp"

#include "console/view/fleet_figures.hpp"

#include <QBoxLayout>
#include <QCloseEvent>
#include <QScrollArea>
#include <QShortcut>
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
      workspace_(workspace),
      nav_(new NavBar(theme)),
      topBar_(new TopBar(theme, workspace)),
      notice_(new Notice(theme)),
      stack_(new QStackedWidget),
      overview_(new OverviewPage(theme, workspace)),
      sessions_(new SessionsPage(theme, workspace)),
      fleet_(new FleetPage(theme, workspace)),
      linkPage_(new LinkPage(theme)) {
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

    connect(nav_, &NavBar::chosen, this, &MainWindow::choose);
    connect(overview_, &OverviewPage::pageWanted, this, &MainWindow::choose);
    connect(notice_, &Notice::retryWanted, &workspace_, &Workspace::retryNow);
    connect(linkPage_, &LinkPage::retryWanted, &workspace_, &Workspace::retryNow);
    connect(&workspace_, &Workspace::linkChanged, this, &MainWindow::showLink);
    connect(&workspace_.overview(), &OverviewModel::changed, this, &MainWindow::showLink);
    connect(fleet_, &FleetPage::sessionsWanted, this, [this](const SessionQuery& query) { list(query); });
    connect(&workspace_, &Workspace::refused, notice_, &Notice::showRefusal);
    connect(&workspace_, &Workspace::fleetChanged, this, [this] {
        const FleetFigures figures = figuresOf(workspace_.fleet());
        nav_->button(Page::Fleet).setBadge(static_cast<int>(figures.problems));
    });
    addKeys();
    choose(Page::Overview);
    showLink();
}

void MainWindow::addKeys() {
    const std::initializer_list<std::pair<Qt::Key, Page>> keys{
        {Qt::Key_1, Page::Overview}, {Qt::Key_2, Page::Sessions}, {Qt::Key_3, Page::Fleet}};
    for (const auto& [key, page] : keys) {
        auto* shortcut = new QShortcut(QKeySequence(Qt::CTRL | key), this);
        connect(shortcut, &QShortcut::activated, this, [this, page = page] { choose(page); });
    }
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
