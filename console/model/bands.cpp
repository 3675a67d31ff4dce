#include "console/model/bands.hpp"

#include "console/model/figures.hpp"

#include <algorithm>
#include <numeric>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

// More than any chart has pixels: a reply that asks for more is not drawn bucket by bucket.
constexpr qsizetype kMostBuckets = 20'000;

QList<qint64> evenBuckets(const Series& series) {
    QList<qint64> even;
    for (const qint64 bucket : series.bucketUs) {
        while (series.stepUs > 0 && !even.isEmpty() && even.last() + series.stepUs < bucket &&
               even.size() < kMostBuckets) {
            even.append(even.last() + series.stepUs);
        }
        if (even.isEmpty() || bucket > even.last()) {
            even.append(bucket);
        }
    }
    return even;
}

void add(Band& band, const Series& series, const ProtocolCounts& counts, const QList<qint64>& even) {
    band.sessions.resize(even.size());
    qsizetype at = 0;
    const qsizetype size = std::min(counts.sessions.size(), series.bucketUs.size());
    for (qsizetype i = 0; i < size; ++i) {
        while (at + 1 < even.size() && even[at] < series.bucketUs[i]) {
            ++at;
        }
        band.sessions[at] += counts.sessions[i];
        band.total += counts.sessions[i];
    }
}

/// A bucket that the reply left out, or says nothing of, is not called silent.
QList<bool> silentBuckets(const Series& series, const QList<qint64>& even) {
    if (!series.covered.contains(0)) {
        return {};
    }
    QList<bool> silent(even.size(), false);
    qsizetype at = 0;
    for (qsizetype i = 0; i < std::min(series.covered.size(), series.bucketUs.size()); ++i) {
        while (at + 1 < even.size() && even[at] < series.bucketUs[i]) {
            ++at;
        }
        silent[at] = even[at] == series.bucketUs[i] && series.covered[i] == 0;
    }
    return silent;
}

}  // namespace

quint64 Bands::total() const {
    return std::accumulate(layers.begin(), layers.end(), quint64{0},
                           [](quint64 sum, const Band& band) { return sum + band.total; });
}

QList<quint64> Bands::sums() const {
    QList<quint64> sums(bucketUs.size());
    for (const Band& band : layers) {
        for (qsizetype i = 0; i < sums.size(); ++i) {
            sums[i] += band.sessions[i];
        }
    }
    return sums;
}

const QStringList& colouredProtocols() {
    static const QStringList names{u"TELNET"_s, u"HTTP"_s, u"SMTP"_s, u"FTP"_s,
                                   u"POP3"_s,   u"IRC"_s,  u"IMAP"_s, u"SIP"_s};
    return names;
}

Bands bandsOf(const Series& series) {
    Bands bands{.stepUs = series.stepUs, .bucketUs = evenBuckets(series), .layers = {}};
    QList<Band> coloured(colouredProtocols().size());
    Band other;
    QStringList others;
    if (bands.bucketUs.isEmpty()) {
        return bands;
    }
    bands.silent = silentBuckets(series, bands.bucketUs);
    for (const ProtocolCounts& counts : series.protocols) {
        const QString name = protocolText(counts.protocol);
        const qsizetype at = colouredProtocols().indexOf(name);
        if (at < 0 && !others.contains(name)) {
            others.append(name);
        }
        Band& band = at < 0 ? other : coloured[at];
        band.name = name;
        band.protocols.append(counts.protocol);
        add(band, series, counts, bands.bucketUs);
    }
    if (others.size() > 1) {
        other.name = u"Other"_s;
    }
    coloured.append(other);
    for (const Band& band : coloured) {
        if (band.total > 0) {
            bands.layers.append(band);
        }
    }
    return bands;
}

}  // namespace apiary::console
