#include "collector/watch/notice_text.hpp"

#include "common/text/stamp.hpp"

#include <array>

namespace apiary::collector {
namespace {

constexpr std::array<std::string_view, 5> kEvents{"began", "lasts", "ended", "held-back", "test"};

/// One object, field by field.
class JsonLine {
public:
    JsonLine& add(std::string_view name, std::string_view text) {
        begin(name);
        quote(text);
        return *this;
    }
    JsonLine& add(std::string_view name, std::uint64_t number) {
        begin(name);
        text_ += std::to_string(number);
        return *this;
    }
    JsonLine& addFlag(std::string_view name, bool flag) {
        begin(name);
        text_ += flag ? "true" : "false";
        return *this;
    }
    std::string take() { return std::move(text_) + '}'; }

private:
    void begin(std::string_view name) {
        text_ += text_.empty() ? '{' : ',';
        quote(name);
        text_ += ':';
    }
    /// Whatever is not printable ASCII becomes the code point of its byte: no text of ours has any.
    void quote(std::string_view text) {
        constexpr std::string_view kDigits = "0123456789abcdef";
        text_ += '"';
        for (const char c : text) {
            const auto byte = static_cast<unsigned char>(c);
            if (c == '"' || c == '\\') {
                text_ += '\\';
                text_ += c;
            } else if (byte < 0x20 || byte > 0x7e) {
                text_ += "\\u00";
                text_ += kDigits[byte >> 4U];
                text_ += kDigits[byte & 0xfU];
            } else {
                text_ += c;
            }
        }
        text_ += '"';
    }

    std::string text_;
};

JsonLine begun(NoticeEvent event, std::string_view collector) {
    JsonLine line;
    line.add("apiary", std::uint64_t{1}).add("event", eventText(event)).add("collector", collector);
    return line;
}

std::string sentence(const Incident& incident, std::string_view collector) {
    const auto& trouble = incident.trouble;
    const bool own = trouble.key.sensorId == kOfTheCollector;
    const std::string who = (own ? "collector " + std::string(collector) : trouble.sensor) +
                            (trouble.key.service.empty() ? "" : ", service " + trouble.key.service);
    const std::string times = incident.times > 1 ? " (it began " + std::to_string(incident.times) + " times)" : "";
    return incident.lasting ? who + ": " + trouble.sentence() + times : "Over: " + who + ": " + trouble.brief + times;
}

}  // namespace

std::string_view eventText(NoticeEvent event) {
    return kEvents.at(static_cast<std::size_t>(event));
}

std::string noticeJson(const Incident& incident, std::string_view collector) {
    const auto& trouble = incident.trouble;
    JsonLine line = begun(incident.told.value_or(NoticeEvent::Began), collector);
    line.add("incident", static_cast<std::uint64_t>(incident.id))
        .add("kind", kindText(trouble.key.kind))
        .add("sensor", trouble.sensor)
        .add("sensor_id", static_cast<std::uint64_t>(trouble.key.sensorId))
        .add("service", trouble.key.service)
        .add("subject", trouble.key.subject)
        .add("severity", static_cast<std::uint64_t>(trouble.severity))
        .add("since", isoStamp(trouble.since))
        .add("times", incident.times)
        .addFlag("lasting", incident.lasting)
        .add("count", trouble.count);
    if (incident.endedAt) {
        line.add("ended", isoStamp(*incident.endedAt));
    }
    return line.add("text", sentence(incident, collector)).take();
}

std::string heldBackJson(std::uint32_t held, std::size_t lasting, std::string_view collector) {
    return begun(NoticeEvent::HeldBack, collector)
        .add("held", std::uint64_t{held})
        .add("lasting", std::uint64_t{lasting})
        .add("text", std::to_string(held) + " notices of the last hour were held back, " + std::to_string(lasting) +
                         " troubles last: see the Fleet page")
        .take();
}

std::string testJson(Incident::Time now, std::string_view collector) {
    return begun(NoticeEvent::Test, collector)
        .add("at", isoStamp(now))
        .add("text", "notices of this collector arrive here")
        .take();
}

}  // namespace apiary::collector
