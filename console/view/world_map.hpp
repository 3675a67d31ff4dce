#pragma once

#include "console/view/theme.hpp"
#include "console/view/world_outlines.hpp"

#include <QHash>
#include <QPixmap>
#include <QTransform>
#include <QWidget>

namespace apiary::console {

/// Sessions by the country of their source, as a map: the more the darker, in logarithmic steps; a country without any is
/// bare. Mouse and arrow keys move over the countries that have some, in the order of their counts; Enter and a click
/// choose one.
class WorldMap final : public QWidget {
    Q_OBJECT

public:
    static constexpr int kSteps = 6;

    explicit WorldMap(const Theme& theme, QWidget* parent = nullptr);

    /// By ISO 3166-1 alpha-2 code. What is no country on the map is not shown.
    void setCounts(const QHash<QString, quint64>& counts);
    const QHash<QString, quint64>& counts() const { return counts_; }
    /// The shade of a count: 0 for none, kSteps for the greatest.
    int stepOf(quint64 count) const;
    /// The country under the mouse or the keys; empty if none.
    const QString& current() const { return current_; }
    /// A point inside the country, in the widget; null for none of that code.
    QPoint pointIn(const QString& code) const;

    QSize minimumSizeHint() const override { return {300, 150}; }

Q_SIGNALS:
    void activated(const QString& code);

protected:
    bool event(QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    QTransform fit() const;
    QString codeAt(const QPointF& point) const;
    QStringList ranked() const;
    void moveTo(const QString& code);
    void moveInRank(int by);
    void paintCountries();
    void paintScale(QPainter& painter) const;

    const Theme& theme_;
    QHash<QString, quint64> counts_;
    quint64 highest_ = 0;
    QString current_;
    QPixmap painted_;  // the countries; null when they must be painted anew
};

/// `Netherlands`; the code itself if it is none of a country.
QString countryName(const QString& code);

}  // namespace apiary::console
