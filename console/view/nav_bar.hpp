#pragma once

#include "console/model/values.hpp"
#include "console/view/glyphs.hpp"
#include "console/view/theme.hpp"

#include <QAbstractButton>
#include <QFrame>

class QVBoxLayout;

namespace apiary::console {

enum class Page { Overview, Sessions, Fleet };

/// One entry of the navigation.
class NavButton final : public QAbstractButton {
    Q_OBJECT

public:
    NavButton(const Theme& theme, Glyph which, const QString& text, QWidget* parent = nullptr);

    /// A number beside the name, for what needs a look; 0 hides it.
    void setBadge(int number);

    QSize sizeHint() const override { return {160, 34}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    const Theme& theme_;
    Glyph glyph_;
    int badge_ = 0;
};

/// The state of the link at the foot of the navigation: a shape, a word, and a line below.
class LinkMark final : public QWidget {
    Q_OBJECT

public:
    explicit LinkMark(const Theme& theme, QWidget* parent = nullptr);

    /// `nowUs` tells how long a pause still lasts.
    void show(const LinkState& state, qint64 nowUs);
    QString word() const { return word_; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    const Theme& theme_;
    LinkState::Kind kind_ = LinkState::Kind::Connecting;
    QString word_;
    QString line_;
};

/// The column on the left: mark, pages, link.
class NavBar final : public QFrame {
    Q_OBJECT

public:
    explicit NavBar(const Theme& theme, QWidget* parent = nullptr);

    void choose(Page page);
    NavButton& button(Page page) const;
    LinkMark& link() const { return *link_; }

Q_SIGNALS:
    void chosen(Page page);
    void helpWanted();

private:
    void addEntry(const Theme& theme, Page page, Glyph which, const QString& name);

    QVBoxLayout* column_;
    QList<NavButton*> buttons_;
    LinkMark* link_;
};

}  // namespace apiary::console
