#pragma once

#include <QJsonObject>
#include <QRect>

class QWidget;

namespace apiary::console {

class OverviewPage;
class Workspace;

/// The overview's part of the readout: its keys, to be merged with the rest.
QJsonObject readOverview(const OverviewPage& page, const Workspace& workspace);

/// {x, y, w, h} in pixels of the screen.
QJsonObject rectangle(const QRect& screen);
QJsonObject rectangle(const QWidget& widget);

}  // namespace apiary::console
