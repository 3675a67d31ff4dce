#include "console/view/help_sheet.hpp"

#include "console/view/card.hpp"
#include "console/view/controls.hpp"

#include <QBoxLayout>
#include <QGridLayout>
#include <QKeyEvent>
#include <QScrollArea>

#include <array>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kWide = 860;

qsizetype linesOf(const QList<KeySection>& sections) {
    qsizetype lines = 0;
    for (const KeySection& section : sections) {
        lines += section.lines.size() + 2;
    }
    return lines;
}

QWidget* sectionWidget(const KeySection& section) {
    auto* block = new QWidget;
    auto* grid = new QGridLayout(block);
    grid->setContentsMargins(0, 0, 0, 8);
    grid->setHorizontalSpacing(14);
    grid->setVerticalSpacing(5);
    grid->setColumnStretch(1, 1);
    grid->addWidget(plainLabel(section.name, uiFont(13.5, QFont::DemiBold)), 0, 0, 1, 2);
    int row = 1;
    for (const KeyLine& line : section.lines) {
        auto* keys = plainLabel(line.keys, monoFont(12), "secondary");
        keys->setMinimumWidth(150);
        auto* words = plainLabel(line.words, uiFont(13));
        words->setWordWrap(true);
        grid->addWidget(keys, row, 0, Qt::AlignTop);
        grid->addWidget(words, row, 1);
        ++row;
    }
    return block;
}

}  // namespace

HelpSheet::HelpSheet(const Theme& theme, QWidget& window, const QList<KeySection>& sections)
    : Sheet(theme, window, u"Keyboard"_s, kWide), sections_(sections) {
    auto* content = new QWidget;
    auto* columns = new QHBoxLayout(content);
    columns->setContentsMargins(0, 0, 8, 0);
    columns->setSpacing(36);
    QList<QVBoxLayout*> sides{new QVBoxLayout, new QVBoxLayout};
    std::array<qsizetype, 2> used{};
    for (const KeySection& section : sections_) {
        const std::size_t shorter = used[1] < used[0] ? 1 : 0;
        sides[static_cast<qsizetype>(shorter)]->addWidget(sectionWidget(section));
        used[shorter] += section.lines.size() + 2;
    }
    for (QVBoxLayout* side : sides) {
        side->addStretch(1);
        columns->addLayout(side, 1);
    }
    auto* area = new QScrollArea;
    area->setWidgetResizable(true);
    area->setFrameShape(QFrame::NoFrame);
    area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    area->setWidget(content);
    area->setMinimumHeight(static_cast<int>(linesOf(sections_) / 2 + 4) * 24);
    body().addWidget(area, 1);
    auto* close = textButton(u"Close"_s);
    close->setObjectName(u"sheet:Close"_s);
    body().addWidget(close, 0, Qt::AlignRight);
    connect(close, &QPushButton::clicked, this, &Sheet::close);
    present(*close);
}

void HelpSheet::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_F1 || event->key() == Qt::Key_Question) {
        close();
    }
    Sheet::keyPressEvent(event);
}

}  // namespace apiary::console
