#pragma once

#include "console/model/workspace.hpp"
#include "console/view/card.hpp"
#include "console/view/panel_body.hpp"
#include "console/view/ranked_list.hpp"

class QToolButton;

namespace apiary::console {

/// The ranked list of one field of the overview; with a selector it is that of OverviewModel::third(). `workspace`
/// must outlive it.
class RankedCard final : public QWidget {
    Q_OBJECT

public:
    /// A card for a fixed field, or with a selector for none.
    RankedCard(const Theme& theme, Workspace& workspace, std::optional<TopField> field, QWidget* parent = nullptr);

    TopField field() const { return field_.value_or(workspace_.overview().third()); }
    const RankedList& list() const { return *list_; }
    const PanelBody& body() const { return *body_; }

Q_SIGNALS:
    /// Somebody wants the sessions behind an entry, of the scope it was counted in.
    void sessionsWanted(const SessionQuery& query, const Scope& scope);
    /// Likewise the probes behind a tool.
    void probesWanted(const QString& tool, const Scope& scope);

private:
    void addSelector();
    void refresh();
    void open(int line);

    Workspace& workspace_;
    const std::optional<TopField> field_;
    Card* card_;
    RankedList* list_;
    PanelBody* body_;
    QToolButton* selector_ = nullptr;
};

}  // namespace apiary::console
