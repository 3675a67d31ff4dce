#include "collector/store/column_values.hpp"

#include "common/net/address.hpp"

#include <pqxx/binarystring>

#include <algorithm>
#include <stdexcept>

namespace apiary::collector {

std::string momentText(std::chrono::sys_time<std::chrono::microseconds> at) {
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(at - day);
    const auto padded = [](auto number, std::size_t width) {
        const auto digits = std::to_string(number);
        return std::string(width - std::min(width, digits.size()), '0') + digits;
    };
    return padded(int(date.year()), 4) + "-" + padded(unsigned(date.month()), 2) + "-" +
           padded(unsigned(date.day()), 2) + " " + padded(time.hours().count(), 2) + ":" +
           padded(time.minutes().count(), 2) + ":" + padded(time.seconds().count(), 2) + "." +
           padded(time.subseconds().count(), 6) + "+00";
}

std::string uuidArray(std::span<const Uuid> ids) {
    std::string text = "{";
    for (const Uuid& id : ids) {
        text += text.size() > 1 ? "," : "";
        text += id.text();
    }
    return text + "}";
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
    const std::ptrdiff_t first = from.v4() ? 12 : 0;
    to.set_address(std::string(from.address.begin() + first, from.address.end()));
    to.set_port(from.port);
}

}  // namespace apiary::collector
