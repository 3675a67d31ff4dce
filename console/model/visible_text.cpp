#include "console/model/visible_text.hpp"

#include "common/text/escape.hpp"

#include <QList>

#include <algorithm>

namespace apiary::console {
namespace {

bool hidden(char32_t c) {
    const QChar::Category category = QChar::category(c);
    return category == QChar::Other_Control || category == QChar::Other_Format || category == QChar::Other_Surrogate ||
           category == QChar::Other_PrivateUse || category == QChar::Other_NotAssigned ||
           category == QChar::Separator_Line || category == QChar::Separator_Paragraph ||
           (c >= 0xfe00 && c <= 0xfe0f) || c == 0x034f || c == 0x115f || c == 0x1160 || c == 0x3164 || c == 0xffa0;
}

// Marks that pile up on one letter draw over the lines above and below; two are enough for any script shown here.
constexpr int kMarksInARow = 2;

// A word without an end would make a tool tip as wide as the screen.
constexpr qsizetype kLongestWord = 60;

}  // namespace

QString visible(const QString& text, qsizetype longest) {
    const QString head = text.left(longest);
    QString shown;
    shown.reserve(head.size() + 1);
    int marks = 0;
    for (const uint point : head.toUcs4()) {
        const char32_t c = point;
        marks = QChar::isMark(c) ? marks + 1 : 0;
        if (hidden(c) || marks > kMarksInARow) {
            shown += QStringLiteral("<U+%1>").arg(QString::number(c, 16).toUpper(), 4, QLatin1Char('0'));
        } else {
            shown += QChar::fromUcs4(c);
        }
    }
    if (text.size() > longest) {
        shown += QChar(0x2026);
    }
    return shown;
}

QString visible(const QByteArray& bytes, qsizetype longest) {
    // One byte is at most four characters, and at least one: more bytes than characters are never needed.
    const qsizetype needed = std::min(bytes.size(), longest);
    const auto cut =
        escapeCut({bytes.constData(), static_cast<std::size_t>(needed)}, static_cast<std::size_t>(longest));
    QString shown = QString::fromLatin1(cut.data(), static_cast<qsizetype>(cut.size()));
    if (needed < bytes.size() ||
        escape({bytes.constData(), static_cast<std::size_t>(needed)}).size() > static_cast<std::size_t>(longest)) {
        shown += QChar(0x2026);
    }
    return shown;
}

QString toolTip(const QString& text, qsizetype longest) {
    QString shown = visible(text, longest);
    for (qsizetype at = 0, word = 0; at < shown.size(); ++at, ++word) {
        word = shown[at] == u' ' ? -1 : word;
        if (word == kLongestWord) {
            shown.insert(at, QChar(0x200b));
            word = -1;
        }
    }
    return QStringLiteral("<qt>%1</qt>").arg(shown.toHtmlEscaped());
}

}  // namespace apiary::console
