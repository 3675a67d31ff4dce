#include "console/view/session_panel.hpp"

#include "console/model/figures.hpp"
#include "console/model/session_export.hpp"
#include "console/model/visible_text.hpp"
#include "console/view/controls.hpp"

#include <QBoxLayout>
#include <QClipboard>
#include <QFileDialog>
#include <QGridLayout>
#include <QGuiApplication>
#include <QLineEdit>
#include <QMenu>
#include <QSaveFile>

#include <algorithm>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kFacts = 7;
constexpr qsizetype kFactLength = 80;
constexpr int kHexColumns = 80;

Mood moodOf(Agreement agreement) {
    switch (agreement) {
        case Agreement::Agree:
            return Mood::Ok;
        case Agreement::Differ:
            return Mood::Critical;
        case Agreement::StillOpen:
        case Agreement::NoDigest:
            break;
    }
    return Mood::Off;
}

QString loginFact(const SessionDetail& detail) {
    if (detail.credentials.isEmpty()) {
        return u"none tried"_s;
    }
    // The one that let the attacker in says more than the first.
    const auto accepted = std::ranges::find(detail.credentials, true, &Credential::accepted);
    const Credential& shown = accepted == detail.credentials.end() ? detail.credentials.first() : *accepted;
    QString text = visible(shown.username, 24) + u" / "_s + visible(shown.secret, 24);
    if (shown.accepted) {
        text += u" ✓"_s;
    }
    if (detail.credentials.size() > 1) {
        text += u" +%1"_s.arg(detail.credentials.size() - 1);
    }
    return text;
}

/// `412 sessions since 2 Mar`
QString beforeFact(const SessionDetail& detail) {
    if (detail.sessionsBefore == 0) {
        return u"never"_s;
    }
    const QString since = dayTimeText(detail.row.sourceFirstSeenUs).section(u' ', 0, 1);
    return u"%1 %2%3"_s.arg(grouped(detail.sessionsBefore), detail.sessionsBefore == 1 ? u"session"_s : u"sessions"_s,
                            detail.row.sourceFirstSeenUs > 0 ? u" since "_s + since : QString());
}

QString lengthFact(const SessionRow& row) {
    return row.open() ? u"still open"_s
                      : u"%1, %2"_s.arg(durationText(row.endedUs - row.startedUs), outcomeText(row.outcome));
}

}  // namespace

