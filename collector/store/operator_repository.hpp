#pragma once

#include "collector/store/connection.hpp"
#include "common/result.hpp"

#include <functional>
#include <set>
#include <string>

namespace apiary::collector {

using OperatorNames = std::set<std::string, std::less<>>;

/// The operators in the database: there stands who is shut out, and what was done about whom. Uses the connection of
/// its thread; every call is a transaction of its own, blocks, and throws what libpqxx throws. Each act leaves one row
/// in audit_log, also when it was refused.
class OperatorRepository {
public:
    explicit OperatorRepository(Connection& connection) : connection_(connection) {}

    /// Notes that `by` is about to issue a certificate. An Error if the operator is revoked.
    Status issuing(const std::string& name, const std::string& role, const std::string& by);

    /// Shuts an operator out, with every certificate of that name, from now on and for ever. Whether there is one is
    /// not known here. An Error if that was done before.
    Status revoke(const std::string& name, const std::string& by);

    OperatorNames revoked();

private:
    Connection& connection_;
};

}  // namespace apiary::collector
