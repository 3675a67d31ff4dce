#pragma once

#include "console/view/theme.hpp"

#include <QFrame>

class QHBoxLayout;
class QLabel;
class QVBoxLayout;

namespace apiary::console {

/// A framed area with a title line; `head()` takes controls on the right, `body()` the content.
class Card : public QFrame {
    Q_OBJECT

public:
    /// Without a title there is no title line, and the content reaches the frame.
    explicit Card(const Theme& theme, const QString& title = {}, QWidget* parent = nullptr);

    QHBoxLayout* head() const { return head_; }
    QVBoxLayout* body() const { return body_; }
    void setSubtitle(const QString& text);

    QSize minimumSizeHint() const override { return {80, 60}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    const Theme& theme_;
    QHBoxLayout* head_ = nullptr;
    QVBoxLayout* body_;
    QLabel* subtitle_ = nullptr;
};

}  // namespace apiary::console
