#include "console/view/theme.hpp"

#include <QApplication>
#include <QPalette>
#include <QStyleFactory>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

// @name stands for a colour of the theme.
constexpr QStringView kSheet =
    uR"(
QWidget { color: @text; }
QToolTip { background: @card; color: @text; border: 1px solid @border; padding: 4px 6px; }
QLabel[tone="secondary"] { color: @secondary; }
QLabel[tone="faint"] { color: @faint; }
QLabel[tone="critical"] { color: @critical; }
QLabel[tone="warn"] { color: @warn; }
QLabel[tone="ok"] { color: @ok; }
#Nav { background: @nav; border-right: 1px solid @border; }
#TopBar { background: @nav; border-bottom: 1px solid @border; }
#Page, #Page > QWidget { background: transparent; }
QScrollArea, QScrollArea > QWidget > QWidget { background: transparent; border: none; }
QPushButton, QToolButton { background: @card; border: 1px solid @border; border-radius: 6px; padding: 0 10px; min-height: 30px; }
QPushButton:hover, QToolButton:hover { background: @hover; }
QPushButton:focus, QToolButton:focus { border: 2px solid @accent; padding: 0 9px; }
QPushButton:disabled, QToolButton:disabled { color: @faint; }
QPushButton[look="primary"] { background: @accent; color: @onAccent; border-color: @accent; }
QPushButton[look="pill"] { background: @accent; color: @onAccent; border: none; border-radius: 13px; min-height: 26px; padding: 0 14px; }
QToolButton[look="segment"] { border: none; background: transparent; border-radius: 5px; min-height: 26px; padding: 0 11px; color: @secondary; }
QToolButton[look="segment"]:hover { background: @hover; }
QToolButton[look="segment"]:checked { background: @accentSoft; color: @accent; }
QToolButton[look="segment"]:focus { border: 2px solid @accent; padding: 0 9px; }
QToolButton[look="flat"] { border: none; background: transparent; padding: 0 8px; min-height: 26px; color: @secondary; }
QToolButton[look="flat"]:hover { background: @hover; }
QToolButton[look="flat"]:checked { color: @accent; }
QToolButton[look="flat"]:focus { border: 2px solid @accent; padding: 0 6px; }
QPushButton[look="entry"] { border: none; background: transparent; border-radius: 5px; padding: 0 8px; min-height: 26px; text-align: left; }
QPushButton[look="entry"]:hover { background: @hover; }
QPushButton[look="entry"]:checked { background: @accentSoft; color: @accent; }
QPushButton[look="entry"]:focus { border: 2px solid @accent; padding: 0 6px; }
QToolButton[look="title"] { border: none; background: transparent; border-radius: 5px; padding: 0; min-height: 22px; color: @text; }
QToolButton[look="title"]:hover { color: @accent; }
QToolButton[look="title"]:focus { border: 2px solid @accent; padding: 0; }
QToolButton[look="title"]::menu-indicator { image: none; width: 0; }
QToolButton[look="link"] { border: none; background: transparent; border-radius: 4px; min-height: 20px; padding: 0 4px; color: @secondary; }
QToolButton[look="link"]:hover { color: @accent; background: @hover; }
QToolButton[look="link"]:focus { border: 2px solid @accent; padding: 0 2px; }
QToolButton::menu-indicator { image: none; }
QPushButton::menu-indicator { image: none; }
QPushButton[look="danger"] { background: @critical; color: @onAccent; border-color: @critical; }
QPushButton[look="danger"]:focus { border: 2px solid @text; }
QToolButton[look="chosen"] { background: @accentSoft; color: @accent; border-color: @accent; }
QToolButton[look="warn"] { background: @warnSoft; color: @warnPill; border: none; }
QToolButton[look="warn"]:focus { border: 2px solid @accent; padding: 0 8px; }
QToolButton[look="filter"]:checked { background: @accentSoft; color: @accent; border-color: @accent; }
QMenu { background: @card; border: 1px solid @border; padding: 4px; }
QMenu::item { padding: 5px 22px 5px 26px; border-radius: 4px; color: @text; }
QMenu::item:selected { background: @hover; }
QMenu::item:disabled { color: @faint; }
QMenu::separator { height: 1px; background: @border; margin: 4px 6px; }
QMenu::indicator { width: 14px; height: 14px; left: 6px; }
QListView { background: transparent; border: none; outline: 0; }
QListView::item { padding: 3px 6px; border-radius: 4px; color: @text; }
QListView::item:selected { background: @selection; color: @text; }
QListView::item:hover { background: @hover; }
QToolButton[look="chip"] { border: none; background: @accentSoft; color: @accent; border-radius: 12px; padding: 0 10px; min-height: 24px; }
QToolButton[look="chip"]:hover { background: @selection; }
QToolButton[look="chip"]:focus { border: 2px solid @accent; padding: 0 8px; min-height: 20px; }
QPushButton[look="link"] { border: none; background: transparent; padding: 0 4px; min-height: 24px; }
QPushButton[look="link"]:hover { color: @accent; }
QPushButton[look="link"]:focus { border: 2px solid @accent; padding: 0 2px; min-height: 20px; }
#Popup { background: @card; border: 1px solid @border; border-radius: 6px; }
QLineEdit { background: @window; border: 1px solid @border; border-radius: 6px; padding: 0 9px; color: @text; selection-background-color: @accent; selection-color: @onAccent; }
QLineEdit > QToolButton { border: none; background: transparent; padding: 0; min-height: 0; }
QFileDialog QToolButton { padding: 0; min-height: 0; }
QLineEdit:focus { border: 2px solid @accent; padding: 0 8px; }
#Segments { background: @card; border: 1px solid @border; border-radius: 6px; }
QTableView { background: transparent; border: none; outline: 0; selection-background-color: @selection; selection-color: @text; }
QHeaderView { background: transparent; }
QHeaderView::section { background: transparent; color: @secondary; border: none; border-bottom: 1px solid @border; padding: 0 10px; }
QTableCornerButton::section { background: transparent; border: none; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 2px; }
QScrollBar::handle:vertical { background: @border; border-radius: 3px; min-height: 28px; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 2px; }
QScrollBar::handle:horizontal { background: @border; border-radius: 3px; min-width: 28px; }
QScrollBar::handle:hover { background: @faint; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QAbstractScrollArea::corner { background: transparent; border: none; }
QSplitter::handle { background: transparent; }
)";

