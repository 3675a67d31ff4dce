#include "console/view/sensor_bounds.hpp"

#include "console/model/figures.hpp"
#include "console/model/trouble_words.hpp"
#include "console/model/visible_text.hpp"
#include "console/view/controls.hpp"

#include <QGridLayout>
#include <QPainter>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kBar = 5;
constexpr qsizetype kMost = 32;
constexpr double kWarn = 0.9;
constexpr qint64 kSoonUs = 7LL * 86'400'000'000;

FillBar::Mood moodOf(const Bound& bound, bool live, qint64 nowUs) {
    const double share = boundShare(bound);
    const bool soon = bound.fullAtUs != 0 && bound.fullAtUs - nowUs < kSoonUs;
    return !live                   ? FillBar::Mood::Off
           : share >= 1            ? FillBar::Mood::Critical
           : share > kWarn || soon ? FillBar::Mood::Warn
                                   : FillBar::Mood::Calm;
}

}  // namespace

FillBar::FillBar(const Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
    setFixedHeight(kBar);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void FillBar::show(double share, Mood mood) {
    share_ = share;
    mood_ = mood;
    setVisible(true);
    update();
}

void FillBar::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    const Tokens& tokens = theme_.tokens();
    const QRectF whole = rect();
    const qreal round = whole.height() / 2;
    painter.setBrush(tokens.grid);
    painter.drawRoundedRect(whole, round, round);
    if (share_ <= 0) {
        return;
    }
    painter.setBrush(mood_ == Mood::Critical ? tokens.critical
                     : mood_ == Mood::Warn   ? tokens.warn
                     : mood_ == Mood::Off    ? tokens.off
                                             : tokens.accent);
    painter.drawRoundedRect(
        QRectF(whole.topLeft(), QSizeF(qMax(whole.width() * share_, whole.height()), whole.height())), round, round);
}

SensorBounds::SensorBounds(const Theme& theme, QWidget* parent)
    : QWidget(parent), theme_(theme), grid_(new QGridLayout(this)) {
    grid_->setContentsMargins(0, 0, 0, 6);
    grid_->setVerticalSpacing(3);
    grid_->setColumnStretch(1, 1);
    grid_->addWidget(plainLabel(u"Room"_s, uiFont(13.5, QFont::DemiBold)), 0, 0, 1, 2);
    hide();
}

void SensorBounds::addLine() {
    const int row = 1 + 2 * static_cast<int>(lines_.size());
    const Line line{.name = plainLabel({}, uiFont(12.5), "secondary"),
                    .words = new ElidedLabel(uiFont(12.5), ""),
                    .bar = new FillBar(theme_)};
    line.words->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    grid_->addWidget(line.name, row, 0);
    grid_->addWidget(line.words, row, 1);
    grid_->addWidget(line.bar, row + 1, 0, 1, 2);
    lines_.append(line);
}

void SensorBounds::show(const QList<Bound>& bounds, bool live, qint64 nowUs) {
    shown_ = 0;
    for (const Bound& bound : bounds) {
        if (bound.limit == 0 || shown_ >= kMost) {
            continue;
        }
        if (shown_ == lines_.size()) {
            addLine();
        }
        const Line& line = lines_[shown_++];
        const FillBar::Mood mood = moodOf(bound, live, nowUs);
        const QString full = fullText(bound, nowUs);
        line.name->setText(boundTitle(bound.name));
        line.words->setText(full.isEmpty() ? boundText(bound) : u"%1 · %2"_s.arg(boundText(bound), full));
        line.words->setToolTip(
            bound.lost == 0
                ? QString()
                : console::toolTip(u"%1 were lost at this bound since the agent started"_s.arg(grouped(bound.lost))));
        setTone(*line.words, mood == FillBar::Mood::Critical ? "critical"
                             : mood == FillBar::Mood::Warn   ? "warn"
                             : mood == FillBar::Mood::Off    ? "secondary"
                                                             : "");
        line.bar->show(boundShare(bound), mood);
    }
    for (qsizetype i = 0; i < lines_.size(); ++i) {
        for (QWidget* part : {static_cast<QWidget*>(lines_[i].name), static_cast<QWidget*>(lines_[i].words),
                              static_cast<QWidget*>(lines_[i].bar)}) {
            part->setVisible(i < shown_);
        }
    }
    setVisible(shown_ > 0);
}

QList<std::pair<QString, QString>> SensorBounds::lines() const {
    QList<std::pair<QString, QString>> lines;
    for (qsizetype i = 0; i < shown_; ++i) {
        lines.append({lines_[i].name->text(), lines_[i].words->text()});
    }
    return lines;
}

QList<FillBar::Mood> SensorBounds::moods() const {
    QList<FillBar::Mood> moods;
    for (qsizetype i = 0; i < shown_; ++i) {
        moods.append(lines_[i].bar->mood());
    }
    return moods;
}

}  // namespace apiary::console
