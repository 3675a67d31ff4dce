#pragma once

#include "console/model/open_session_model.hpp"
#include "console/view/theme.hpp"

#include <QAbstractScrollArea>

namespace apiary::console {

class Placeholder;

/// Who is connected now, two lines each: protocol and source, sensor and how long.
class OpenList final : public QAbstractScrollArea {
    Q_OBJECT

public:
    /// `clock` gives microseconds since 1970; `model` must outlive the list.
    OpenList(const Theme& theme, OpenSessionModel& model, std::function<qint64()> clock, QWidget* parent = nullptr);

    /// A row as it stands on the screen: protocol, source, since, target, sensor.
    QStringList shownCells(int row) const;
    int shownRows() const;
    int rows() const { return model_.rowCount(); }

Q_SIGNALS:
    void activated(const QByteArray& id);

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;

private:
    void fit();

    const Theme& theme_;
    OpenSessionModel& model_;
    std::function<qint64()> clock_;
    Placeholder* empty_;
};

}  // namespace apiary::console
