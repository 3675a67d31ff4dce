#include "collector/rpc/query_pool.hpp"

#include "tests/support/postgres_fixture.hpp"

#include <gtest/gtest.h>
#include <pqxx/nontransaction>
#include <pqxx/result>

#include <future>
#include <string>
#include <thread>
#include <vector>

namespace apiary::collector {
namespace {

class QueryPoolTest : public testing::Test {
protected:
    ~QueryPoolTest() override {
        pool_.stop();
        for (auto& thread : threads_) {
            thread.join();
        }
    }
    void start() {
        threads_.emplace_back([this] { pool_.run(); });
        threads_.emplace_back([this] { pool_.runCancellations(); });
    }

    std::future<QueryEnd> submit(QueryPool::Work work, bool repeatable = true, QueryPool::Ticket* ticket = nullptr) {
        auto end = std::make_shared<std::promise<QueryEnd>>();
        auto future = end->get_future();
        EXPECT_TRUE(pool_.submit(
            std::move(work), [end](QueryEnd result) { end->set_value(result); }, repeatable, ticket));
        return future;
    }
    std::future<QueryEnd> ask(const std::string& statement, bool repeatable = true,
                              QueryPool::Ticket* ticket = nullptr) {
        return submit(
            [this, statement](Connection& connection) {
                pqxx::nontransaction direct(connection.session());
                answer_ = direct.exec(statement)[0][0].c_str();
            },
            repeatable, ticket);
    }
    void killBackends() const {
        // Of this test's database: others run beside it on the same server.
        database_.ask(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE application_name = 'pooled' AND datname = current_database()");
    }

    test::TestDatabase database_;
    std::string answer_;
    bool away_ = false;
    std::vector<std::string> missed_;
    QueryPool pool_{[this] {
                        return std::make_unique<Connection>(
                            away_ ? "host=127.0.0.1 port=1 dbname=none" : database_.writer(), "pooled");
                    },
                    2, [this](const std::string& why) { missed_.push_back(why); }};
    std::vector<std::thread> threads_;
};

TEST_F(QueryPoolTest, RunsWorkOnAThreadOfItsOwn) {
    start();
    EXPECT_EQ(ask("SELECT 6 * 7").get(), QueryEnd::Done);
    EXPECT_EQ(answer_, "42");
}

TEST_F(QueryPoolTest, TakesNoMoreThanItsBound) {
    const auto first = ask("SELECT 1");
    const auto second = ask("SELECT 2");
    EXPECT_FALSE(pool_.submit([](Connection&) {}, [](QueryEnd) { FAIL(); }, true));
}

TEST_F(QueryPoolTest, CutsOffAStatementInTheDatabase) {
    start();
    QueryPool::Ticket ticket;
    std::promise<void> begun;
    auto end = submit(
        [&](Connection& connection) {
            pqxx::nontransaction direct(connection.session());
            begun.set_value();
            direct.exec("SELECT pg_sleep(50)");
        },
        true, &ticket);
    begun.get_future().wait();
    ticket.cancel();
    EXPECT_EQ(end.get(), QueryEnd::Cancelled);
    EXPECT_EQ(ask("SELECT 'fine'").get(), QueryEnd::Done);  // the connection is still good
}

TEST_F(QueryPoolTest, DropsWorkThatWasCancelledWhileItWaited) {
    QueryPool::Ticket ticket;
    auto end = submit([](Connection&) { FAIL(); }, true, &ticket);
    ticket.cancel();
    start();
    EXPECT_EQ(end.get(), QueryEnd::Cancelled);
}

TEST_F(QueryPoolTest, SaysWhenTheDatabaseTookTooLong) {
    start();
    const auto end = submit([](Connection& connection) {
                         pqxx::nontransaction direct(connection.session());
                         direct.exec("SET statement_timeout = 50");
                         direct.exec("SELECT pg_sleep(50)");
                     }).get();
    EXPECT_EQ(end, QueryEnd::TooSlow);
}

TEST_F(QueryPoolTest, ReadsOnceMoreWhenItsConnectionHasBroken) {
    start();
    ask("SELECT 1").wait();
    killBackends();
    EXPECT_EQ(ask("SELECT 'again'").get(), QueryEnd::Done);
    EXPECT_EQ(answer_, "again");
    EXPECT_TRUE(missed_.empty());
}

TEST_F(QueryPoolTest, DoesNotWriteTwice) {
    start();
    ask("SELECT 1").wait();
    killBackends();
    EXPECT_EQ(ask("SELECT 'again'", false).get(), QueryEnd::Unavailable);
    EXPECT_EQ(ask("SELECT 'again'", false).get(), QueryEnd::Done);
}

TEST_F(QueryPoolTest, SaysThatThereIsNoDatabaseAndRecovers) {
    away_ = true;
    start();
    EXPECT_EQ(ask("SELECT 1").get(), QueryEnd::Unavailable);
    ASSERT_EQ(missed_.size(), 1U);
    EXPECT_NE(missed_[0].find("onnection refused"), std::string::npos) << missed_[0];
    submit([this](Connection&) {}).wait();
    away_ = false;
    EXPECT_EQ(ask("SELECT 1").get(), QueryEnd::Done);
}

TEST_F(QueryPoolTest, OutlivesWorkThatFails) {
    start();
    EXPECT_EQ(ask("SELECT no_such_column").get(), QueryEnd::Failed);
    EXPECT_EQ(submit([](Connection&) { throw std::runtime_error("broken"); }).get(), QueryEnd::Failed);
    EXPECT_EQ(ask("SELECT 1").get(), QueryEnd::Done);
}

TEST_F(QueryPoolTest, AnswersWhatWaitsWhenItStops) {
    auto first = ask("SELECT 1");
    auto second = ask("SELECT 2");
    pool_.stop();
    start();
    EXPECT_EQ(first.get(), QueryEnd::Cancelled);
    EXPECT_EQ(second.get(), QueryEnd::Cancelled);
    EXPECT_FALSE(pool_.submit([](Connection&) {}, [](QueryEnd) { FAIL(); }, true));
}

}  // namespace
}  // namespace apiary::collector
