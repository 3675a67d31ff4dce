#include "common/log/log.hpp"
#include "common/rpc/grpc_log.hpp"
#include "console/app.hpp"

#include <QApplication>
#include <QCommandLineParser>

#include <algorithm>
#include <iostream>
#include <span>
#include <string_view>

namespace {

using namespace Qt::Literals::StringLiterals;

struct Refused {
    QString message;
};

QSize sizeOf(const QString& text) {
    const QStringList parts = text.split(u'x');
    bool wide = false;
    bool high = false;
    const QSize size = parts.size() == 2 ? QSize(parts[0].toInt(&wide), parts[1].toInt(&high)) : QSize();
    if (!wide || !high || size.width() < 640 || size.height() < 400 || size.width() > 8192 || size.height() > 8192) {
        throw Refused{u"--size takes WIDTHxHEIGHT in pixels, from 640x400 on: 1600x1000"_s};
    }
    return size;
}

std::optional<apiary::console::Tone> toneOf(const QString& text) {
    if (text.isEmpty()) {
        return std::nullopt;
    }
    if (text != u"light"_s && text != u"dark"_s) {
        throw Refused{u"--theme takes light or dark"_s};
    }
    return text == u"dark"_s ? apiary::console::Tone::Dark : apiary::console::Tone::Light;
}

apiary::console::Span spanOf(const QString& text) {
    constexpr qint64 kHourUs = 3'600'000'000LL;
    const QHash<QString, qint64> hours{{u"1h"_s, 1}, {u"6h"_s, 6}, {u"24h"_s, 24}, {u"7d"_s, 168}};
    if (!hours.contains(text)) {
        throw Refused{u"--range takes 1h, 6h, 24h or 7d"_s};
    }
    return {.lastUs = hours.value(text) * kHourUs, .fromUs = 0, .toUs = 0};
}

apiary::console::Options read(const QCommandLineParser& parser) {
    apiary::console::Options options;
    options.collector = parser.value(u"collector"_s).toStdString();
    options.identity = {.ca = parser.value(u"ca"_s).toStdString(),
                        .certificate = parser.value(u"certificate"_s).toStdString(),
                        .key = parser.value(u"key"_s).toStdString()};
    for (const auto& [name, value] :
         std::initializer_list<std::pair<QString, std::string>>{{u"ca"_s, options.identity.ca},
                                                                {u"certificate"_s, options.identity.certificate},
                                                                {u"key"_s, options.identity.key}}) {
        if (value.empty()) {
            throw Refused{
                u"--%1 is missing: the files come from “apiary-collector issue operator NAME --role ROLE --out DIR”"_s
                    .arg(name)};
        }
    }
    options.tone = toneOf(parser.value(u"theme"_s));
    if (parser.isSet(u"size"_s)) {
        options.size = sizeOf(parser.value(u"size"_s));
    }
    options.screenshot = parser.value(u"screenshot"_s);
    options.readout = parser.value(u"readout"_s);
    options.span = spanOf(parser.value(u"range"_s));
    options.page = parser.value(u"page"_s);
    if (!QStringList{u"overview"_s, u"sessions"_s, u"fleet"_s}.contains(options.page)) {
        throw Refused{u"--page takes overview, sessions or fleet"_s};
    }
    return options;
}

void describe(QCommandLineParser& parser) {
    QCoreApplication::setApplicationName(u"apiary-console"_s);
    parser.setApplicationDescription(u"Charts what a honeynet sees, and steers its sensors."_s);
    parser.addHelpOption();
    parser.addOptions({
        {u"collector"_s, u"Address of the collector, host:port."_s, u"ADDRESS"_s, u"127.0.0.1:7443"_s},
        {u"ca"_s, u"Certificate of the collector's authority (PEM)."_s, u"FILE"_s},
        {u"certificate"_s, u"Your certificate (PEM)."_s, u"FILE"_s},
        {u"key"_s, u"Its private key (PEM)."_s, u"FILE"_s},
        {u"theme"_s, u"light or dark; as last time unless given."_s, u"THEME"_s},
        {u"size"_s, u"Size of the window, e.g. 1600x1000."_s, u"WxH"_s},
        {u"page"_s, u"Page to begin with: overview, sessions or fleet."_s, u"PAGE"_s, u"overview"_s},
        {u"range"_s, u"Range to begin with: 1h, 6h, 24h or 7d."_s, u"RANGE"_s, u"24h"_s},
        {u"screenshot"_s, u"Write a picture of the window when it shows live data, and end."_s, u"FILE"_s},
        {u"readout"_s, u"Write what the window shows as JSON, twice a second."_s, u"FILE"_s},
    });
}

/// Prints the help and ends the program if that is asked for: it needs no display, which a QApplication does.
void helpWithoutDisplay(QCommandLineParser& parser, int argc, char** argv) {
    const std::span<char*> words(argv, static_cast<std::size_t>(argc));
    if (std::ranges::any_of(words, [](std::string_view word) { return word == "--help" || word == "-h"; })) {
        const QCoreApplication name(argc, argv);
        parser.showHelp();
    }
}

}  // namespace

int main(int argc, char** argv) {
    QCommandLineParser parser;
    describe(parser);
    helpWithoutDisplay(parser, argc, argv);
    QApplication application(argc, argv);
    parser.process(application);
    apiary::log::start("apiary-console", "warn");
    // The window says what is wrong, in words.
    apiary::routeGrpcLog([](std::string_view message) { apiary::log::debug(message); });
    try {
        return apiary::console::runConsole(read(parser));
    } catch (const Refused& refused) {
        std::cerr << "apiary-console: " << qPrintable(refused.message) << '\n';
        return 2;
    } catch (const std::exception& error) {
        std::cerr << "apiary-console: " << error.what() << '\n';
        return 1;
    }
}
