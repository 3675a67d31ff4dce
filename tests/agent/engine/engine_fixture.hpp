#pragma once

#include "agent/engine/engine.hpp"
#include "tests/agent/engine/client.hpp"
#include "tests/agent/engine/drill.hpp"
#include "tests/agent/engine/recording.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace apiary::agent::test {

/// An engine that runs, and services of the drill on it.
class EngineFixture : public testing::Test {
protected:
    EngineFixture() { restart({}); }
    ~EngineFixture() override { end(); }

    /// Begins again with an engine of other settings.
    void restart(EngineSettings settings);

    /// Stops it; returns how many sessions had not ended.
    std::size_t end(std::chrono::milliseconds deadline = std::chrono::seconds(5));

    /// A service "drill" on 127.0.0.1, any port, with no waiting time.
    static ServiceSpec spec(const Module& module = drill);

    /// Starts it and returns where it listens.
    Endpoint serve(ServiceSpec service);
    ServiceView view(const std::string& name = "drill") const;

    /// Connects and takes the greeting.
    static Client greeted(const Endpoint& where);

    Recording recording_;
    std::unique_ptr<Engine> engine_;

private:
    std::vector<std::thread> threads_;
};

}  // namespace apiary::agent::test
