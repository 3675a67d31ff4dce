#pragma once

#include "common/result.hpp"
#include "common/rpc/credentials.hpp"
#include "proto/apiary/v1/ingest.pb.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace apiary::agent {

/// One stream to the collector, over a connection of its own, from the attempt to its end. Keeps gRPC to itself.
///
/// Used by one thread; `wake` is called on gRPC's whenever there is something new to take, room to write, or the end.
/// At most one message is read ahead and one written at a time, so that both sides feel when the other is slow.
class IngestStream {
public:
    /// Begins to connect. An Error names the file that cannot be read. `wake` must not block.
    static Result<std::unique_ptr<IngestStream>> open(const std::string& address, const TlsIdentity& identity,
                                                      std::function<void()> wake);
    IngestStream(const IngestStream&) = delete;
    IngestStream& operator=(const IngestStream&) = delete;

    /// Cancels the stream if it has not ended, and waits until gRPC has let go of it. `wake` is not called any more
    /// afterwards.
    ~IngestStream();

    /// True if write() may be called: nothing is being written, and the stream has not ended.
    bool writable() const;
    void write(v1::FromSensor message);

    /// What the collector said next, if it said something.
    std::optional<v1::ToSensor> take();

    /// Why it ended, as a line for people; nothing while it lives. Take what is there to be taken first.
    std::optional<std::string> ended();

private:
    class Reactor;
    explicit IngestStream(std::unique_ptr<Reactor> reactor);

    std::unique_ptr<Reactor> reactor_;
};

}  // namespace apiary::agent
