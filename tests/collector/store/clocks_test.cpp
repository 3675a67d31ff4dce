#include "tests/collector/store/session_store_fixture.hpp"

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using test::TestSpool;

/// The machine's clock is set wrong, and right again.
class ClocksTest : public SessionStoreTest {
protected:
    ClocksTest() {
        store_.tellTime([this] { return std::chrono::system_clock::now() + off_; });
        spool_.append(shortSession().close());
    }

    /// What was acknowledged of the spool.
    std::size_t sendAll() {
        IngestHub hub(store_, feed_, [this] { return now() + off_; },
                      {.firstPause = 1ms, .longestPause = 1ms, .stopWithin = 0ms});
        const auto peer = std::make_shared<StorePeer>();
        hub.submit(peer, {.sensorId = sensorId_, .stream = spool_.id(), .positions = {}}, 0,
                   std::make_unique<v1::Batch>(spool_.all()));
        hub.stop();
        hub.run();
        return peer->acknowledged_.size();
    }

    std::chrono::minutes off_{};
    TestSpool spool_{1};
};

TEST_F(ClocksTest, NothingIsTakenWhileOursIsFarFromTheDatabases) {
    for (const auto off : {200 * 24h, -40 * 24h, 25h}) {
        off_ = off;
        EXPECT_EQ(sendAll(), 0U);
    }
    off_ = {};
    EXPECT_EQ(sendAll(), 1U);
    EXPECT_EQ(count("session"), "1");
    EXPECT_EQ(count("quarantine"), "0");
}

TEST_F(ClocksTest, AStepIsSeenAtOnce) {
    EXPECT_NO_THROW(store_.window(now()));
    off_ = 200 * 24h;
    EXPECT_THROW(store_.window(now()), SinkUnavailable);
    off_ = 23h;
    EXPECT_NO_THROW(store_.window(now()));
}

}  // namespace
}  // namespace apiary::collector
