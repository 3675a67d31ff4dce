#include "console/view/keys.hpp"

#include <QKeySequence>
#include <QShortcut>
#include <QVariant>
#include <QWidget>

#include <algorithm>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr const char* kTold = "toldKeys";

bool inside(const QObject* object, const QWidget* area) {
    while (object != nullptr && object != area) {
        object = object->parent();
    }
    return object != nullptr;
}

/// Keys of the same words share a line.
void add(QList<KeyLine>& lines, const KeyLine& line) {
    const auto same = std::ranges::find(lines, line.words, &KeyLine::words);
    if (same == lines.end()) {
        lines.append(line);
    } else if (!same->keys.split(u" or "_s).contains(line.keys)) {
        same->keys += u" or "_s + line.keys;
    }
}

}  // namespace

void addKey(QWidget* owner, const QString& keys, const QString& words, std::function<void()> act) {
    for (const QKeySequence& sequence : QKeySequence::listFromString(keys)) {
        auto* shortcut = new QShortcut(sequence, owner);
        shortcut->setWhatsThis(words);
        QObject::connect(shortcut, &QShortcut::activated, owner, act);
    }
}

void tellKey(QWidget* owner, const QString& keys, const QString& words) {
    QVariantList told = owner->property(kTold).toList();
    told.append(QStringList{keys, words});
    owner->setProperty(kTold, told);
}

QList<KeyLine> keyLines(const QWidget& area, const QList<const QWidget*>& others) {
    QList<KeyLine> lines;
    const auto elsewhere = [&](const QObject* object) {
        return std::ranges::any_of(others, [&](const QWidget* other) { return inside(object, other); });
    };
    for (const QShortcut* shortcut : area.findChildren<QShortcut*>()) {
        if (!elsewhere(shortcut)) {
            add(lines, {shortcut->key().toString(QKeySequence::NativeText), shortcut->whatsThis()});
        }
    }
    QList<const QWidget*> widgets{&area};
    for (const QWidget* child : area.findChildren<QWidget*>()) {
        widgets.append(child);
    }
    for (const QWidget* widget : widgets) {
        for (const QVariant& told : elsewhere(widget) ? QVariantList() : widget->property(kTold).toList()) {
            const QStringList line = told.toStringList();
            add(lines, {line.value(0), line.value(1)});
        }
    }
    return lines;
}

}  // namespace apiary::console
