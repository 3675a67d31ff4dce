#pragma once

#include "console/model/values.hpp"

namespace apiary::console {

/// One layer of the stacked chart.
struct Band {
    QString name;  // as shown: TELNET, Other
    QList<quint64> sessions;
    quint64 total = 0;
    QStringList protocols;  // those that it counts, as a Scope names them
};

/// What the chart draws: buckets without a hole, and the layers from the bottom up.
struct Bands {
    qint64 stepUs = 0;
    QList<qint64> bucketUs;
    QList<Band> layers;
    QList<bool> silent = {};  // buckets in which nobody listened; empty: that is not known

    bool silentAt(qsizetype bucket) const { return bucket < silent.size() && silent[bucket]; }
    quint64 total() const;
    /// The sum of all layers in each bucket.
    QList<quint64> sums() const;
};

/// The protocols that have a colour of their own, in the order of the palette.
const QStringList& colouredProtocols();

/// Brings a series into the fixed order of colouredProtocols(); a bucket that the reply left out counts 0. A single
/// other protocol keeps its name, several become "Other". Protocols without a session are left out.
Bands bandsOf(const Series& series);

}  // namespace apiary::console
