#pragma once

#include "common/concurrent/duration_histogram.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiary {

/// Figures as a Prometheus server reads them: collected one after the other, then written out once, in the text format
/// 0.0.4. Belongs to one thread.
///
/// A name that is used again adds to the same family; its help is the first one's. Names and help are ours. The value
/// of a label must never be something that a peer wrote: each value is a series that is kept for ever.
class MetricsPage {
public:
    using Labels = std::vector<std::pair<std::string, std::string>>;  // name, value

    MetricsPage();
    MetricsPage(const MetricsPage&) = delete;
    MetricsPage& operator=(const MetricsPage&) = delete;
    ~MetricsPage();

    /// Only ever grows while the program runs; the name ends in `_total`.
    void counter(std::string_view name, std::string_view help, double value, Labels labels = {});
    void gauge(std::string_view name, std::string_view help, double value, Labels labels = {});
    void histogram(std::string_view name, std::string_view help, const DurationHistogram::View& value,
                   Labels labels = {});

    std::string text() const;

private:
    struct Families;
    std::unique_ptr<Families> families_;
};

}  // namespace apiary
