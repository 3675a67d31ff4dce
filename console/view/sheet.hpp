#pragma once

#include "console/view/theme.hpp"

#include <QWidget>

class QBoxLayout;
class QLabel;
class QPushButton;

namespace apiary::console {

class Card;

/// A card over the dimmed window that has to be answered first: Esc and a click beside it close it, Tab stays inside.
/// It covers `window` and goes with it. Deletes itself when it is closed.
class Sheet : public QWidget {
    Q_OBJECT

public:
    Sheet(const Theme& theme, QWidget& window, const QString& title, int width);

    QString title() const;
    void close();

Q_SIGNALS:
    void closed();

protected:
    Card& card() { return *card_; }
    QBoxLayout& body();
    /// Shows the sheet with its content and gives `first` the focus; call it once the content is there.
    void present(QWidget& first);
    bool event(QEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;
    bool focusNextPrevChild(bool next) override;
    void keyPressEvent(QKeyEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    void fit();

    const Theme& theme_;
    Card* card_;
    const int width_;
};

/// Asks before something is done to several sensors: what, to whom, and a button that names it. Nothing is done unless
/// that button is pressed; the focus begins on "Cancel".
class ConfirmSheet final : public Sheet {
    Q_OBJECT

public:
    /// `lines` say whom it concerns, one each, with a remark: "ams-01" and "3 connections open".
    ConfirmSheet(const Theme& theme, QWidget& window, const QString& title, const QString& sentence,
                 const QList<std::pair<QString, QString>>& lines, const QString& action, bool destructive);

    /// Whether the button that names the act can be pressed; it can at first.
    void allow(bool allowed);
    QString sentence() const;
    const QList<std::pair<QString, QString>>& lines() const { return lines_; }

Q_SIGNALS:
    void confirmed();

private:
    QLabel* sentence_;
    QPushButton* confirm_ = nullptr;
    const QList<std::pair<QString, QString>> lines_;
};

/// The sheet over a window, or null.
Sheet* sheetOver(const QWidget& window);

}  // namespace apiary::console
