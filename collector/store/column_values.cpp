#include "collector/store/column_values.hpp"

#include "common/net/address.hpp"

#include <pqxx/binarystring>

#include <array>
#include <cstdio>
#include <stdexcept>

namespace apiary::collector {

std::string momentText(std::chrono::sys_time<std::chrono::microseconds> at) {
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(at - day);
    std::array<char, 64> text{};
    const int size = std::snprintf(
        text.data(), text.size(), "%04d-%02u-%02u %02d:%02d:%02d.%06lld+00", int(date.year()), unsigned(date.month()),
        unsigned(date.day()), static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
        static_cast<int>(time.seconds().count()), static_cast<long long>(time.subseconds().count()));
    return {text.data(), static_cast<std::size_t>(size)};
}

std::string arrayText(std::span<const std::int32_t> numbers) {
    std::string text = "{";
    for (const auto number : numbers) {
        text += (text.size() > 1 ? "," : "") + std::to_string(number);
    }
    return text + "}";
}

std::string arrayText(std::span<const std::string> texts) {
    std::string text = "{";
    for (const auto& element : texts) {
        text += text.size() > 1 ? ",\"" : "\"";
        for (const char c : element) {
            if (c == '"' || c == '\\') {
                text += '\\';
            }
            text += c;
        }
        text += '"';
    }
    return text + "}";
}

std::string bytesOf(const pqxx::field& field) {
    return field.is_null() ? std::string() : pqxx::binarystring(field).str();
}

std::string textOf(const pqxx::field& field) {
    return field.is_null() ? std::string() : std::string(field.c_str(), field.size());
}

std::uint64_t countOf(const pqxx::field& field) {
    return field.is_null() ? 0 : field.as<std::uint64_t>();
}

Uuid uuidOf(const pqxx::field& field) {
    const auto uuid = Uuid::parse(textOf(field));
    if (!uuid) {
        throw std::runtime_error("the database gave no uuid where one was asked for");
    }
    return *uuid;
}

void setEndpoint(v1::Endpoint& to, const std::string& address, std::uint32_t port) {
    auto endpoint = parseAddress(address);
    if (!endpoint) {
        throw std::runtime_error("the database gave an address that cannot be read: " + endpoint.error());
    }
    endpoint->port = static_cast<std::uint16_t>(port);
    setEndpoint(to, *endpoint);
}

void setEndpoint(v1::Endpoint& to, const Endpoint& from) {
    const auto v4 = from.v4();
    const auto* bytes = reinterpret_cast<const char*>(from.address.data());
    if (v4) {
        to.set_address(bytes + 12, 4);
    } else {
        to.set_address(bytes, 16);
    }
    to.set_port(from.port);
}

}  // namespace apiary::collector
