#include "common/rpc/grpc_log.hpp"

#include <grpc/support/log.h>

#include <atomic>

namespace apiary {
namespace {

std::atomic<void (*)(std::string_view)> grpcLogSink = nullptr;

}  // namespace

void routeGrpcLog(void (*sink)(std::string_view message)) {
    grpcLogSink = sink;
    gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
    gpr_set_log_function([](gpr_log_func_args* entry) {
        if (auto* const current = grpcLogSink.load(); current != nullptr && entry->message != nullptr) {
            current(entry->message);
        }
    });
}

}  // namespace apiary
