#include "console/view/source_list.hpp"

#include "console/model/figures.hpp"
#include "console/model/visible_text.hpp"

#include <QHeaderView>
#include <QKeyEvent>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kRow = 26;

/// Short where the tab has no room for the whole number.
QString countWords(quint64 sessions) {
    return sessions < 10'000 ? grouped(sessions) : shortNumber(static_cast<double>(sessions));
}

QTableWidgetItem* cell(const QString& text, const QFont& font) {
    auto* item = new QTableWidgetItem(text);
    item->setFont(font);
    item->setFlags(Qt::ItemIsEnabled | Qt::ItemIsSelectable);
    return item;
}

}  // namespace

SourceList::SourceList(const Theme&, Workspace& workspace, QWidget* parent)
    : QTableWidget(0, 5, parent), workspace_(workspace) {
    setObjectName(u"samesource"_s);
    setHorizontalHeaderLabels({u"Time (UTC)"_s, u"Protocol"_s, u"Sensor"_s, u"Logins"_s, u"Duration"_s});
    setAccessibleName(u"Sessions of the same source, newest first"_s);
    setFrameShape(QFrame::NoFrame);
    setShowGrid(false);
    setSelectionBehavior(SelectRows);
    setSelectionMode(SingleSelection);
    verticalHeader()->hide();
    verticalHeader()->setDefaultSectionSize(kRow);
    horizontalHeader()->setFont(uiFont(12, QFont::Medium));
    horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    horizontalHeader()->setSectionsClickable(false);
    horizontalHeader()->setHighlightSections(false);
    horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    horizontalHeader()->setSectionResizeMode(0, QHeaderView::Fixed);
    horizontalHeader()->resizeSection(0, 132);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    connect(&workspace.list().sameSource(), &SourceSessions::changed, this, &SourceList::refresh);
    connect(this, &QTableWidget::cellDoubleClicked, this, [this](int row) { choose(row); });
    refresh();
}

void SourceList::refresh() {
    const SourceSessions& sessions = workspace_.list().sameSource();
    const auto& count = sessions.count();
    Q_EMIT countChanged(count ? countWords(count->sessions) + (count->more ? u"+"_s : QString()) : QString());
    const QList<SessionRow> rows = sessions.rows().value_or(QList<SessionRow>{});
    ids_.clear();
    setRowCount(static_cast<int>(rows.size()));
    for (int i = 0; i < rows.size(); ++i) {
        const SessionRow& row = rows[i];
        ids_.append(row.id);
        setItem(i, 0, cell(dayTimeText(row.startedUs), monoFont(12)));
        setItem(i, 1, cell(protocolText(row.protocol), uiFont(12, QFont::Medium)));
        setItem(i, 2, cell(visible(row.sensor, 48), monoFont(12)));
        setItem(i, 3,
                cell(row.credentials == 0 ? QString()
                                          : grouped(row.credentials) + (row.loginAccepted ? u" ✓"_s : QString()),
                     monoFont(12)));
        setItem(i, 4,
                cell(row.open() ? u"open"_s : durationText(static_cast<quint64>(row.endedUs - row.startedUs)),
                     monoFont(12)));
        if (row.id == workspace_.list().selection().id) {
            setCurrentCell(i, 0);
        }
    }
}

void SourceList::choose(int row) {
    if (row >= 0 && row < ids_.size()) {
        workspace_.list().select(ids_[row]);
    }
}

void SourceList::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) {
        choose(currentRow());
        return;
    }
    QTableWidget::keyPressEvent(event);
}

}  // namespace apiary::console
