#pragma once

#include "console/model/workspace.hpp"
#include "console/view/theme.hpp"

#include <QFrame>

class QLabel;
class QMenu;
class QToolButton;

namespace apiary::console {

class SensorMenu;
class TimePicker;

/// The line above a page: its name, the range in words, then what all pages look at - sensors, traffic, time - and
/// refresh, export and theme.
class TopBar final : public QFrame {
    Q_OBJECT

public:
    TopBar(Theme& theme, Workspace& workspace, QWidget* parent = nullptr);

    /// `withScope`: sensors, traffic and time mean something on that page.
    void setTitle(const QString& title, bool withScope);
    /// The range in words.
    QString subtitle() const;
    /// What the traffic button says.
    QString traffic() const;
    /// That figures may lack records of some sensors; empty if they lack none.
    QString partial() const;
    TimePicker& picker() const { return *picker_; }
    SensorMenu& sensors() const { return *sensors_; }

Q_SIGNALS:
    /// The export menu is about to be shown and has to be filled.
    void exportOpens(QMenu& menu);
    /// Someone wants to know which sensors are silent.
    void silentWanted();

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    QWidget* makeTitle();
    QWidget* makePresets();
    QToolButton* makeTraffic();
    QToolButton* makeInterval();
    QToolButton* makeExport();
    QToolButton* makeTone();
    void makeKeys();
    void arrange();
    void showSpan();
    void showRange();
    void showTraffic();
    void showInterval();
    void showPartial();

    Theme& theme_;
    Workspace& workspace_;
    QLabel* title_;
    QLabel* range_;
    QToolButton* partial_;
    SensorMenu* sensors_;
    QToolButton* traffic_;
    TimePicker* picker_;
    QList<QToolButton*> buttons_;
    QWidget* presets_;
    QToolButton* zoomOut_;
    QToolButton* refresh_;
    QToolButton* interval_;
    QToolButton* export_;
    bool withScope_ = true;
};

}  // namespace apiary::console
