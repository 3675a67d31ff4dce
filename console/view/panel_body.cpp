#include "console/view/panel_body.hpp"

#include "console/model/visible_text.hpp"
#include "console/view/controls.hpp"

#include <QBoxLayout>
#include <QGraphicsOpacityEffect>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr double kDimmed = 0.45;
constexpr qsizetype kReason = 400;

}  // namespace

PanelBody::PanelBody(const Theme& theme, QWidget* content, QWidget* parent)
    : QWidget(parent),
      content_(content),
      placeholder_(new Placeholder(theme)),
      reason_(new ElidedLabel(uiFont(11.5), "critical")) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    column->addWidget(content_, 1);
    column->addWidget(placeholder_, 1);
    column->addWidget(reason_);
    show(false, false, {});
}

void PanelBody::setEmptyWords(const QString& empty, const QString& sentence) {
    empty_ = empty;
    sentence_ = sentence;
}

void PanelBody::show(bool known, bool some, const QString& failure) {
    if (some) {
        state_ = failure.isEmpty() ? State::Shown : State::Stale;
    } else if (!failure.isEmpty()) {
        state_ = State::Failed;
        placeholder_->show(Glyph::Alert, u"This could not be read"_s, visible(failure, kReason));
    } else if (known) {
        state_ = State::Empty;
        placeholder_->show(Glyph::Quiet, empty_, sentence_);
    } else {
        state_ = State::Loading;
        placeholder_->show(Glyph::Clock, u"Loading…"_s, {});
    }
    content_->setVisible(some);
    placeholder_->setVisible(!some);
    reason_->setVisible(state_ == State::Stale);
    reason_->setText(state_ == State::Stale ? u"As it was: "_s + visible(failure, kReason) : QString());
    reason_->setToolTip(state_ == State::Stale ? console::toolTip(failure, kReason) : QString());
    if ((state_ == State::Stale) != (content_->graphicsEffect() != nullptr)) {
        QGraphicsOpacityEffect* veil = nullptr;
        if (state_ == State::Stale) {
            veil = new QGraphicsOpacityEffect;
            veil->setOpacity(kDimmed);
        }
        content_->setGraphicsEffect(veil);
    }
}

QString PanelBody::words() const {
    return state_ == State::Shown ? QString() : state_ == State::Stale ? reason_->text() : placeholder_->headline();
}

}  // namespace apiary::console
