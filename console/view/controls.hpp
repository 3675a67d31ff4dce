#pragma once

#include "console/view/glyphs.hpp"
#include "console/view/theme.hpp"

#include <QLabel>
#include <QPushButton>
#include <QTimer>
#include <QToolButton>

class QPainter;

namespace apiary::console {

/// A label that never renders markup. `tone` is one of the style sheet's: "", secondary, faint, critical, warn, ok.
QLabel* plainLabel(const QString& text, const QFont& font, const char* tone = "");
/// Changes the colour of a plainLabel().
void setTone(QLabel& label, const char* tone);

/// Changes the look of a button to another one of the style sheet's.
void setLook(QWidget& button, const char* look);

/// A label in one line that ends in an ellipsis where it has no room, instead of widening what holds it.
class ElidedLabel final : public QLabel {
    Q_OBJECT

public:
    ElidedLabel(const QFont& font, const char* tone, QWidget* parent = nullptr);

    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;
};

/// A button with a drawing in the secondary colour, and a text beside it unless that is empty. `look` is one of the
/// style sheet's: "" for framed, flat, segment.
QToolButton* glyphButton(const Theme& theme, Glyph which, const QString& text, const QString& toolTip,
                         const char* look = "");
QPushButton* textButton(const QString& text, const char* look = "");

/// A filled, rounded field with a word in it.
void paintPill(QPainter& painter, const QRectF& field, const QString& text, const QColor& colour, const QColor& fill,
               const QFont& font);

/// A drawing, a headline and a sentence in the middle of an area that has nothing else to show.
class Placeholder final : public QWidget {
    Q_OBJECT

public:
    explicit Placeholder(const Theme& theme, QWidget* parent = nullptr);

    void show(Glyph which, const QString& headline, const QString& sentence);
    /// Grey bars in place of the data that are on their way. They come after 200 ms: what is quicker does not flash.
    void showLoading(const QString& headline);
    bool loading() const { return loading_; }
    QString headline() const { return headline_; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void paintBars(QPainter& painter) const;

    const Theme& theme_;
    QTimer soon_;
    bool loading_ = false;
    Glyph glyph_ = Glyph::Quiet;
    QString headline_;
    QString sentence_;
};

}  // namespace apiary::console