SessionPanel::SessionPanel(const Theme& theme, Workspace& workspace, QWidget* parent)
    : QWidget(parent),
      theme_(theme),
      workspace_(workspace),
      title_(new ElidedLabel(uiFont(14.5, QFont::DemiBold), "")),
      subtitle_(new ElidedLabel(monoFont(11.5), "secondary")),
      agreement_(new Pill(theme)),
      transcript_(new TranscriptView(theme)),
      source_(new SourceList(theme, workspace)),
      tools_(nullptr),
      search_(new QLineEdit),
      found_(plainLabel({}, uiFont(11.5), "secondary")),
      copy_(glyphButton(theme, Glyph::Copy, {}, u"Copy the transcript"_s, "flat")),
      save_(glyphButton(theme, Glyph::Save, {}, u"Save this session"_s, "flat")),
      placeholder_(new Placeholder(theme)),
      content_(new QWidget) {
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->addWidget(placeholder_);
    outer->addWidget(content_);

    auto* column = new QVBoxLayout(content_);
    column->setContentsMargins(13, 8, 13, 10);
    column->setSpacing(6);
    auto* head = new QHBoxLayout;
    head->setSpacing(8);
    head->addWidget(title_, 1);
    head->addWidget(agreement_);
    head->addWidget(copy_);
    head->addWidget(save_);
    column->addLayout(head);
    column->addWidget(subtitle_);
    column->addWidget(makeFacts());
    column->addWidget(makeTabs());
    tools_ = makeTools();
    column->addWidget(tools_);
    column->addWidget(transcript_, 1);
    column->addWidget(source_, 1);
    source_->hide();
    auto* key = new QHBoxLayout;
    key->setSpacing(12);
    key->addWidget(plainLabel(u"→ attacker"_s, uiFont(11.5, QFont::Medium)));
    key->addWidget(plainLabel(u"← us"_s, uiFont(11.5, QFont::Medium)));
    key->addWidget(plainLabel(u"↵ line end   \\x1b no text"_s, uiFont(11.5), "secondary"));
    key->addStretch(1);
    column->addLayout(key);

    const auto menuFor = [this](QToolButton* button, const QString& name) {
        button->setObjectName(name);
        button->setPopupMode(QToolButton::InstantPopup);
        auto* menu = new QMenu(button);
        button->setMenu(menu);
        return menu;
    };
    QMenu* copyMenu = menuFor(copy_, u"session:copy"_s);
    copyMenu->addAction(u"Copy with times and markers"_s, this, [this] { copy(true); });
    copyMenu->addAction(u"Copy the text alone"_s, this, [this] { copy(false); });
    QMenu* saveMenu = menuFor(save_, u"session:save"_s);
    saveMenu->addAction(u"Text log…"_s, this, [this] { save(u"log"_s); });
    saveMenu->addAction(u"Transcript…"_s, this, [this] { save(u"transcript"_s); });
    saveMenu->addAction(u"Hex dump…"_s, this, [this] { save(u"hex"_s); });
    saveMenu->addAction(u"JSON…"_s, this, [this] { save(u"json"_s); });
    connect(source_, &SourceList::countChanged, this, [this](const QString& count) {
        ofSource_ = count.isEmpty() ? QString() : u" (%1)"_s.arg(count);
        nameSourceTab();
    });

    connect(&workspace.list(), &SessionList::selectionChanged, this, &SessionPanel::refresh);
    refresh();
}

QWidget* SessionPanel::makeFacts() {
    auto* facts = new QWidget;
    auto* grid = new QGridLayout(facts);
    grid->setContentsMargins(0, 2, 0, 2);
    grid->setHorizontalSpacing(10);
    grid->setVerticalSpacing(4);
    for (int i = 0; i < kFacts; ++i) {
        auto* name = plainLabel({}, uiFont(12), "secondary");
        auto* value = new ElidedLabel(uiFont(12.5), "");
        grid->addWidget(name, i / 2, i % 2 * 2);
        const bool alone = i == kFacts - 1 && i % 2 == 0;
        grid->addWidget(value, i / 2, i % 2 * 2 + 1, 1, alone ? 3 : 1);
        facts_.append(std::pair<QLabel*, QLabel*>(name, value));
    }
    grid->setColumnStretch(1, 1);
    grid->setColumnStretch(3, 1);
    return facts;
}

QWidget* SessionPanel::makeTabs() {
    auto* tabs = new QWidget;
    auto* line = new QHBoxLayout(tabs);
    line->setContentsMargins(0, 0, 0, 0);
    line->setSpacing(0);
    const auto tab = [&](const QString& name, std::optional<TranscriptView::Form> form) {
        auto* button = new QToolButton;
        button->setProperty("look", u"flat"_s);
        button->setObjectName(u"tab:"_s + name);
        button->setFont(uiFont(12, QFont::Medium));
        button->setText(name);
        button->setCheckable(true);
        button->setAutoExclusive(true);
        button->setChecked(form == transcript_->form());
        connect(button, &QToolButton::clicked, this, [this, form] {
            transcript_->setVisible(form.has_value());
            tools_->setVisible(form.has_value());
            source_->setVisible(!form.has_value());
            workspace_.list().sameSource().wantRows(!form.has_value());
            if (form) {
                transcript_->setForm(*form);
            }
            showSearch();
        });
        line->addWidget(button);
        return button;
    };
    tab(u"Transcript"_s, TranscriptView::Form::Turns);
    tab(u"Hex"_s, TranscriptView::Form::Hex);
    tab(u"Events"_s, TranscriptView::Form::Events);
    tab(u"Text log"_s, TranscriptView::Form::Log);
    sourceTab_ = tab(u"Same source"_s, {});
    line->addStretch(1);
    return tabs;
}

