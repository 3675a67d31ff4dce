#pragma once

#include <QByteArray>
#include <QString>

namespace apiary::console {

/// Characters of a label that may come from an attacker; a longer text ends in an ellipsis.
inline constexpr qsizetype kLabelLength = 200;

/// Text from outside, safe to show: control characters, bidirectional controls, zero-width and other invisible ones
/// become <U+XXXX>, lone surrogates too; at most `longest` characters of it are looked at. The result is plain text:
/// who hands it to something that renders HTML escapes it.
QString visible(const QString& text, qsizetype longest = kLabelLength);

/// Bytes from outside, safe to show, as the text logs write them: 0x20 to 0x7e as they are, the rest as \xHH.
QString visible(const QByteArray& bytes, qsizetype longest = kLabelLength);

/// visible(), as the tool tip that shows exactly that text: tool tips render HTML when a text looks like it. Long words
/// may be broken.
QString toolTip(const QString& text, qsizetype longest = 2 * kLabelLength);

}  // namespace apiary::console
