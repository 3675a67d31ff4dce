#include "common/process/crew.hpp"

#include "common/log/log.hpp"
#include "common/process/signals.hpp"

#include <exception>
#include <pthread.h>
#include <string>
#include <utility>

namespace apiary {

void Crew::add(const char* name, std::function<void()> body) {
    threads_.emplace_back([this, name, body = std::move(body)] {
        pthread_setname_np(pthread_self(), name);
        try {
            body();
        } catch (const std::exception& error) {
            log::error(std::string("the ") + name + " thread failed, the program ends: " + error.what());
            failed_ = true;
            askToEnd();
        }
    });
}

void Crew::join() {
    for (std::thread& thread : threads_) {
        thread.join();
    }
    threads_.clear();
}

}  // namespace apiary
