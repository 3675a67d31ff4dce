#pragma once

#include "common/concurrent/duration_histogram.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace grpc {
class ServerBuilder;
}

namespace apiary::collector {

/// Counts the calls of a server's methods that are one question and one answer: how they ended, and how long they took.
/// Sits in front of the services, which know nothing of it. Streams are left alone. Thread-safe.
class RpcMeter {
public:
    /// gRPC's status codes, 0 (OK) to 16 (UNAUTHENTICATED); there are no others.
    static constexpr std::size_t kCodes = 17;

    struct View {
        std::string service;  // "Report"
        std::string method;   // "Totals"
        std::array<std::uint64_t, kCodes> ended{};
        DurationHistogram::View seconds;
    };

    RpcMeter();

    /// Puts it in front of a server that is about to start. What the server needs of it lives as long as that.
    void attach(grpc::ServerBuilder& builder) const;

    /// Of the methods that were called.
    std::vector<View> view() const;

    struct State;

private:
    std::shared_ptr<State> state_;
};

/// "ok", "cancelled", …, "unauthenticated", by gRPC's code.
std::string_view codeText(std::size_t code);

}  // namespace apiary::collector
