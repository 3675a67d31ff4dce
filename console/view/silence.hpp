#pragma once

#include "console/view/theme.hpp"

#include <QPainter>

namespace apiary::console {

/// How every chart and its legend show a time in which nobody listened: nothing there is no zero.
void paintSilence(QPainter& painter, const QRectF& where, const Tokens& tokens);

}  // namespace apiary::console