QWidget* SessionPanel::makeTools() {
    auto* tools = new QWidget;
    auto* line = new QHBoxLayout(tools);
    line->setContentsMargins(0, 0, 0, 0);
    line->setSpacing(4);
    search_->setObjectName(u"transcript:find"_s);
    search_->setPlaceholderText(u"Find in this session"_s);
    search_->setAccessibleName(u"Find in this session"_s);
    search_->setFont(monoFont(12));
    search_->setFixedHeight(28);
    search_->setClearButtonEnabled(true);
    connect(search_, &QLineEdit::textChanged, this, [this](const QString& needle) {
        transcript_->find(needle);
        showSearch();
    });
    connect(search_, &QLineEdit::returnPressed, this, [this] {
        transcript_->findNext(QGuiApplication::keyboardModifiers().testFlag(Qt::ShiftModifier) ? -1 : 1);
        showSearch();
    });
    line->addWidget(search_, 1);
    line->addWidget(found_);
    const auto side = [&](const QString& name, Direction direction) {
        auto* button = new QToolButton;
        button->setProperty("look", u"segment"_s);
        button->setObjectName(u"direction:"_s + name);
        button->setFont(uiFont(12));
        button->setText(name);
        button->setCheckable(true);
        button->setAutoExclusive(true);
        button->setChecked(direction == Direction::Both);
        connect(button, &QToolButton::clicked, this, [this, direction] {
            transcript_->setDirection(direction);
            showSearch();
        });
        line->addWidget(button);
    };
    side(u"Both"_s, Direction::Both);
    side(u"Attacker"_s, Direction::Attacker);
    side(u"Us"_s, Direction::Us);
    return tools;
}

void SessionPanel::showSearch() {
    const bool searching = !search_->text().isEmpty();
    found_->setText(!searching ? QString()
                    : transcript_->matches() == 0
                        ? u"nothing found"_s
                        : u"%1 of %2"_s.arg(transcript_->match()).arg(transcript_->matches()));
}

QString SessionPanel::tab() const {
    if (!source_->isHidden()) {
        return u"source"_s;
    }
    switch (transcript_->form()) {
        case TranscriptView::Form::Turns:
            return u"transcript"_s;
        case TranscriptView::Form::Hex:
            return u"hex"_s;
        case TranscriptView::Form::Events:
            return u"events"_s;
        case TranscriptView::Form::Log:
            break;
    }
    return u"log"_s;
}

void SessionPanel::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    nameSourceTab();
}

/// The longest name with which all tabs have room: one that is too narrow is clipped on both sides.
void SessionPanel::nameSourceTab() {
    const QMargins margins = content_->layout()->contentsMargins();
    for (const QString& name : {u"Same source"_s + ofSource_, u"Source"_s + ofSource_, u"Source"_s}) {
        sourceTab_->setText(name);
        if (sourceTab_->parentWidget()->sizeHint().width() <= width() - margins.left() - margins.right()) {
            break;
        }
    }
}

QString SessionPanel::sourceTab() const {
    return sourceTab_->text();
}

void SessionPanel::focusSearch() {
    search_->setFocus();
    search_->selectAll();
}

void SessionPanel::copy(bool markers) const {
    QGuiApplication::clipboard()->setText(transcript_->text(markers));
}

QByteArray SessionPanel::content(const QString& what) const {
    const auto& detail = workspace_.list().selection().detail;
    if (!detail) {
        return {};
    }
    if (what == u"log"_s) {
        return logText(*detail);
    }
    if (what == u"json"_s) {
        return sessionJson(*detail);
    }
    const auto lines = what == u"hex"_s ? layOutHex(*detail, kHexColumns) : layOutTranscript(*detail, kTranscriptBytes);
    return transcriptText(lines, true).toUtf8();
}

