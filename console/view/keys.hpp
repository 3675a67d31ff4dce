#pragma once

#include <QList>
#include <QString>

#include <functional>

class QWidget;

namespace apiary::console {

/// A line of the help sheet: the keys as they stand on a keyboard, and what they do.
struct KeyLine {
    QString keys;
    QString words;

    friend bool operator==(const KeyLine&, const KeyLine&) = default;
};

/// Makes shortcuts that work while `owner` is visible: `keys` is a list as QKeySequence::listFromString() reads it,
/// with
/// "; " between the keys ("Ctrl+Down; F8"). The help sheet shows them with `words`. `act` runs once for a press.
void addKey(QWidget* owner, const QString& keys, const QString& words, std::function<void()> act);

/// A line for keys that `owner` takes by itself while it has the focus, such as arrows.
void tellKey(QWidget* owner, const QString& keys, const QString& words);

/// The keys of `area` and of all widgets in it, except those in `others`: read from the very shortcuts, so that the
/// help says what is there.
QList<KeyLine> keyLines(const QWidget& area, const QList<const QWidget*>& others = {});

}  // namespace apiary::console
