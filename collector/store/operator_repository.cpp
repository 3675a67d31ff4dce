#include "collector/store/operator_repository.hpp"

#include <pqxx/result>
#include <pqxx/transaction>

namespace apiary::collector {
namespace {

constexpr const char* kAudit =
    "INSERT INTO apiary.audit_log(operator, action, target, refused, new_value) "
    "VALUES ($1, $2, 'operator ' || $3::text, $4::boolean, $5::jsonb)";

}  // namespace

Status OperatorRepository::issuing(const std::string& name, const std::string& role, const std::string& by) {
    pqxx::work transaction(connection_.session());
    const bool refused =
        !transaction.exec_params("SELECT 1 FROM apiary.operator_revoked WHERE name = $1", name).empty();
    transaction.exec_params0(kAudit, by, "issue_operator", name, refused, R"({"role": ")" + role + R"("})");
    transaction.commit();
    if (refused) {
        return Error{"the operator '" + name + "' is revoked: choose another name"};
    }
    return Done{};
}

Status OperatorRepository::revoke(const std::string& name, const std::string& by) {
    pqxx::work transaction(connection_.session());
    const bool done = transaction
                          .exec_params(
                              "INSERT INTO apiary.operator_revoked(name, revoked_by) VALUES ($1, $2) "
                              "ON CONFLICT DO NOTHING",
                              name, by)
                          .affected_rows() == 1;
    transaction.exec_params0(kAudit, by, "revoke_operator", name, !done, static_cast<const char*>(nullptr));
    transaction.commit();
    if (!done) {
        return Error{"the operator '" + name + "' is revoked already"};
    }
    return Done{};
}

OperatorNames OperatorRepository::revoked() {
    pqxx::read_transaction transaction(connection_.session());
    OperatorNames names;
    for (const auto& row : transaction.exec("SELECT name FROM apiary.operator_revoked")) {
        names.emplace(row[0].c_str());
    }
    return names;
}

}  // namespace apiary::collector
