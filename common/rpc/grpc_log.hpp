#pragma once

#include <string_view>

namespace apiary {

/// Hands the errors that gRPC would print on stderr to `sink`, on the thread where they happen, and drops the rest: a
/// program says in its own words what they mean. The only place where gRPC tells a server why it refused a handshake.
void routeGrpcLog(void (*sink)(std::string_view message));

}  // namespace apiary
