#include "collector/retention_keeper.hpp"

#include "tests/support/postgres_fixture.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace apiary::collector {
namespace {

class RetentionKeeperTest : public testing::Test {
protected:
    RetentionKeeperTest() { database_.ask("SELECT apiary.ensure_partitions(now() - interval '9 d', now())"); }

    std::string days() const {
        return database_.ask(
            "SELECT count(*) FROM pg_inherits WHERE inhparent = 'apiary.session'::regclass AND "
            "substring(inhrelid::regclass::text, '[0-9]{8}$') < to_char(now() AT TIME ZONE 'UTC' - interval '5 d', "
            "'YYYYMMDD')");
    }

    test::TestDatabase database_;
    std::optional<std::string> doubt_;
    RetentionKeeper keeper_{database_.writer(), 1, RetentionWish{.days = 5, .bytes = {}}, [this] { return doubt_; }};
};

TEST_F(RetentionKeeperTest, DropsNothingWhileTheClockIsInDoubt) {
    database_.ask("UPDATE apiary.policy SET retention_days = 5, minimum_days = 5");
    doubt_ = "the sensors say otherwise";
    EXPECT_EQ(keeper_.look(true), "the sensors say otherwise");
    EXPECT_NE(days(), "0");
    doubt_.reset();
    EXPECT_FALSE(keeper_.look(true));
    EXPECT_EQ(days(), "0");
}

}  // namespace
}  // namespace apiary::collector
