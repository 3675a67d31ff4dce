#pragma once

#include "console/model/workspace.hpp"
#include "console/view/fleet_page.hpp"
#include "console/view/nav_bar.hpp"
#include "console/view/notice.hpp"
#include "console/view/overview_page.hpp"
#include "console/view/sessions_page.hpp"
#include "console/view/theme.hpp"
#include "console/view/top_bar.hpp"

#include <QWidget>

class QMenu;
class QStackedWidget;

namespace apiary::console {

class Sheet;
class Veil;

/// The window: navigation, top bar, a notice when something is wrong, and the page.
class MainWindow final : public QWidget {
    Q_OBJECT

public:
    MainWindow(Theme& theme, Workspace& workspace, QWidget* parent = nullptr);

    void choose(Page page);
    /// Shows the sessions that fit: of all pages' range, or of `scope`, in which a figure was counted.
    void list(const SessionQuery& query, const std::optional<Scope>& scope = {});
    Page page() const { return page_; }

    const NavBar& nav() const { return *nav_; }
    const TopBar& topBar() const { return *topBar_; }
    const Notice& notice() const { return *notice_; }
    const LinkPage& linkPage() const { return *linkPage_; }
    const OverviewPage& overview() const { return *overview_; }
    const SessionsPage& sessions() const { return *sessions_; }
    const FleetPage& fleet() const { return *fleet_; }
    /// The sheet over the window, or null.
    const Sheet* sheet() const;
    void showHelp();
    /// Whether what the page shows is dimmed: the link is lost, or the figures are old.
    bool dimmed() const;
    /// Whether the page stands on the screen, and not the one about the link.
    bool showsData() const;

Q_SIGNALS:
    void closing();

protected:
    void resizeEvent(QResizeEvent* event) override;
    void closeEvent(QCloseEvent* event) override;

private:
    void connectParts();
    void addKeys();
    void showLink();
    void showAge();
    void showBadge();
    void fillExport(QMenu& menu);
    void save(const QString& name, const QByteArray& bytes);
    QWidget* areaOf(Page page) const;

    const Theme& theme_;
    Workspace& workspace_;
    Page page_ = Page::Overview;
    NavBar* nav_;
    TopBar* topBar_;
    Notice* notice_;
    QStackedWidget* stack_;
    QWidget* overviewArea_;
    OverviewPage* overview_;
    SessionsPage* sessions_;
    FleetPage* fleet_;
    LinkPage* linkPage_;
    Veil* veil_;
};

}  // namespace apiary::console
