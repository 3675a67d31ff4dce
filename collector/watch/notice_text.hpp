#pragma once

#include "collector/watch/incident_book.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace apiary::collector {

/// The notices that hooks are handed: one JSON object (RFC 8259), a line of ASCII without a line feed. All have
/// `apiary` (1, grows when a field changes its meaning), `event` (began, lasts, ended, held-back, test), `collector`
/// and `text`. One of a trouble adds `incident`, `kind`, `sensor`, `sensor_id`, `service` and `subject` (empty where
/// there is none; of the collector's own troubles sensor is empty too, and sensor_id and incident are 0), `severity` (1
/// to 4), `since`, `times` (how often it began), `lasting`, `count` and, once over, `ended`. Times are ISO 8601, UTC.
std::string noticeJson(const Incident& incident, std::string_view collector);

/// So many notices were held back in the hour before; so many troubles last.
std::string heldBackJson(std::uint32_t held, std::size_t lasting, std::string_view collector);

/// A notice that says nothing but that notices arrive.
std::string testJson(Incident::Time now, std::string_view collector);

/// The word for it.
std::string_view eventText(NoticeEvent event);

}  // namespace apiary::collector
