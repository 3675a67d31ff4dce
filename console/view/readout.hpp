#pragma once

#include <QJsonObject>
#include <QString>

namespace apiary::console {

class MainWindow;
class Workspace;

/// What the window shows at this moment, read from its widgets: for tests that compare it with the database, and that
/// click it. Rectangles {x, y, w, h} are pixels of the screen. See console/README.md for the keys.
QJsonObject readOut(const MainWindow& window, const Workspace& workspace);

/// Writes it to `path` so that a reader finds the old or the new one, never half of it. Returns what went wrong, or
/// an empty text.
QString writeReadout(const QString& path, const QJsonObject& readout);

}  // namespace apiary::console
