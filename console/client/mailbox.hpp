#pragma once

#include "common/rpc/reaction.hpp"

#include <QObject>

#include <functional>
#include <mutex>
#include <utility>

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
            // Qt's queue is as opaque to the thread sanitizer as gRPC is, and the seam must not be among what it
            // carries.
            Reaction::handOver(&seam_);
            std::function<void()> carried = [work = std::move(work)] {
                { const Reaction taken(&seam_); }
                work();
            };
            QMetaObject::invokeMethod(owner_, std::move(carried), Qt::QueuedConnection);
        }
    }

    void close() {
        const std::lock_guard lock(mutex_);
        owner_ = nullptr;
    }

private:
    inline static char seam_ = 0;

    std::mutex mutex_;
    QObject* owner_;
};

}  // namespace apiary::console
