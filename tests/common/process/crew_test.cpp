#include "common/process/crew.hpp"

#include "common/process/signals.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <pthread.h>
#include <stdexcept>
#include <string>

namespace apiary {
namespace {

using namespace std::chrono_literals;

TEST(CrewTest, JoinsAllItsThreads) {
    std::atomic<int> done = 0;
    Crew crew;
    for (int i = 0; i < 3; ++i) {
        crew.add("worker", [&] { ++done; });
    }
    crew.join();
    EXPECT_EQ(done, 3);
    EXPECT_FALSE(crew.failed());
}

TEST(CrewTest, NamesItsThreads) {
    std::string name(16, '\0');
    Crew crew;
    crew.add("journal", [&] { pthread_getname_np(pthread_self(), name.data(), name.size()); });
    crew.join();
    EXPECT_STREQ(name.c_str(), "journal");
}

TEST(CrewTest, EndsTheProgramWhenOneThrows) {
    holdSignals();
    Crew crew;
    crew.add("worker", [] { throw std::runtime_error("the disk is gone"); });
    EXPECT_EQ(awaitSignal(5s), SIGTERM);
    crew.join();
    EXPECT_TRUE(crew.failed());
}

}  // namespace
}  // namespace apiary
