#pragma once

#include <QJsonObject>

namespace apiary::console {

class MainWindow;
class Workspace;

/// The part of the readout about the fleet's page, the top bar, menus and sheets: its keys, to be merged with the rest.
QJsonObject readFleet(const MainWindow& window, const Workspace& workspace);

}  // namespace apiary::console
