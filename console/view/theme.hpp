#pragma once

#include <QColor>
#include <QFont>
#include <QList>
#include <QObject>

class QApplication;

namespace apiary::console {

enum class Tone { Light, Dark };

/// The colours of the console, by what they mean. Contrast and colour vision were checked for these very values.
struct Tokens {
    QColor window, card, nav, border, grid, hover, selection;
    QColor text, secondary, faint;
    QColor accent, accentSoft, onAccent;
    QColor ok, okSoft, warn, warnSoft, warnPill, critical, criticalSoft, off, offSoft, offPill;
    QColor attacker, attackerBand, us, usBand;
    QColor switchOff, knob;
    QList<QColor> protocols;  // in the order of colouredProtocols()
    QColor otherProtocol;
    QColor bar;          // behind the entries of a ranked list
    QList<QColor> heat;  // from nothing to most
    QColor land;         // a country without sessions
};

/// The colours in use. Widgets read tokens() while they paint and repaint on changed(). Outlives every widget.
class Theme final : public QObject {
    Q_OBJECT

public:
    explicit Theme(Tone tone, QObject* parent = nullptr);

    Tone tone() const { return tone_; }
    const Tokens& tokens() const { return tokens_; }
    void use(Tone tone);

    /// A protocol keeps its colour in every view; `name` is as shown (FTP).
    QColor protocolColour(const QString& name) const;

Q_SIGNALS:
    void changed();

private:
    Tone tone_;
    Tokens tokens_;
};

/// Gives the application palette, style sheet and font of the theme, now and whenever it changes.
void dress(QApplication& application, Theme& theme);

/// Inter, for everything but figures; sizes are pixels.
QFont uiFont(double pixels, int weight = QFont::Normal);
/// JetBrains Mono, for addresses, times, counts and bytes: its digits are equally wide.
QFont monoFont(double pixels, int weight = QFont::Normal);

}  // namespace apiary::console
