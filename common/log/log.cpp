#include "common/log/log.hpp"

#include "common/concurrent/guarded.hpp"
#include "common/log/log_event.hpp"
#include "common/log/log_limit.hpp"

#include <atomic>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace apiary::log {
namespace {

std::atomic<Format> currentFormat = Format::Text;

Guarded<Limit>& limit() {
    static Guarded<Limit> guarded;
    return guarded;
}

std::string_view levelText(spdlog::level::level_enum level) {
    const auto text = spdlog::level::to_string_view(level);
    return {text.data(), text.size()};
}

void write(spdlog::level::level_enum level, std::string_view text, const Fields& fields) {
    auto* const logger = spdlog::default_logger_raw();
    const Event event{.at = std::chrono::system_clock::now(),
                      .level = levelText(level),
                      .program = logger->name(),
                      .text = text,
                      .fields = fields};
    const std::string line = currentFormat == Format::Json ? jsonLine(event) : plainText(event);
    logger->log(level, "{}", line);
}

void say(spdlog::level::level_enum level, std::string_view text, const Fields& fields, const Where& where) {
    if (!spdlog::default_logger_raw()->should_log(level)) {
        return;
    }
    tellHeld();
    const Limit::Place place{where.file_name(), where.line()};
    const bool admitted = limit().with(
        [&](Limit& all) { return all.admit(place, levelText(level), text, std::chrono::steady_clock::now()); });
    if (admitted) {
        write(level, text, fields);
    }
}

}  // namespace

Format formatOf(std::string_view name) {
    return name == "json" ? Format::Json : Format::Text;
}

void start(std::string_view program, std::string_view level, Format format) {
    auto logger =
        std::make_shared<spdlog::logger>(std::string(program), std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    if (format == Format::Json) {
        logger->set_pattern("%v");
    } else {
        logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %n %^%l%$ %v", spdlog::pattern_time_type::utc);
    }
    currentFormat = format;
    logger->set_level(spdlog::level::from_str(std::string(level)));
    logger->flush_on(spdlog::level::trace);
    spdlog::set_default_logger(std::move(logger));
}

void debug(std::string_view text, const Fields& fields, const Where& where) {
    say(spdlog::level::debug, text, fields, where);
}
void info(std::string_view text, const Fields& fields, const Where& where) {
    say(spdlog::level::info, text, fields, where);
}
void warn(std::string_view text, const Fields& fields, const Where& where) {
    say(spdlog::level::warn, text, fields, where);
}
void error(std::string_view text, const Fields& fields, const Where& where) {
    say(spdlog::level::err, text, fields, where);
}

void tellHeld(bool all) {
    const auto due = limit().with([&](Limit& places) { return places.takeDue(std::chrono::steady_clock::now(), all); });
    for (const Limit::Held& held : due) {
        const std::string count = std::to_string(held.count);
        write(spdlog::level::from_str(std::string(held.level)), count + " more like this: " + held.like,
              {{"repeated", count}});
    }
}

}  // namespace apiary::log
