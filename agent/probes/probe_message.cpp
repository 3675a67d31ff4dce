#include "agent/probes/probe_message.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::string_view kHead = "AP\x01";
constexpr std::size_t kLongestTool = 16;

constexpr std::array kFields{&CaptureFigures::seen,
                             &CaptureFigures::probes,
                             &CaptureFigures::connections,
                             &CaptureFigures::answers,
                             &CaptureFigures::foreign,
                             &CaptureFigures::hasty,
                             &CaptureFigures::merged,
                             &CaptureFigures::beyond,
                             &CaptureFigures::unsent,
                             &CaptureFigures::kernelDropped,
                             &CaptureFigures::interfaceReceived,
                             &CaptureFigures::interfaceDropped,
                             &CaptureFigures::interfaces,
                             &CaptureFigures::configured};

template <std::unsigned_integral Number>
void put(std::string& bytes, Number number) {
    for (std::size_t i = 0; i < sizeof number; ++i) {
        bytes += static_cast<char>(number >> (8 * i) & 0xffU);
    }
}

void put(std::string& bytes, const Endpoint& endpoint) {
    bytes.append(endpoint.address.begin(), endpoint.address.end());
    put(bytes, endpoint.port);
}

/// Reads on until something is missing; then everything is 0 and good() false.
class Reader {
public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}

    template <std::unsigned_integral Number>
    Number number() {
        const std::string_view part = take(sizeof(Number));
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < part.size(); ++i) {
            value |= std::uint64_t{static_cast<std::uint8_t>(part[i])} << (8 * i);
        }
        return static_cast<Number>(value);
    }

    Endpoint endpoint() {
        Endpoint endpoint;
        const std::string_view part = take(endpoint.address.size());
        std::ranges::transform(part, endpoint.address.begin(), [](char c) { return static_cast<std::uint8_t>(c); });
        endpoint.port = number<std::uint16_t>();
        return endpoint;
    }

    std::string_view take(std::size_t size) {
        if (size > bytes_.size()) {
            good_ = false;
            bytes_ = {};
            return {};
        }
        const std::string_view part = bytes_.substr(0, size);
        bytes_.remove_prefix(size);
        return part;
    }

    bool good() const { return good_; }
    bool atEnd() const { return bytes_.empty(); }

private:
    std::string_view bytes_;
    bool good_ = true;
};

std::string rowBytes(const ProbeRow& row) {
    std::string bytes;
    put(bytes, static_cast<std::uint8_t>(row.kind));
    put(bytes, static_cast<std::uint8_t>((row.anyPort ? 1U : 0U) | (row.anyBlock ? 2U : 0U)));
    const std::string tool = row.tool.substr(0, kLongestTool);
    put(bytes, static_cast<std::uint8_t>(tool.size()));
    bytes += tool;
    put(bytes, row.source);
    put(bytes, row.target);
    put(bytes, row.packets);
    put(bytes, row.addresses);
    put(bytes, row.merged);
    put(bytes, row.firstUs);
    put(bytes, row.lastUs);
    put(bytes, row.ttl);
    put(bytes, row.flags);
    put(bytes, row.icmpType);
    put(bytes, row.window);
    put(bytes, row.mss);
    put(bytes, row.optionsHash);
    return bytes;
}

std::optional<ProbeRow> readRow(Reader reader) {
    ProbeRow row;
    const auto kind = reader.number<std::uint8_t>();
    const auto coarse = reader.number<std::uint8_t>();
    row.kind = static_cast<ProbeKind>(kind);
    row.anyPort = (coarse & 1U) != 0;
    row.anyBlock = (coarse & 2U) != 0;
    const std::size_t length = reader.number<std::uint8_t>();
    row.tool = reader.take(length);
    row.source = reader.endpoint();
    row.target = reader.endpoint();
    row.packets = reader.number<std::uint64_t>();
    row.addresses = reader.number<std::uint32_t>();
    row.merged = reader.number<std::uint32_t>();
    row.firstUs = reader.number<std::uint64_t>();
    row.lastUs = reader.number<std::uint64_t>();
    row.ttl = reader.number<std::uint8_t>();
    row.flags = reader.number<std::uint8_t>();
    row.icmpType = reader.number<std::uint8_t>();
    row.window = reader.number<std::uint16_t>();
    row.mss = reader.number<std::uint16_t>();
    row.optionsHash = reader.number<std::uint32_t>();
    const bool named = std::ranges::all_of(
        row.tool, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
    const bool good = reader.good() && reader.atEnd() && kind <= 3 && coarse <= 3 && length <= kLongestTool && named &&
                      row.packets > 0 && row.firstUs <= row.lastUs;
    return good ? std::optional(std::move(row)) : std::nullopt;
}

}  // namespace

CaptureFigures& operator+=(CaptureFigures& sum, const CaptureFigures& more) {
    for (const auto field : kFields) {
        sum.*field += more.*field;
    }
    sum.interfaces = more.interfaces;
    sum.configured = more.configured;
    return sum;
}

std::vector<std::string> rowMessages(std::span<const ProbeRow> rows) {
    std::vector<std::string> messages;
    for (const ProbeRow& row : rows) {
        const std::string bytes = rowBytes(row);
        if (messages.empty() || messages.back().size() + 2 + bytes.size() > kLongestProbeMessage) {
            messages.push_back(std::string(kHead) + 'R');
        }
        put(messages.back(), static_cast<std::uint16_t>(bytes.size()));
        messages.back() += bytes;
    }
    return messages;
}

std::string figuresMessage(const CaptureFigures& figures) {
    std::string message = std::string(kHead) + 'F';
    for (const auto field : kFields) {
        put(message, figures.*field);
    }
    return message;
}

std::optional<ProbeMessage> readProbeMessage(std::string_view bytes) {
    if (!bytes.starts_with(kHead) || bytes.size() <= kHead.size() || bytes.size() > kLongestProbeMessage) {
        return std::nullopt;
    }
    const char what = bytes[kHead.size()];
    Reader reader(bytes.substr(kHead.size() + 1));
    if (what == 'F') {
        CaptureFigures figures;
        for (const auto field : kFields) {
            figures.*field = reader.number<std::uint64_t>();
        }
        return reader.good() && reader.atEnd() ? std::optional<ProbeMessage>(figures) : std::nullopt;
    }
    std::vector<ProbeRow> rows;
    while (what == 'R' && reader.good() && !reader.atEnd()) {
        auto row = readRow(Reader(reader.take(reader.number<std::uint16_t>())));
        if (!row) {
            return std::nullopt;
        }
        rows.push_back(*std::move(row));
    }
    return what == 'R' && reader.good() ? std::optional<ProbeMessage>(std::move(rows)) : std::nullopt;
}

}  // namespace apiary::agent
