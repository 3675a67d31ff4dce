#include "common/metrics/metrics_page.hpp"

#include <algorithm>
#include <limits>
#include <prometheus/text_serializer.h>

namespace apiary {

using prometheus::ClientMetric;
using prometheus::MetricType;

struct MetricsPage::Families {
    std::vector<prometheus::MetricFamily> all;

    ClientMetric& add(std::string_view name, std::string_view help, MetricType type, Labels labels) {
        auto family = std::ranges::find(all, name, &prometheus::MetricFamily::name);
        if (family == all.end()) {
            family = all.insert(all.end(), {std::string(name), std::string(help), type, {}});
        }
        ClientMetric& metric = family->metric.emplace_back();
        for (auto& [label, value] : labels) {
            metric.label.push_back({std::move(label), std::move(value)});
        }
        return metric;
    }
};

MetricsPage::MetricsPage() : families_(std::make_unique<Families>()) {}
MetricsPage::~MetricsPage() = default;

void MetricsPage::counter(std::string_view name, std::string_view help, double value, Labels labels) {
    families_->add(name, help, MetricType::Counter, std::move(labels)).counter.value = value;
}

void MetricsPage::gauge(std::string_view name, std::string_view help, double value, Labels labels) {
    families_->add(name, help, MetricType::Gauge, std::move(labels)).gauge.value = value;
}

void MetricsPage::histogram(std::string_view name, std::string_view help, const DurationHistogram::View& value,
                            Labels labels) {
    auto& histogram = families_->add(name, help, MetricType::Histogram, std::move(labels)).histogram;
    histogram.sample_count = value.count;
    histogram.sample_sum = value.seconds;
    for (std::size_t i = 0; i < value.atMost.size(); ++i) {
        histogram.bucket.push_back({value.atMost[i], DurationHistogram::kBounds[i]});
    }
    histogram.bucket.push_back({value.count, std::numeric_limits<double>::infinity()});
}

std::string MetricsPage::text() const {
    return prometheus::TextSerializer().prometheus::Serializer::Serialize(families_->all);
}

}  // namespace apiary
