#include "console/view/theme.hpp"

#include "console/model/bands.hpp"

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

QList<QColor> colours(std::initializer_list<QRgb> values) {
    QList<QColor> colours;
    for (const QRgb value : values) {
        colours.append(QColor::fromRgb(value));
    }
    return colours;
}

QColor rgb(QRgb value) {
    return QColor::fromRgb(value);
}

Tokens light() {
    return {.window = rgb(0xF3F5F8),
            .card = rgb(0xFFFFFF),
            .nav = rgb(0xFFFFFF),
            .border = rgb(0xDFE4EA),
            .grid = rgb(0xE9EDF2),
            .hover = rgb(0xEEF2F7),
            .selection = rgb(0xE3EDFD),
            .text = rgb(0x1B2430),
            .secondary = rgb(0x566273),
            .faint = rgb(0x8793A3),
            .accent = rgb(0x1D5FD1),
            .accentSoft = rgb(0xE8F0FD),
            .onAccent = rgb(0xFFFFFF),
            .ok = rgb(0x0B7A55),
            .okSoft = rgb(0xE2F4EC),
            .warn = rgb(0xB45309),
            .warnSoft = rgb(0xFDF0DC),
            .warnPill = rgb(0xA64C06),
            .critical = rgb(0xC2261D),
            .criticalSoft = rgb(0xFCE8E6),
            .off = rgb(0x6B7686),
            .offSoft = rgb(0xEBEEF2),
            .offPill = rgb(0x5B6675),
            .attacker = rgb(0xA3231A),
            .attackerBand = rgb(0xFDF1F0),
            .us = rgb(0x1B4FA8),
            .usBand = rgb(0xF0F5FE),
            .switchOff = rgb(0xB6C0CC),
            .knob = rgb(0xFFFFFF),
            .protocols = colours({0x4F63B5, 0xC88400, 0x3A9479, 0x8F4668, 0x7B7410, 0x5434AE, 0x922804, 0x2094EE}),
            .otherProtocol = rgb(0x98A2B0),
            .bar = rgb(0xDCE5F6),
            .heat = colours({0xFBF1DC, 0xF6D99A, 0xEEB650, 0xD98D1C, 0xAE6109, 0x7A3D08, 0x48230A}),
            .land = rgb(0xE7EBF0)};
}

Tokens dark() {
    return {.window = rgb(0x0E1217),
            .card = rgb(0x171C24),
            .nav = rgb(0x12171E),
            .border = rgb(0x262E39),
            .grid = rgb(0x232B35),
            .hover = rgb(0x1F2630),
            .selection = rgb(0x1C2C45),
            .text = rgb(0xE6EAF0),
            .secondary = rgb(0x9AA6B5),
            .faint = rgb(0x6C788A),
            .accent = rgb(0x6AA6FF),
            .accentSoft = rgb(0x1A2840),
            .onAccent = rgb(0x0E1217),
            .ok = rgb(0x3DD598),
            .okSoft = rgb(0x15302A),
            .warn = rgb(0xF5B84B),
            .warnSoft = rgb(0x35290F),
            .warnPill = rgb(0xF5B84B),
            .critical = rgb(0xFF7A70),
            .criticalSoft = rgb(0x3A1D1E),
            .off = rgb(0x8592A3),
            .offSoft = rgb(0x252C36),
            .offPill = rgb(0x9AA6B5),
            .attacker = rgb(0xFF9A91),
            .attackerBand = rgb(0x261A1D),
            .us = rgb(0x8FBCFF),
            .usBand = rgb(0x162030),
            .switchOff = rgb(0x3A4452),
            .knob = rgb(0x10141A),
            .protocols = colours({0x017BC5, 0xF2C35D, 0x58E7BB, 0xD18C8B, 0x8F9804, 0xC2B8FF, 0x9C5D2B, 0x439DE7}),
            .otherProtocol = rgb(0x66717F),
            .bar = rgb(0x2A3A55),
            .heat = colours({0x2B2720, 0x4E3A18, 0x7A5412, 0xAB7511, 0xDB9A22, 0xF3C257, 0xFCE7AE}),
            .land = rgb(0x2A323D)};
}

QFont font(const QString& family, double pixels, int weight, QFont::StyleHint hint) {
    QFont font(family);
    font.setPixelSize(qRound(pixels));
    font.setWeight(static_cast<QFont::Weight>(weight));
    font.setStyleHint(hint);
    return font;
}

}  // namespace

Theme::Theme(Tone tone, QObject* parent)
    : QObject(parent), tone_(tone), tokens_(tone == Tone::Dark ? dark() : light()) {}

void Theme::use(Tone tone) {
    tone_ = tone;
    tokens_ = tone == Tone::Dark ? dark() : light();
    Q_EMIT changed();
}

QColor Theme::protocolColour(const QString& name) const {
    const qsizetype at = colouredProtocols().indexOf(name);
    return at < 0 ? tokens_.otherProtocol : tokens_.protocols[at];
}

QFont uiFont(double pixels, int weight) {
    return font(u"Inter"_s, pixels, weight, QFont::SansSerif);
}

QFont monoFont(double pixels, int weight) {
    return font(u"JetBrains Mono"_s, pixels, weight, QFont::Monospace);
}

}  // namespace apiary::console
