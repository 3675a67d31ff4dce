#include "collector/rpc/rpc_meter.hpp"

#include "common/concurrent/guarded.hpp"

#include <grpcpp/server_builder.h>
#include <grpcpp/support/server_interceptor.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <utility>

namespace apiary::collector {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::InterceptorBatchMethods;
using grpc::experimental::ServerRpcInfo;

struct Method {
    std::array<std::atomic<std::uint64_t>, RpcMeter::kCodes> ended{};
    DurationHistogram seconds;
};

/// Of one call, from its beginning to its status.
class CallMeter final : public grpc::experimental::Interceptor {
public:
    explicit CallMeter(std::shared_ptr<Method> method) : method_(std::move(method)) {}

    void Intercept(InterceptorBatchMethods* batch) override {
        if (batch->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
            const auto code = static_cast<std::size_t>(batch->GetSendStatus().error_code());
            ++method_->ended.at(std::min(code, RpcMeter::kCodes - 1));
            method_->seconds.note(std::chrono::steady_clock::now() - began_);
        }
        batch->Proceed();
    }

private:
    const std::shared_ptr<Method> method_;
    const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace

struct RpcMeter::State {
    Guarded<std::map<std::string, std::shared_ptr<Method>>> methods;  // by "/apiary.v1.Report/Totals"
};

namespace {

class CallMeters final : public grpc::experimental::ServerInterceptorFactoryInterface {
public:
    explicit CallMeters(std::shared_ptr<RpcMeter::State> state) : state_(std::move(state)) {}

    /// gRPC owns what it returns. What a caller made up has no method of ours, and counts as a stream.
    grpc::experimental::Interceptor* CreateServerInterceptor(ServerRpcInfo* call) override {
        if (call->type() != ServerRpcInfo::Type::UNARY || call->method() == nullptr) {
            return nullptr;
        }
        auto method = state_->methods.with([&](auto& methods) {
            auto& known = methods[call->method()];
            if (!known) {
                known = std::make_shared<Method>();
            }
            return known;
        });
        return new CallMeter(std::move(method));  // NOLINT(cppcoreguidelines-owning-memory)
    }

private:
    const std::shared_ptr<RpcMeter::State> state_;  // shared with the meter, which the server may outlive
};

}  // namespace

RpcMeter::RpcMeter() : state_(std::make_shared<State>()) {}

void RpcMeter::attach(grpc::ServerBuilder& builder) const {
    std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> factories;
    factories.push_back(std::make_unique<CallMeters>(state_));
    builder.experimental().SetInterceptorCreators(std::move(factories));
}

std::vector<RpcMeter::View> RpcMeter::view() const {
    return state_->methods.with([](const auto& methods) {
        std::vector<View> views;
        for (const auto& [path, method] : methods) {
            View& view = views.emplace_back();
            const std::size_t slash = path.rfind('/');
            const std::size_t dot = path.rfind('.', slash);
            view.service = path.substr(dot + 1, slash - dot - 1);
            view.method = path.substr(slash + 1);
            std::ranges::transform(method->ended, view.ended.begin(), [](const auto& count) { return count.load(); });
            view.seconds = method->seconds.view();
        }
        return views;
    });
}

std::string_view codeText(std::size_t code) {
    static constexpr std::array<std::string_view, RpcMeter::kCodes> kTexts{
        "ok",        "cancelled",      "unknown",           "invalid_argument",   "deadline_exceeded",
        "not_found", "already_exists", "permission_denied", "resource_exhausted", "failed_precondition",
        "aborted",   "out_of_range",   "unimplemented",     "internal",           "unavailable",
        "data_loss", "unauthenticated"};
    return kTexts.at(code);
}

}  // namespace apiary::collector
