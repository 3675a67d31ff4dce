#include "common/log/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace apiary::log {

void start(std::string_view program, std::string_view level) {
    auto logger = std::make_shared<spdlog::logger>(std::string(program),
                                                   std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %n %^%l%$ %v", spdlog::pattern_time_type::utc);
    logger->set_level(spdlog::level::from_str(std::string(level)));
    logger->flush_on(spdlog::level::trace);
    spdlog::set_default_logger(std::move(logger));
}

void debug(std::string_view text) {
    spdlog::debug("{}", text);
}
void info(std::string_view text) {
    spdlog::info("{}", text);
}
void warn(std::string_view text) {
    spdlog::warn("{}", text);
}
void error(std::string_view text) {
    spdlog::error("{}", text);
}

}  // namespace apiary::log
