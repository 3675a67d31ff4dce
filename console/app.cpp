#include "console/app.hpp"

#include "console/client/grpc_link.hpp"
#include "console/model/workspace.hpp"
#include "console/screenshot.hpp"
#include "console/view/main_window.hpp"
#include "console/view/readout.hpp"
#include "console/view/time_picker.hpp"

#include <QApplication>
#include <QSettings>
#include <QSocketNotifier>
#include <QTimer>

#include <csignal>
#include <iostream>
#include <unistd.h>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kReadoutMs = 500;

Tone chosenTone(const Options& options, const QSettings& settings) {
    if (options.tone) {
        return *options.tone;
    }
    return settings.value(u"theme"_s).toString() == u"dark"_s ? Tone::Dark : Tone::Light;
}

void restoreGeometry(MainWindow& window, const Options& options, const QSettings& settings) {
    if (options.size.isValid()) {
        window.resize(options.size);
        window.move(0, 0);
    } else if (!window.restoreGeometry(settings.value(u"geometry"_s).toByteArray())) {
        window.resize(1440, 900);
    }
}

/// The ranges that were typed in the picker of the time: "from", "to", "from", "to" …
void restoreRanges(TimePicker& picker, const QSettings& settings) {
    const QStringList words = settings.value(u"ranges"_s).toStringList();
    QList<std::pair<QString, QString>> ranges;
    for (qsizetype i = 0; i + 1 < words.size(); i += 2) {
        ranges.append({words[i], words[i + 1]});
    }
    picker.setRecent(ranges);
}

void keepRanges(const TimePicker& picker, QSettings& settings) {
    QStringList words;
    for (const auto& [from, to] : picker.recent()) {
        words << from << to;
    }
    settings.setValue(u"ranges"_s, words);
}

void choosePage(MainWindow& window, const QString& name) {
    window.choose(name == u"fleet"_s ? Page::Fleet : name == u"sessions"_s ? Page::Sessions : Page::Overview);
}

int signalPipe[2] = {-1, -1};

void onSignal(int) {
    const char byte = 0;
    [[maybe_unused]] const auto written = write(signalPipe[1], &byte, 1);
}

/// TERM and INT close the window as a person would.
void closeOnSignal(MainWindow& window) {
    if (pipe(signalPipe) != 0) {
        return;
    }
    auto* notifier = new QSocketNotifier(signalPipe[0], QSocketNotifier::Read, &window);
    QObject::connect(notifier, &QSocketNotifier::activated, &window, &QWidget::close);
    std::signal(SIGTERM, onSignal);
    std::signal(SIGINT, onSignal);
}

}  // namespace

int runConsole(const Options& options) {
    QSettings settings(u"apiary"_s, u"console"_s);
    Theme theme(chosenTone(options, settings));
    dress(*qApp, theme);
    GrpcLink link({.address = options.collector, .identity = options.identity, .channel = {}, .chance = {}});
    Workspace workspace(link);
    workspace.setSpan(options.span);
    workspace.setRefreshEvery(settings.value(u"refresh_ms"_s, workspace.refreshEveryMs()).toInt());
    MainWindow window(theme, workspace);
    restoreGeometry(window, options, settings);
    choosePage(window, options.page);
    restoreRanges(window.topBar().picker(), settings);
    QObject::connect(&window, &MainWindow::closing, &window, [&] {
        if (options.screenshot.isEmpty() && !options.size.isValid()) {
            settings.setValue(u"geometry"_s, window.saveGeometry());
        }
        if (!options.tone) {
            settings.setValue(u"theme"_s, theme.tone() == Tone::Dark ? u"dark"_s : u"light"_s);
        }
        settings.setValue(u"refresh_ms"_s, workspace.refreshEveryMs());
        keepRanges(window.topBar().picker(), settings);
        link.stop();
        QCoreApplication::quit();
    });
    closeOnSignal(window);

    QTimer readout;
    if (!options.readout.isEmpty()) {
        QObject::connect(&readout, &QTimer::timeout, &window, [&] {
            const QString error = writeReadout(options.readout, readOut(window, workspace));
            if (!error.isEmpty()) {
                readout.stop();
                std::cerr << "apiary-console: " << qPrintable(error) << '\n';
            }
        });
        readout.start(kReadoutMs);
    }
    std::optional<Screenshot> screenshot;
    if (!options.screenshot.isEmpty()) {
        screenshot.emplace(window, workspace, options.screenshot);
    }
    window.show();
    // From within the event loop: what fails at once may want to end it.
    QMetaObject::invokeMethod(&link, &GrpcLink::start, Qt::QueuedConnection);
    return QCoreApplication::exec();
}

}  // namespace apiary::console
