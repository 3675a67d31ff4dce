#pragma once

#include "console/model/values.hpp"
#include "console/view/theme.hpp"

#include <QFrame>

class QLabel;
class QPushButton;

namespace apiary::console {

/// The band over the page: what is wrong with the link, or what was refused a moment ago. Hidden when there is nothing.
class Notice final : public QFrame {
    Q_OBJECT

public:
    explicit Notice(const Theme& theme, QWidget* parent = nullptr);

    void showLink(const LinkState& state, qint64 nowUs);
    /// Words about something that did not work; they stay until dismissed or until the next ones.
    void showRefusal(const QString& words);
    QString words() const;

Q_SIGNALS:
    void retryWanted();

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void arrange();

    const Theme& theme_;
    QLabel* text_;
    QPushButton* retry_;
    QPushButton* dismiss_;
    QString link_;
    QString refusal_;
};

/// What stands in place of the pages before there are any data, or when the collector cannot be used at all.
class LinkPage final : public QWidget {
    Q_OBJECT

public:
    explicit LinkPage(const Theme& theme, QWidget* parent = nullptr);

    void show(const LinkState& state, qint64 nowUs);
    QString headline() const;

Q_SIGNALS:
    void retryWanted();

private:
    const Theme& theme_;
    LinkState::Kind kind_ = LinkState::Kind::Connecting;
    QLabel* drawing_;
    QLabel* headline_;
    QLabel* reason_;
    QLabel* advice_;
    QPushButton* retry_;

    void draw();
};

}  // namespace apiary::console
