#pragma once

#include <QByteArray>
#include <QString>

#include <functional>

class QWidget;

namespace apiary::console {

/// Asks for a place and writes `bytes` there, so that a reader finds all of it or none. `done` gets words for a person:
/// where it is, or, with `failed`, why it is not. Nothing happens when the question is cancelled. Does not block.
void saveFile(QWidget& window, const QString& suggestedName, const QByteArray& bytes,
              const std::function<void(const QString& words, bool failed)>& done);

}  // namespace apiary::console
