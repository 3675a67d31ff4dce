#include "console/model/trouble_words.hpp"

#include "console/model/figures.hpp"
#include "console/model/visible_text.hpp"

#include <algorithm>
#include <array>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

struct Name {
    const char16_t* written;
    const char16_t* words;
};

constexpr std::array kKinds{Name{u"sensor-silent", u"Sensor silent"},
                            Name{u"service-silent", u"Service silent"},
                            Name{u"one-source", u"One source"},
                            Name{u"clock", u"Clock off"},
                            Name{u"limit", u"Limit"},
                            Name{u"self-test", u"Self-test failed"},
                            Name{u"egress", u"Outgoing connection"},
                            Name{u"quarantine", u"Records put aside"},
                            Name{u"ledger", u"Records contradict"},
                            Name{u"database", u"Database"}};
constexpr std::array kBounds{Name{u"spool_bytes", u"Spool"},       Name{u"journal_bytes", u"Text logs"},
                             Name{u"journal_files", u"Log files"}, Name{u"journal_days", u"Days of logs"},
                             Name{u"descriptors", u"Descriptors"}, Name{u"connections", u"Connections"},
                             Name{u"memory_bytes", u"Memory"}};

template <std::size_t size>
QString wordsOf(const std::array<Name, size>& names, const QString& written) {
    const auto* found = std::ranges::find_if(
        names, [&](const Name& name) { return QStringView(name.written) == QStringView(written); });
    return found == names.end() ? visible(written, 32) : QString::fromUtf16(found->words);
}

constexpr qint64 kDayUs = 86'400'000'000;

}  // namespace

QString troubleTitle(const QString& kind) {
    return wordsOf(kKinds, kind);
}

QString troubleHead(const Trouble& trouble) {
    const QString title = troubleTitle(trouble.kind);
    const QString where = trouble.service.isEmpty() ? title : u"%1, %2"_s.arg(title, visible(trouble.service, 32));
    return u"%1 · since %2"_s.arg(where, dayTimeText(trouble.sinceUs));
}

QString boundTitle(const QString& name) {
    return wordsOf(kBounds, name);
}

QString boundText(const Bound& bound) {
    const bool bytes = bound.name.endsWith(u"_bytes"_s);
    const auto text = [&](quint64 number) { return bytes ? byteText(number) : grouped(number); };
    return u"%1 of %2"_s.arg(text(bound.used), text(bound.limit));
}

QString fullText(const Bound& bound, qint64 nowUs) {
    if (bound.limit > 0 && bound.used >= bound.limit) {
        return u"full"_s;
    }
    if (bound.fullAtUs == 0) {
        return {};
    }
    const qint64 days = std::max<qint64>(bound.fullAtUs - nowUs, 0) / kDayUs;
    return days < 1 ? u"full within a day"_s : days == 1 ? u"full in 1 day"_s : u"full in %1 days"_s.arg(days);
}

double boundShare(const Bound& bound) {
    return bound.limit == 0 ? 0 : std::min(1.0, static_cast<double>(bound.used) / static_cast<double>(bound.limit));
}

}  // namespace apiary::console
