#include "collector/store/report_row.hpp"

#include "collector/store/column_values.hpp"

#include <algorithm>

namespace apiary::collector {
namespace {

// PostgreSQL's text of an array of tags, which hold no quote, comma or backslash.
void addTags(v1::SessionRow& row, const std::string& tags) {
    for (std::size_t at = 1; at + 1 < tags.size();) {
        const auto end = std::min(tags.find(',', at), tags.size() - 1);
        auto tag = tags.substr(at, end - at);
        if (tag.size() > 1 && tag.front() == '"') {
            tag = tag.substr(1, tag.size() - 2);
        }
        row.add_tags(tag);
        at = end + 1;
    }
}

}  // namespace

void readRow(const pqxx::row& from, v1::SessionRow& row) {
    const auto uuid = uuidOf(from[0]);
    row.set_session_id(uuid.bytes.data(), uuid.bytes.size());
    row.set_started_at_us(countOf(from[1]));
    row.set_ended_at_us(countOf(from[2]));
    row.set_sensor_id(from[3].as<std::int32_t>());
    row.set_sensor(textOf(from[4]));
    setEndpoint(*row.mutable_source(), textOf(from[5]), from[6].as<std::uint32_t>());
    setEndpoint(*row.mutable_target(), textOf(from[7]), from[8].as<std::uint32_t>());
    row.set_transport(textOf(from[9]) == "udp" ? v1::TRANSPORT_UDP : v1::TRANSPORT_TCP);
    row.set_protocol(textOf(from[10]));
    row.set_identified(textOf(from[11]));
    row.set_outcome(textOf(from[12]));
    row.set_bytes_in(countOf(from[13]));
    row.set_bytes_out(countOf(from[14]));
    row.set_packets(static_cast<std::uint32_t>(countOf(from[15])));
    row.set_credentials(static_cast<std::uint32_t>(countOf(from[16])));
    row.set_commands(static_cast<std::uint32_t>(countOf(from[17])));
    row.set_artifacts(static_cast<std::uint32_t>(countOf(from[18])));
    row.set_login_accepted(from[19].as<bool>());
    row.set_country(textOf(from[20]));
    addTags(row, textOf(from[21]));
    row.set_traffic(textOf(from[22]));
    row.set_network(static_cast<std::uint32_t>(countOf(from[23])));
    row.set_network_name(textOf(from[24]));
    if (!from[25].is_null()) {
        row.set_first_username(textOf(from[25]));
        row.set_first_secret(textOf(from[26]));
    }
    row.set_source_first_seen_us(countOf(from[27]));
}

}  // namespace apiary::collector
