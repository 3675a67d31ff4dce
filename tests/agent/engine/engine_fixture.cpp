#include "tests/agent/engine/engine_fixture.hpp"

#include <algorithm>

namespace apiary::agent::test {

void EngineFixture::restart(EngineSettings settings) {
    end();
    engine_ = std::make_unique<Engine>(settings, recording_);
    for (std::size_t i = 0; i < settings.threads; ++i) {
        threads_.emplace_back([this, i] { engine_->run(i); });
    }
}

std::size_t EngineFixture::end(std::chrono::milliseconds deadline) {
    const std::size_t left = engine_ ? engine_->shutDown(deadline) : 0;
    for (std::thread& thread : threads_) {
        thread.join();
    }
    threads_.clear();
    engine_.reset();
    return left;
}

ServiceSpec EngineFixture::spec(const Module& module) {
    ServiceSpec spec;
    spec.name = "drill";
    spec.module = &module;
    spec.prepared = *prepare(module);
    spec.listens = {loopback()};
    spec.admission.waiting = Millis(0);
    return spec;
}

Endpoint EngineFixture::serve(ServiceSpec service) {
    const std::string name = service.name;
    const Status started = engine_->start(std::move(service));
    EXPECT_TRUE(started) << (started ? "" : started.error());
    const auto listens = view(name).listens;
    return listens.empty() ? Endpoint{} : listens.front();
}

ServiceView EngineFixture::view(const std::string& name) const {
    const auto views = engine_->services();
    const auto found = std::ranges::find(views, name, &ServiceView::name);
    return found == views.end() ? ServiceView{} : *found;
}

Client EngineFixture::greeted(const Endpoint& where) {
    Client client(where);
    EXPECT_EQ(client.readLine(), "hello\r\n");
    return client;
}

}  // namespace apiary::agent::test
