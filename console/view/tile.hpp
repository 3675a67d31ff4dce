#pragma once

#include "console/view/theme.hpp"

#include <QWidget>

namespace apiary::console {

/// One figure of the overview: name, value, a line below it, and its course as a small curve.
class Tile final : public QWidget {
    Q_OBJECT

public:
    /// How the line below reads: as it is, as something that needs a look, or as what could not be read any more.
    enum class Mood { Calm, Warn, Critical, Stale };

    Tile(const Theme& theme, const QString& name, QWidget* parent = nullptr);

    void setValue(const QString& value, const QString& note, Mood mood = Mood::Calm);
    /// A small curve of buckets, with holes where all that a point of it stands for is `silent`: of each bucket, or
    /// empty.
    void setCourse(const QList<quint64>& course, const QList<bool>& silent = {});
    /// Makes it a button that opens `what`: a click or Enter emits activated().
    void setOpens(const QString& what);
    /// Before the first figures there is a grey bar in place of the value.
    void setLoading();

    QString name() const { return name_; }
    QString value() const { return value_; }
    QString note() const { return note_; }
    const QList<quint64>& course() const { return course_; }
    bool loading() const { return loading_; }

    QSize sizeHint() const override { return {200, 92}; }

Q_SIGNALS:
    void activated();

protected:
    void enterEvent(QEnterEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    const Theme& theme_;
    const QString name_;
    QString value_;
    QString note_;
    Mood mood_ = Mood::Calm;
    QList<quint64> course_;
    QList<bool> silent_;
    bool loading_ = true;
    bool opens_ = false;
    bool hovered_ = false;
};

}  // namespace apiary::console
