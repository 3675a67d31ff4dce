// Draws the console's window from canned data, without a screen and without a collector: the pictures of the README,
// and any page in any state for whoever works on it.
#include "console/view/fleet_table.hpp"
#include "console/view/main_window.hpp"
#include "tests/console/pictures/canned_link.hpp"

#include <QAbstractButton>
#include <QApplication>
#include <QCommandLineParser>
#include <QDir>
#include <QTest>

#include <iostream>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;

constexpr int kSettleMs = 900;

struct Picture {
    QString file;
    QString page = u"overview"_s;
    Tone tone = Tone::Light;
    QString state = u"live"_s;
    QSize size{1600, 1000};
    QStringList clicks;  // names of buttons, pressed in this order
    QStringList keys;    // typed after that
};

Page pageOf(const QString& name) {
    return name == u"fleet"_s ? Page::Fleet : name == u"sessions"_s ? Page::Sessions : Page::Overview;
}

CannedLink::Mood moodOf(const QString& state) {
    return state == u"empty"_s     ? CannedLink::Mood::Empty
           : state == u"loading"_s ? CannedLink::Mood::Silent
           : state == u"failing"_s ? CannedLink::Mood::Failing
                                   : CannedLink::Mood::Full;
}

/// Clicks and keys as a person would make them; says on standard error what is not there.
void act(QWidget& window, const Picture& picture) {
    for (const QString& name : picture.clicks) {
        bool found = false;
        for (auto* button : window.findChildren<QAbstractButton*>(name)) {
            if (button->isVisible()) {
                QMetaObject::invokeMethod(button, &QAbstractButton::click, Qt::QueuedConnection);
                found = true;
                break;
            }
        }
        if (!found) {
            std::cerr << "pictures: no button " << qPrintable(name) << '\n';
        }
        QTest::qWait(kSettleMs / 3);
    }
    for (const QString& key : picture.keys) {
        const QKeyCombination keys = QKeySequence(key)[0];
        QWidget* target = QApplication::focusWidget();
        QTest::keyClick(target != nullptr ? target : &window, keys.key(), keys.keyboardModifiers());
        QTest::qWait(kSettleMs / 3);
    }
}

/// The sensor that has most to tell.
void chooseTroubled(MainWindow& window, const Workspace& workspace) {
    auto* table = window.findChild<FleetTable*>();
    for (int row = 0; table != nullptr && row < table->model()->rowCount(); ++row) {
        table->setCurrentIndex(table->model()->index(row, 0));
        const Sensor* sensor = workspace.fleet().sensor(table->currentSensor().value_or(0));
        if (sensor != nullptr && !sensor->troubles.isEmpty()) {
            return;
        }
    }
}

/// What stands above the window is drawn on it, as a screen would show it.
QPixmap shotOf(QWidget& window) {
    QPixmap shot = window.grab();
    QPainter painter(&shot);
    for (QWidget* above : QApplication::topLevelWidgets()) {
        if (above != &window && above->isVisible()) {
            painter.drawPixmap(window.mapFromGlobal(above->mapToGlobal(QPoint(0, 0))), above->grab());
        }
    }
    return shot;
}

bool take(const Picture& picture) {
    Theme theme(picture.tone);
    dress(*qApp, theme);
    CannedLink link(moodOf(picture.state));
    qint64 now = kPictureUs;
    Workspace workspace(link, [&now] { return now; });
    MainWindow window(theme, workspace);
    window.resize(picture.size);
    window.choose(pageOf(picture.page));
    window.show();
    link.start();
    link.sendFleet();
    QTest::qWait(kSettleMs);
    const auto& rows = workspace.list().table().rows();
    if (const auto first = std::ranges::find(rows, true, &SessionRow::loginAccepted); first != rows.end()) {
        workspace.list().select(first->id);
    }
    chooseTroubled(window, workspace);
    if (picture.state == u"lost"_s) {
        link.enter(LinkState::Kind::Lost, u"connection refused"_s);
    } else if (picture.state == u"stale"_s) {
        now += 95'000'000;
    }
    QTest::qWait(kSettleMs);
    act(window, picture);
    QTest::qWait(picture.state == u"stale"_s ? 2 * kSettleMs : kSettleMs);
    return shotOf(window).save(picture.file);
}

QList<Picture> ofReadme(const QString& folder) {
    const QDir at(folder);
    QList<Picture> pictures;
    for (const auto& [name, tone] : {std::pair(u"light"_s, Tone::Light), std::pair(u"dark"_s, Tone::Dark)}) {
        for (const QString& page : {u"overview"_s, u"sessions"_s, u"fleet"_s}) {
            const bool bytes = page == u"sessions"_s && tone == Tone::Dark;
            pictures.append({.file = at.filePath(page + u'_' + name + u".png"_s),
                             .page = page,
                             .tone = tone,
                             .clicks = bytes ? QStringList{u"tab:Hex"_s} : QStringList(),
                             .keys = {}});
        }
    }
    return pictures;
}

int run(const QCommandLineParser& parser) {
    QList<Picture> pictures;
    if (parser.isSet(u"shot"_s)) {
        const QStringList size = parser.value(u"size"_s).split(u'x');
        pictures.append({.file = parser.value(u"shot"_s),
                         .page = parser.value(u"page"_s),
                         .tone = parser.value(u"theme"_s) == u"dark"_s ? Tone::Dark : Tone::Light,
                         .state = parser.value(u"state"_s),
                         .size = QSize(size.value(0).toInt(), size.value(1).toInt()),
                         .clicks = parser.values(u"click"_s),
                         .keys = parser.values(u"key"_s)});
    } else {
        pictures = ofReadme(parser.value(u"out"_s));
    }
    for (const Picture& picture : pictures) {
        if (!take(picture)) {
            std::cerr << "pictures: " << qPrintable(picture.file) << " cannot be written\n";
            return 1;
        }
    }
    return 0;
}

}  // namespace
}  // namespace apiary::console

int main(int argc, char** argv) {
    using namespace Qt::Literals::StringLiterals;
    if (qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM")) {
        qputenv("QT_QPA_PLATFORM", "offscreen");
    }
    const QApplication application(argc, argv);
    QCommandLineParser parser;
    parser.setApplicationDescription(u"Draws the console from canned data."_s);
    parser.addHelpOption();
    parser.addOptions({
        {u"out"_s, u"Folder for the README's six pictures."_s, u"FOLDER"_s, u"deploy/docs/images"_s},
        {u"shot"_s, u"One picture instead, into this file."_s, u"FILE"_s},
        {u"page"_s, u"overview, sessions or fleet."_s, u"PAGE"_s, u"overview"_s},
        {u"theme"_s, u"light or dark."_s, u"THEME"_s, u"light"_s},
        {u"state"_s, u"live, lost, stale, empty, failing or loading."_s, u"STATE"_s, u"live"_s},
        {u"size"_s, u"Size of the window."_s, u"WxH"_s, u"1600x1000"_s},
        {u"click"_s, u"Name of a button to press (its objectName); may be given again."_s, u"NAME"_s},
        {u"key"_s, u"Key to press after that, such as F1 or Ctrl+E; may be given again."_s, u"KEY"_s},
    });
    parser.process(application);
    return apiary::console::run(parser);
}
