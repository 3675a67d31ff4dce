#pragma once

#include "console/model/values.hpp"
#include "console/view/theme.hpp"

#include <QFrame>

class QLabel;
class QPushButton;

namespace apiary::console {

/// The band over the page: what is wrong with the link, figures that are out of date, what was refused or done a moment
/// ago; the first of these that there is. Hidden when there is nothing.
class Notice final : public QFrame {
    Q_OBJECT

public:
    explicit Notice(const Theme& theme, QWidget* parent = nullptr);

    void showLink(const LinkState& state, qint64 nowUs);
    /// That the figures are those of a time gone by; 0: they are not.
    void showStale(qint64 figuresAtUs);
    /// Words about something that did not work; they stay until dismissed or until the next ones.
    void showRefusal(const QString& words);
    /// Words about something that is done, likewise.
    void showDone(const QString& words);
    QString words() const;

Q_SIGNALS:
    void retryWanted();
    void refreshWanted();

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    enum class Mood { Critical, Warn, Calm };

    void arrange();
    void showLater(const QString& words, bool done);

    const Theme& theme_;
    QLabel* text_;
    QPushButton* retry_;
    QPushButton* dismiss_;
    QString link_;
    QString stale_;
    QString later_;  // refused or done
    bool done_ = false;
    Mood mood_ = Mood::Critical;
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
