#include "console/view/silence.hpp"

namespace apiary::console {

void paintSilence(QPainter& painter, const QRectF& where, const Tokens& tokens) {
    painter.fillRect(where, tokens.offSoft);
    painter.fillRect(where, QBrush(tokens.faint, Qt::BDiagPattern));
}

}  // namespace apiary::console
