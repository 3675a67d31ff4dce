#include "console/view/ranked_card.hpp"

#include "console/model/drill.hpp"
#include "console/view/controls.hpp"

#include <QBoxLayout>
#include <QMenu>
#include <QToolButton>

#include <algorithm>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr std::initializer_list<TopField> kChoice{TopField::Command,  TopField::Port,     TopField::Sensor,
                                                  TopField::Artifact, TopField::Protocol, TopField::Tool};

RankedList::Line lineOf(TopField field, const TopEntry& entry) {
    return {.name = labelOf(field, entry),
            .count = entry.count,
            .change = changeText(entry.count, entry.previous),
            .rising = rises(entry.count, entry.previous),
            .plain = field == TopField::Sensor || field == TopField::Country,
            .note = noteOf(field, entry)};
}

}  // namespace

RankedCard::RankedCard(const Theme& theme, Workspace& workspace, std::optional<TopField> field, QWidget* parent)
    : QWidget(parent),
      workspace_(workspace),
      field_(field),
      card_(new Card(theme, field ? titleOf(*field) : u"Top list"_s)),
      list_(new RankedList(theme, field ? titleOf(*field) : u"Top list"_s)),
      body_(new PanelBody(theme, list_)) {
    auto* line = new QVBoxLayout(this);
    line->setContentsMargins(0, 0, 0, 0);
    line->addWidget(card_);
    card_->body()->addWidget(body_, 1);
    if (!field) {
        addSelector();
    }
    connect(list_, &RankedList::activated, this, &RankedCard::open);
    connect(&workspace_.overview(), &OverviewModel::rankingChanged, this, [this](TopField changed) {
        if (changed == this->field()) {
            refresh();
        }
    });
    refresh();
}

void RankedCard::addSelector() {
    selector_ = new QToolButton;
    selector_->setProperty("look", u"title"_s);
    selector_->setObjectName(u"ranking:selector"_s);
    selector_->setFont(uiFont(13.5, QFont::DemiBold));
    selector_->setFixedHeight(26);
    selector_->setPopupMode(QToolButton::InstantPopup);
    auto* menu = new QMenu(selector_);
    for (const TopField field : kChoice) {
        QAction* action = menu->addAction(titleOf(field));
        action->setObjectName(u"ranking:"_s + titleOf(field));
        connect(action, &QAction::triggered, this, [this, field] { workspace_.overview().setThird(field); });
    }
    QAction* countries = menu->addAction(titleOf(TopField::Country));
    countries->setVisible(false);
    connect(countries, &QAction::triggered, this, [this] { workspace_.overview().setThird(TopField::Country); });
    connect(&workspace_.overview(), &OverviewModel::rankingChanged, countries,
            [this, countries] { countries->setVisible(workspace_.overview().countriesKnown()); });
    selector_->setMenu(menu);
    card_->head()->insertWidget(0, selector_);
    card_->head()->itemAt(1)->widget()->hide();  // the title, in whose place it stands
}

void RankedCard::refresh() {
    const TopField shown = field();
    const Answer<QList<TopEntry>>& answer = workspace_.overview().ranking(shown);
    QList<RankedList::Line> lines;
    for (const TopEntry& entry : answer.value.value_or(QList<TopEntry>()).mid(0, OverviewModel::kEntries)) {
        lines.append(lineOf(shown, entry));
    }
    list_->setLines(lines);
    if (shown == TopField::Tool) {
        body_->setEmptyWords(u"No scan tool told by its marks"_s,
                             u"apiary-probes tells them, beside agents with hosts."_s);
    } else {
        body_->setEmptyWords(u"Nothing in this range"_s, {});
    }
    body_->show(answer.value.has_value(), !lines.isEmpty(), answer.failure);
    card_->setSubtitle(unitOf(shown));
    if (selector_ != nullptr) {
        const QString words = titleOf(shown) + u" ▾"_s;
        selector_->setText(words);
        selector_->setFixedWidth(selector_->fontMetrics().horizontalAdvance(words) + 8);
        selector_->setAccessibleName(u"List: "_s + titleOf(shown));
        list_->setAccessibleName(titleOf(shown));
    }
}

void RankedCard::open(int line) {
    const Answer<QList<TopEntry>>& answer = workspace_.overview().ranking(field());
    if (!answer.value || line >= answer.value->size()) {
        return;
    }
    const TopEntry& entry = (*answer.value)[line];
    const auto query = queryFor(field(), entry, workspace_.fleet().sensors());
    if (field() == TopField::Tool) {
        Q_EMIT probesWanted(QString::fromUtf8(entry.key), answer.scope);
    } else if (query) {
        Q_EMIT sessionsWanted(*query, answer.scope);
    }
}

}  // namespace apiary::console
