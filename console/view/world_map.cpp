#include "console/view/world_map.hpp"

#include "console/model/figures.hpp"
#include "console/model/visible_text.hpp"
#include "console/view/tip.hpp"

#include <QKeyEvent>
#include <QLocale>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr double kBottom = 22;  // for the scale
constexpr double kSpread = 300;  // the palest step begins at this part of the greatest count
constexpr double kStepWide = 22;

}  // namespace

QString countryName(const QString& code) {
    const QLocale::Territory territory = QLocale::codeToTerritory(code);
    return territory == QLocale::AnyTerritory ? visible(code) : QLocale::territoryToString(territory);
}

WorldMap::WorldMap(const Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(u"Sessions by country"_s);
    connect(&theme, &Theme::changed, this, [this] {
        painted_ = {};
        update();
    });
}

void WorldMap::setCounts(const QHash<QString, quint64>& counts) {
    if (counts == counts_) {
        return;
    }
    counts_ = counts;
    highest_ = 0;
    for (const WorldOutlines::Country& country : WorldOutlines::instance().countries()) {
        highest_ = std::max(highest_, counts_.value(country.code));
    }
    if (counts_.value(current_) == 0) {
        moveTo({});
    }
    painted_ = {};
    update();
}

int WorldMap::stepOf(quint64 count) const {
    if (count == 0 || highest_ == 0) {
        return 0;
    }
    const double lowest = static_cast<double>(highest_) / kSpread;
    const double above = std::log(std::max(1.0, static_cast<double>(count) / lowest)) / std::log(kSpread);
    return 1 + std::min(kSteps - 1, static_cast<int>(above * kSteps));
}

QTransform WorldMap::fit() const {
    const QRectF& frame = WorldOutlines::instance().frame();
    const double scale = std::min(width() / frame.width(), (height() - kBottom) / frame.height());
    QTransform transform;
    transform.translate(width() / 2.0, (height() - kBottom) / 2.0);
    transform.scale(scale, scale);
    transform.translate(-frame.center().x(), -frame.center().y());
    return transform;
}

QPoint WorldMap::pointIn(const QString& code) const {
    constexpr int kGrid = 40;
    for (const WorldOutlines::Country& country : WorldOutlines::instance().countries()) {
        if (country.code != code || code.isEmpty()) {
            continue;
        }
        // The middle of what is inside on the middle line of the largest part will do for every shape there is.
        QPointF best = country.box.center();
        for (int y = 1; y < kGrid && !country.outline.contains(best); ++y) {
            for (int x = 1; x < kGrid; ++x) {
                const QPointF tried(country.box.left() + country.box.width() * x / kGrid,
                                    country.box.top() + country.box.height() * y / kGrid);
                if (country.outline.contains(tried)) {
                    best = tried;
                    break;
                }
            }
        }
        return fit().map(best).toPoint();
    }
    return {};
}

/// The country that is shown there and has sessions.
QString WorldMap::codeAt(const QPointF& point) const {
    if (point.y() > height() - kBottom) {
        return {};
    }
    const WorldOutlines& world = WorldOutlines::instance();
    const qsizetype found = world.at(fit().inverted().map(point));
    const QString code = found < 0 ? QString() : world.countries()[found].code;
    return counts_.value(code) > 0 ? code : QString();
}

QStringList WorldMap::ranked() const {
    QStringList codes;
    for (const WorldOutlines::Country& country : WorldOutlines::instance().countries()) {
        if (counts_.value(country.code) > 0) {
            codes << country.code;
        }
    }
    std::ranges::sort(codes, [this](const QString& left, const QString& right) {
        return std::pair(counts_.value(right), left) < std::pair(counts_.value(left), right);
    });
    return codes;
}

void WorldMap::moveTo(const QString& code) {
    if (code == current_) {
        return;
    }
    current_ = code;
    setCursor(code.isEmpty() ? Qt::ArrowCursor : Qt::PointingHandCursor);
    setAccessibleDescription(
        code.isEmpty() ? QString() : u"%1: %2 sessions"_s.arg(countryName(code), grouped(counts_.value(code))));
    update();
}

void WorldMap::moveInRank(int by) {
    const QStringList codes = ranked();
    if (codes.isEmpty()) {
        return;
    }
    const qsizetype at = codes.indexOf(current_);
    moveTo(codes[at < 0 ? 0 : std::clamp<qsizetype>(at + by, 0, codes.size() - 1)]);
}

void WorldMap::mouseMoveEvent(QMouseEvent* event) {
    moveTo(codeAt(event->position()));
}

