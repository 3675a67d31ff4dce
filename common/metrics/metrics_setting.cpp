#include "common/metrics/metrics_setting.hpp"

#include "common/net/address.hpp"
#include "common/text/escape.hpp"

namespace apiary {

MetricsSetting readMetrics(const TomlTable& table, std::uint16_t port) {
    const TomlField field = table.field("metrics");
    MetricsSetting setting{.listen = Endpoint::of({127, 0, 0, 1}, port), .line = field.line()};
    const std::string text = field.text();
    if (!field.present()) {
        return setting;
    }
    if (text == "off") {
        setting.listen.reset();
        return setting;
    }
    const auto endpoint = parseEndpoint(escapeCut(text, 100));
    if (!endpoint) {
        field.complain("must be \"off\" or an address such as \"127.0.0.1:" + std::to_string(port) +
                       "\": " + endpoint.error());
        return setting;
    }
    setting.listen = endpoint->port != 0 ? std::optional(*endpoint) : std::nullopt;
    return setting;
}

}  // namespace apiary
