#include "collector/store/operator_repository.hpp"

#include "tests/support/postgres_fixture.hpp"

#include <gtest/gtest.h>

namespace apiary::collector {
namespace {

class OperatorRepositoryTest : public testing::Test {
protected:
    std::string audit() {
        return database_.ask(
            "SELECT string_agg(operator || ' ' || action || ' ' || target || ' ' || refused, '; ' "
            "ORDER BY audit_id) FROM apiary.audit_log");
    }

    test::TestDatabase database_;
    Connection connection_{database_.writer()};
    OperatorRepository operators_{connection_};
};

TEST_F(OperatorRepositoryTest, RevokesOnceAndForEver) {
    EXPECT_TRUE(operators_.revoked().empty());
    ASSERT_TRUE(operators_.revoke("eve", "ann"));
    EXPECT_EQ(operators_.revoked(), OperatorNames{"eve"});
    EXPECT_EQ(operators_.revoke("eve", "ann").error(), "the operator 'eve' is revoked already");
    EXPECT_EQ(audit(), "ann revoke_operator operator eve false; ann revoke_operator operator eve true");
}

TEST_F(OperatorRepositoryTest, RefusesACertificateToWhoIsRevoked) {
    EXPECT_TRUE(operators_.issuing("eve", "viewer", "ann"));
    ASSERT_TRUE(operators_.revoke("eve", "ann"));
    EXPECT_EQ(operators_.issuing("eve", "viewer", "ann").error(), "the operator 'eve' is revoked: choose another name");
    EXPECT_EQ(database_.ask("SELECT count(*) FROM apiary.audit_log WHERE new_value->>'role' = 'viewer'"), "2");
}

TEST_F(OperatorRepositoryTest, LeavesTheWriterNoWayToTakeARevocationBack) {
    EXPECT_EQ(database_.ask("SELECT has_table_privilege('apiary_writer', 'apiary.operator_revoked', "
                            "'UPDATE, DELETE, TRUNCATE')"),
              "f");
}

}  // namespace
}  // namespace apiary::collector
