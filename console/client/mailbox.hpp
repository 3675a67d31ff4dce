#pragma once

#include <QObject>

#include <functional>
#include <mutex>

namespace apiary::console {

/// Carries work from gRPC's threads to the thread of a QObject, until that object closes it.
///
/// The owner closes it in its destructor; what was posted and not yet run is dropped by Qt together with the owner.
/// Shared with every call under way, which may end later than the owner. Thread-safe.
class Mailbox {
public:
    explicit Mailbox(QObject* owner) : owner_(owner) {}

    void post(std::function<void()> work) {
        const std::lock_guard lock(mutex_);
        if (owner_ != nullptr) {
            QMetaObject::invokeMethod(owner_, std::move(work), Qt::QueuedConnection);
        }
    }

    void close() {
        const std::lock_guard lock(mutex_);
        owner_ = nullptr;
    }

private:
    std::mutex mutex_;
    QObject* owner_;
};

}  // namespace apiary::console