void SessionPanel::save(const QString& what) {
    const auto& detail = workspace_.list().selection().detail;
    if (!detail) {
        return;
    }
    // The session may change while the dialogue is open.
    const QByteArray text = content(what);
    const QString name = idText(detail->row.id) + (what == u"json"_s ? u".json"_s : u"."_s + what + u".txt"_s);
    auto* dialog = new QFileDialog(this, u"Save the session"_s);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->selectFile(name);
    connect(dialog, &QFileDialog::fileSelected, this, [this, text](const QString& path) {
        QSaveFile file(path);
        if (!file.open(QIODevice::WriteOnly) || file.write(text) != text.size() || !file.commit()) {
            Q_EMIT refused(u"%1 cannot be written: %2"_s.arg(path, file.errorString()));
        }
    });
    dialog->open();
}

QString SessionPanel::title() const {
    return content_->isHidden() ? placeholder_->headline() : title_->text();
}

QString SessionPanel::agreement() const {
    return content_->isHidden() ? QString() : agreement_->words();
}

QList<std::pair<QString, QString>> SessionPanel::facts() const {
    QList<std::pair<QString, QString>> texts;
    for (const auto& [name, value] : facts_) {
        texts.append(std::pair(name->text(), value->text()));
    }
    return texts;
}

void SessionPanel::refresh() {
    const SessionList::Selection& selection = workspace_.list().selection();
    content_->setVisible(selection.detail.has_value());
    placeholder_->setVisible(!selection.detail.has_value());
    if (selection.detail) {
        showFacts(*selection.detail);
    } else if (!selection.failure.isEmpty()) {
        placeholder_->show(Glyph::Alert, u"The session could not be read"_s, visible(selection.failure));
    } else if (selection.id.isEmpty()) {
        placeholder_->show(Glyph::Sessions, u"No session chosen"_s, u"Its transcript appears here."_s);
    } else {
        placeholder_->show(Glyph::Clock, u"Loading the session…"_s, {});
    }
    transcript_->show(selection.detail);
    showSearch();
}

void SessionPanel::showFacts(const SessionDetail& detail) {
    const SessionRow& row = detail.row;
    title_->setText(u"%1 from %2"_s.arg(protocolText(row.protocol), visible(row.source, kFactLength)));
    subtitle_->setText(u"%1 UTC · %2"_s.arg(fullTimeText(row.startedUs), idText(row.id)));
    subtitle_->setToolTip(console::toolTip(idText(row.id)));
    const Agreement agreement = agreementOf(detail);
    const QString shape = agreement == Agreement::Agree    ? u"✓  "_s
                          : agreement == Agreement::Differ ? u"▲  "_s
                                                           : u"○  "_s;
    agreement_->show(shape + agreementText(agreement), moodOf(agreement));
    agreement_->setToolTip(console::toolTip(u"text log %1 · database %2"_s.arg(
        detail.journalSha256.isEmpty() ? u"none"_s : QString::fromLatin1(detail.journalSha256.toHex()),
        QString::fromLatin1(detail.transcriptSha256.toHex()))));
    const QString spoke = row.identified.isEmpty() ? protocolText(row.protocol) : protocolText(row.identified);
    const QList<std::pair<QString, QString>> texts{
        {u"Source"_s, u"%1:%2"_s.arg(visible(row.source, kFactLength)).arg(row.sourcePort)},
        {u"Sensor"_s, u"%1 · port %2"_s.arg(visible(row.sensor, kFactLength)).arg(row.targetPort)},
        {u"Ended"_s, lengthFact(row)},
        {u"Login"_s, loginFact(detail)},
        {u"Bytes"_s, u"%1 in · %2 out"_s.arg(byteText(row.bytesIn), byteText(row.bytesOut))},
        {u"Spoke"_s, row.artifacts > 0 ? u"%1 · %2 uploaded"_s.arg(spoke).arg(row.artifacts) : spoke},
        {u"Seen before"_s, beforeFact(detail)}};
    for (qsizetype i = 0; i < texts.size(); ++i) {
        facts_[i].first->setText(texts[i].first);
        facts_[i].second->setText(texts[i].second);
        facts_[i].second->setToolTip(console::toolTip(texts[i].second));
    }
}

}  // namespace apiary::console
