#include "console/view/sessions_page.hpp"

#include "console/view/card.hpp"

#include <QBoxLayout>

namespace apiary::console {

namespace {

constexpr int kGap = 12;

}  // namespace

SessionsPage::SessionsPage(const Theme& theme, Workspace& workspace, QWidget* parent)
    : QWidget(parent), table_(new SessionTable(theme, workspace)), panel_(new SessionPanel(theme, workspace)) {
    auto* line = new QHBoxLayout(this);
    line->setContentsMargins(16, 14, 16, 14);
    line->setSpacing(kGap);
    auto* tableCard = new Card(theme);
    tableCard->body()->addWidget(table_, 1);
    auto* panelCard = new Card(theme);
    panelCard->body()->addWidget(panel_, 1);
    line->addWidget(tableCard, 64);
    line->addWidget(panelCard, 36);
}

}  // namespace apiary::console
