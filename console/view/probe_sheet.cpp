#include "console/view/probe_sheet.hpp"

#include "console/model/figures.hpp"
#include "console/model/visible_text.hpp"
#include "console/view/controls.hpp"

#include <QBoxLayout>
#include <QHeaderView>
#include <QStyledItemDelegate>
#include <QTableView>

#include <algorithm>
#include <array>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kWide = 1400;  // what nmap's first packet has to say
constexpr int kHigh = 480;
constexpr int kRow = 26;
constexpr std::array<int, ProbeList::ColumnCount> kWidths{136, 140, 84, 100, 104, 140, 64, 88, 84, 200};

/// Cells begin and end where their headings do: a blank wide.
class Indented final : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;

protected:
    void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override {
        QStyledItemDelegate::initStyleOption(option, index);
        option->text = u' ' + option->text + u' ';
    }
};

}  // namespace

ProbeSheet::ProbeSheet(const Theme& theme, QWidget& window, ProbeList& probes)
    : Sheet(theme, window, u"Probes with the marks of %1"_s.arg(visible(probes.tool(), 64)), kWide),
      probes_(probes),
      words_(plainLabel({}, uiFont(12.5), "secondary")),
      table_(new QTableView),
      panel_(new PanelBody(theme, table_)) {
    table_->setModel(&probes_);
    table_->setItemDelegate(new Indented(table_));
    table_->setObjectName(u"probes"_s);
    table_->setAccessibleName(u"Probes, newest first"_s);
    table_->setFont(monoFont(12));
    table_->setFrameShape(QFrame::NoFrame);
    table_->setShowGrid(false);
    table_->setWordWrap(false);
    table_->setTabKeyNavigation(false);
    table_->setSelectionBehavior(QAbstractItemView::SelectRows);
    table_->setSelectionMode(QAbstractItemView::SingleSelection);
    table_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    table_->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    table_->verticalHeader()->hide();
    table_->verticalHeader()->setDefaultSectionSize(kRow);
    QHeaderView& header = *table_->horizontalHeader();
    header.setFont(uiFont(12, QFont::Medium));
    header.setSectionsClickable(false);
    header.setHighlightSections(false);
    header.setStretchLastSection(true);
    for (int column = 0; column < ProbeList::ColumnCount; ++column) {
        header.resizeSection(column, kWidths[static_cast<std::size_t>(column)]);
    }
    panel_->setMinimumHeight(kHigh);
    panel_->setEmptyWords(u"No such probes any more"_s, u"Retention has dropped them since they were counted."_s);
    body().addWidget(words_);
    body().addWidget(panel_, 1);
    auto* close = textButton(u"Close"_s);
    close->setObjectName(u"sheet:Close"_s);
    body().addWidget(close, 0, Qt::AlignRight);
    connect(close, &QPushButton::clicked, this, &Sheet::close);
    connect(&probes_, &ProbeList::changed, this, &ProbeSheet::refresh);
    refresh();
    present(*close);
}

QString ProbeSheet::words() const {
    return words_->text();
}

void ProbeSheet::refresh() {
    const auto& count = probes_.count();
    const bool some = probes_.rowCount() > 0;
    panel_->show(count.has_value(), some, probes_.failure());
    table_->setColumnHidden(ProbeList::Country, std::ranges::all_of(probes_.rows(), [](const ProbeRow& row) {
                                return row.country.isEmpty();
                            }));
    QStringList words{rangeText(probes_.scope().fromUs, probes_.scope().toUs)};
    if (count) {
        words.prepend(*count == 1 ? u"1 probe"_s : grouped(*count) + u" probes"_s);
        if (*count > static_cast<quint64>(ProbeList::kMostRows)) {
            words.append(u"the newest %1 are listed"_s.arg(grouped(ProbeList::kMostRows)));
        }
    }
    words_->setText(words.join(u" · "_s));
}

}  // namespace apiary::console
