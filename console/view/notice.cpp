#include "console/view/notice.hpp"

#include "console/model/figures.hpp"
#include "console/model/visible_text.hpp"
#include "console/view/controls.hpp"

#include <QBoxLayout>
#include <QPainter>

#include <algorithm>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr qsizetype kReasonLength = 600;

QString retryWords(const LinkState& state, qint64 nowUs) {
    const qint64 left = std::max(qint64{0}, (state.retryAtUs - nowUs + 999'999) / 1'000'000);
    return left > 0 ? u"Next try in %1 s."_s.arg(left) : u"Trying now…"_s;
}

}  // namespace

Notice::Notice(const Theme& theme, QWidget* parent)
    : QFrame(parent),
      theme_(theme),
      text_(plainLabel({}, uiFont(13, QFont::Medium), "critical")),
      retry_(textButton(u"Retry now"_s)),
      dismiss_(textButton(u"Dismiss"_s)) {
    auto* line = new QHBoxLayout(this);
    line->setContentsMargins(16, 6, 16, 6);
    line->setSpacing(8);
    text_->setWordWrap(true);
    line->addWidget(text_, 1);
    line->addWidget(retry_);
    line->addWidget(dismiss_);
    setMinimumHeight(46);
    hide();
    connect(retry_, &QPushButton::clicked, this, [this] {
        if (link_.isEmpty()) {
            Q_EMIT refreshWanted();
        } else {
            Q_EMIT retryWanted();
        }
    });
    connect(dismiss_, &QPushButton::clicked, this, [this] { showLater({}, false); });
    retry_->setObjectName(u"notice:Retry now"_s);
    dismiss_->setObjectName(u"notice:Dismiss"_s);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void Notice::showLink(const LinkState& state, qint64 nowUs) {
    link_.clear();
    if (state.kind == LinkState::Kind::Lost) {
        link_ =
            u"Connection to %1 lost at %2 UTC (%3). You see data up to that time; switches are off until it is back. %4"_s
                .arg(visible(state.collector), clockText(state.sinceUs), visible(state.reason, kReasonLength),
                     retryWords(state, nowUs));
    }
    arrange();
}

void Notice::showStale(qint64 figuresAtUs) {
    stale_ = figuresAtUs == 0 ? QString()
                              : u"Data as of %1 UTC: the collector is connected, but has not answered since."_s.arg(
                                    clockText(figuresAtUs));
    arrange();
}

void Notice::showRefusal(const QString& words) {
    showLater(words, false);
}

void Notice::showDone(const QString& words) {
    showLater(words, true);
}

void Notice::showLater(const QString& words, bool done) {
    later_ = visible(words, kReasonLength);
    done_ = done;
    arrange();
}

QString Notice::words() const {
    return isHidden() ? QString() : text_->text();
}

void Notice::arrange() {
    const bool later = link_.isEmpty() && stale_.isEmpty();
    const QString words = !link_.isEmpty() ? link_ : !stale_.isEmpty() ? stale_ : later_;
    mood_ = !link_.isEmpty() || (later && !done_) ? Mood::Critical : later ? Mood::Calm : Mood::Warn;
    if (text_->text() != words) {
        text_->setText(words);
    }
    setTone(*text_, mood_ == Mood::Critical ? "critical" : mood_ == Mood::Warn ? "warn" : "");
    retry_->setVisible(!later);
    dismiss_->setVisible(later);
    setVisible(!words.isEmpty());
    update();
}

void Notice::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const Tokens& tokens = theme_.tokens();
    painter.fillRect(rect(), mood_ == Mood::Critical ? tokens.criticalSoft
                             : mood_ == Mood::Warn   ? tokens.warnSoft
                                                     : tokens.accentSoft);
    painter.fillRect(QRect(0, 0, 4, height()), mood_ == Mood::Critical ? tokens.critical
                                               : mood_ == Mood::Warn   ? tokens.warn
                                                                       : tokens.accent);
}

LinkPage::LinkPage(const Theme& theme, QWidget* parent)
    : QWidget(parent),
      theme_(theme),
      drawing_(plainLabel({}, uiFont(13))),
      headline_(plainLabel({}, uiFont(17, QFont::DemiBold))),
      reason_(plainLabel({}, uiFont(13))),
      advice_(plainLabel({}, uiFont(12.5), "secondary")),
      retry_(textButton(u"Retry now"_s, "primary")) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(48, 24, 48, 24);
    column->setSpacing(10);
    column->addStretch(2);
    column->addWidget(drawing_, 0, Qt::AlignHCenter);
    column->addWidget(headline_, 0, Qt::AlignHCenter);
    // A layout gives a wrapped label the height it needs only where the label fills the width.
    auto* texts = new QWidget;
    texts->setMaximumWidth(680);
    auto* lines = new QVBoxLayout(texts);
    lines->setContentsMargins(0, 0, 0, 0);
    for (QLabel* label : {reason_, advice_}) {
        label->setWordWrap(true);
        label->setAlignment(Qt::AlignHCenter | Qt::AlignTop);
        lines->addWidget(label);
    }
    auto* middle = new QHBoxLayout;
    middle->addStretch(1);
    middle->addWidget(texts, 100);
    middle->addStretch(1);
    column->addLayout(middle);
    column->addSpacing(4);
    column->addWidget(retry_, 0, Qt::AlignHCenter);
    column->addStretch(3);
    connect(retry_, &QPushButton::clicked, this, &LinkPage::retryWanted);
    connect(&theme, &Theme::changed, this, &LinkPage::draw);
}

QString LinkPage::headline() const {
    return headline_->text();
}

void LinkPage::show(const LinkState& state, qint64 nowUs) {
    kind_ = state.kind;
    const QString collector = visible(state.collector);
    QString reason = visible(state.reason, kReasonLength);
    switch (state.kind) {
        case LinkState::Kind::Connecting:
        case LinkState::Kind::Live:
            headline_->setText(u"Connecting to %1"_s.arg(collector));
            reason = u"Waiting for the collector's first answer."_s;
            break;
        case LinkState::Kind::Lost:
            headline_->setText(u"No connection to %1"_s.arg(collector));
            reason += u"\n"_s + retryWords(state, nowUs);
            break;
        case LinkState::Kind::Certificate:
            headline_->setText(u"The certificates do not fit"_s);
            break;
        case LinkState::Kind::Unusable:
            headline_->setText(u"This collector cannot be used"_s);
            break;
    }
    reason_->setText(reason);
    advice_->setText(visible(state.advice, kReasonLength));
    advice_->setVisible(!state.advice.isEmpty());
    retry_->setText(state.kind == LinkState::Kind::Lost ? u"Retry now"_s : u"Try again"_s);
    retry_->setVisible(state.kind != LinkState::Kind::Connecting && state.kind != LinkState::Kind::Live);
    draw();
}

void LinkPage::draw() {
    const Tokens& tokens = theme_.tokens();
    const bool refused = kind_ == LinkState::Kind::Certificate;
    const bool waiting = kind_ == LinkState::Kind::Connecting || kind_ == LinkState::Kind::Live;
    drawing_->setPixmap(glyph(refused                              ? Glyph::Lock
                              : kind_ == LinkState::Kind::Unusable ? Glyph::Alert
                                                                   : Glyph::Plug,
                              waiting ? tokens.faint : tokens.critical, 44, devicePixelRatioF()));
}

}  // namespace apiary::console