void WorldMap::mouseReleaseEvent(QMouseEvent* event) {
    const QString code = codeAt(event->position());
    if (event->button() == Qt::LeftButton && !code.isEmpty()) {
        Q_EMIT activated(code);
    }
}

void WorldMap::leaveEvent(QEvent*) {
    moveTo({});
}

void WorldMap::resizeEvent(QResizeEvent* event) {
    painted_ = {};
    QWidget::resizeEvent(event);
}

/// Arrows move over the countries: not the focus, as the scroll area around would have it.
bool WorldMap::event(QEvent* event) {
    if (event->type() == QEvent::ShortcutOverride) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        if (key == Qt::Key_Left || key == Qt::Key_Right || key == Qt::Key_Up || key == Qt::Key_Down) {
            event->accept();
            return true;
        }
    }
    return QWidget::event(event);
}

void WorldMap::keyPressEvent(QKeyEvent* event) {
    switch (event->key()) {
        case Qt::Key_Left:
        case Qt::Key_Up:
            return moveInRank(-1);
        case Qt::Key_Right:
        case Qt::Key_Down:
            return moveInRank(1);
        case Qt::Key_Return:
        case Qt::Key_Enter:
            if (!current_.isEmpty()) {
                Q_EMIT activated(current_);
            }
            return;
        default:
            QWidget::keyPressEvent(event);
    }
}

void WorldMap::paintCountries() {
    const double ratio = devicePixelRatioF();
    painted_ = QPixmap(size() * ratio);
    painted_.setDevicePixelRatio(ratio);
    painted_.fill(Qt::transparent);
    QPainter painter(&painted_);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setClipRect(QRectF(0, 0, width(), height() - kBottom));
    const Tokens& tokens = theme_.tokens();
    const QTransform transform = fit();
    painter.setPen(QPen(tokens.card, 0.6));
    for (const WorldOutlines::Country& country : WorldOutlines::instance().countries()) {
        const int step = stepOf(counts_.value(country.code));
        painter.setBrush(step == 0 ? tokens.land : tokens.heat[step]);
        painter.drawPath(transform.map(country.outline));
    }
}

void WorldMap::paintEvent(QPaintEvent*) {
    if (painted_.isNull()) {
        paintCountries();
    }
    QPainter painter(this);
    painter.drawPixmap(0, 0, painted_);
    painter.setRenderHint(QPainter::Antialiasing);
    const Tokens& tokens = theme_.tokens();
    paintScale(painter);
    if (hasFocus() && current_.isEmpty()) {
        painter.setPen(QPen(tokens.accent, 2));
        painter.setBrush(Qt::NoBrush);
        painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -kBottom), 4, 4);
    }
    for (const WorldOutlines::Country& country : WorldOutlines::instance().countries()) {
        if (!current_.isEmpty() && country.code == current_) {
            const QPainterPath outline = fit().map(country.outline);
            painter.setPen(QPen(hasFocus() ? tokens.accent : tokens.text, 1.4));
            painter.setBrush(Qt::NoBrush);
            painter.drawPath(outline);
            paintTip(painter, {.title = countryName(current_), .figure = grouped(counts_.value(current_)), .lines = {}},
                     pointIn(current_), rect(), tokens);
        }
    }
}

void WorldMap::paintScale(QPainter& painter) const {
    if (highest_ == 0) {
        return;
    }
    const Tokens& tokens = theme_.tokens();
    const double top = height() - 16;
    painter.setFont(uiFont(11.5));
    painter.setPen(tokens.secondary);
    const QString unit = u"sessions"_s;
    painter.drawText(QRectF(0, top - 1, 80, 16), Qt::AlignLeft | Qt::AlignVCenter, unit);
    const double left = painter.fontMetrics().horizontalAdvance(unit) + 8.0;
    for (int step = 1; step <= kSteps; ++step) {
        painter.fillRect(QRectF(left + kStepWide * (step - 1), top + 3, kStepWide - 1, 8), tokens.heat[step]);
    }
    // Up to where the palest step goes; below it is nothing but the bare land.
    const double first = std::max(1.0, std::floor(static_cast<double>(highest_) / kSpread * std::pow(kSpread, 1.0 / kSteps)));
    painter.drawText(QRectF(left + kStepWide * kSteps + 6, top - 1, width(), 16), Qt::AlignLeft | Qt::AlignVCenter,
                     u"≤ %1 to %2, log steps"_s.arg(shortNumber(first), shortNumber(static_cast<double>(highest_))));
}

}  // namespace apiary::console
