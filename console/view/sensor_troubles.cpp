#include "console/view/sensor_troubles.hpp"

#include "console/model/figures.hpp"
#include "console/model/trouble_words.hpp"
#include "console/model/visible_text.hpp"
#include "console/view/controls.hpp"

#include <QBoxLayout>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr qsizetype kSentence = 500;
constexpr qsizetype kMost = 50;  // lines; nobody reads more

}  // namespace

SensorTroubles::SensorTroubles(QWidget* parent) : QWidget(parent), column_(new QVBoxLayout(this)) {
    column_->setContentsMargins(0, 0, 0, 0);
    column_->setSpacing(2);
    hide();
}

void SensorTroubles::show(const QList<Trouble>& troubles, bool live, qint64 nowUs) {
    shown_ = qMin(troubles.size(), kMost);
    while (lines_.size() < shown_) {
        auto* head = new ElidedLabel(uiFont(12.5, QFont::DemiBold), "warn");
        auto* sentence = plainLabel({}, uiFont(12), "secondary");
        sentence->setWordWrap(true);
        sentence->setTextInteractionFlags(Qt::TextSelectableByMouse);
        sentence->setContentsMargins(0, 0, 0, 6);
        column_->addWidget(head);
        column_->addWidget(sentence);
        lines_.append(std::pair<QLabel*, QLabel*>(head, sentence));
    }
    for (qsizetype i = 0; i < lines_.size(); ++i) {
        const auto& [head, sentence] = lines_[i];
        if (i < shown_) {
            const Trouble& trouble = troubles[i];
            head->setText(troubleHead(trouble));
            head->setToolTip(console::toolTip(
                u"since %1 UTC, for %2"_s.arg(fullTimeText(trouble.sinceUs), ageText(nowUs - trouble.sinceUs))));
            setTone(*head, live ? "warn" : "secondary");
            const QString words = visible(trouble.text, kSentence);
            if (sentence->text() != words) {
                sentence->setText(words);
            }
        }
        head->setVisible(i < shown_);
        sentence->setVisible(i < shown_);
    }
    setVisible(shown_ > 0);
}

QList<std::pair<QString, QString>> SensorTroubles::lines() const {
    QList<std::pair<QString, QString>> lines;
    for (qsizetype i = 0; i < shown_; ++i) {
        lines.append({lines_[i].first->text(), lines_[i].second->text()});
    }
    return lines;
}

}  // namespace apiary::console