QString sheet(const Tokens& tokens) {
    // Longer names first: @accent is the head of @accentSoft.
    const QList<std::pair<QString, QColor>> names{{u"@accentSoft"_s, tokens.accentSoft},
                                                  {u"@accent"_s, tokens.accent},
                                                  {u"@onAccent"_s, tokens.onAccent},
                                                  {u"@secondary"_s, tokens.secondary},
                                                  {u"@selection"_s, tokens.selection},
                                                  {u"@critical"_s, tokens.critical},
                                                  {u"@border"_s, tokens.border},
                                                  {u"@hover"_s, tokens.hover},
                                                  {u"@faint"_s, tokens.faint},
                                                  {u"@card"_s, tokens.card},
                                                  {u"@text"_s, tokens.text},
                                                  {u"@warnSoft"_s, tokens.warnSoft},
                                                  {u"@warnPill"_s, tokens.warnPill},
                                                  {u"@warn"_s, tokens.warn},
                                                  {u"@grid"_s, tokens.grid},
                                                  {u"@nav"_s, tokens.nav},
                                                  {u"@window"_s, tokens.window},
                                                  {u"@ok"_s, tokens.ok}};
    QString text = kSheet.toString();
    for (const auto& [name, colour] : names) {
        text.replace(name, colour.name());
    }
    return text;
}

QPalette palette(const Tokens& tokens) {
    QPalette palette;
    for (const auto& [role, colour] :
         std::initializer_list<std::pair<QPalette::ColorRole, QColor>>{{QPalette::Window, tokens.window},
                                                                       {QPalette::WindowText, tokens.text},
                                                                       {QPalette::Base, tokens.card},
                                                                       {QPalette::AlternateBase, tokens.hover},
                                                                       {QPalette::Text, tokens.text},
                                                                       {QPalette::Button, tokens.card},
                                                                       {QPalette::ButtonText, tokens.text},
                                                                       {QPalette::Highlight, tokens.selection},
                                                                       {QPalette::HighlightedText, tokens.text},
                                                                       {QPalette::ToolTipBase, tokens.card},
                                                                       {QPalette::ToolTipText, tokens.text},
                                                                       {QPalette::PlaceholderText, tokens.faint},
                                                                       {QPalette::Mid, tokens.border}}) {
        palette.setColor(role, colour);
    }
    return palette;
}

}  // namespace

void dress(QApplication& application, Theme& theme) {
    QApplication::setStyle(QStyleFactory::create(u"Fusion"_s));
    QApplication::setFont(uiFont(13));
    const auto put = [&application, &theme] {
        QApplication::setPalette(palette(theme.tokens()));
        application.setStyleSheet(sheet(theme.tokens()));
    };
    put();
    QObject::connect(&theme, &Theme::changed, &application, put);
}

}  // namespace apiary::console
