#pragma once

#include "common/rpc/credentials.hpp"
#include "console/client/mailbox.hpp"
#include "console/model/collector_link.hpp"

#include <QTimer>

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace grpc {
class ChannelInterface;
}

namespace apiary::console {

class CallsUnderWay;
struct Failure;
struct Stubs;

/// The link over gRPC with mTLS. Two streams stand for the connection: the live feed and the fleet's state; it is live
/// from the first message on, and lost when one of them ends or both are silent for 15 s. Lives in the GUI thread;
/// gRPC's own threads read, convert and post.
class GrpcLink final : public CollectorLink {
    Q_OBJECT

public:
    struct Settings {
        std::string address;  // host:port
        TlsIdentity identity;
        std::chrono::milliseconds callDeadline{5'000};
        std::chrono::milliseconds silence{15'000};
        /// Makes the channel of each attempt; empty: openChannel() over mTLS with the identity.
        std::function<std::shared_ptr<grpc::ChannelInterface>()> channel;
        /// In [0, 1), for the pause between attempts.
        std::function<double()> chance;
    };

    explicit GrpcLink(Settings settings, QObject* parent = nullptr);
    ~GrpcLink() override;

    LinkState state() const override { return state_; }
    void start() override;
    void stop() override;
    void retryNow() override;

    void askTotals(quint64 number, const Scope& scope) override;
    void askSeries(quint64 number, const Scope& scope, SeriesField field) override;
    void askTop(quint64 number, const Scope& scope, TopField field, int limit) override;
    void askActivity(quint64 number, const Scope& scope) override;
    void askSessions(quint64 number, const Scope& scope, const SessionFilter& filter, const SessionKey& before,
                     int limit) override;
    void askCount(quint64 number, const Scope& scope, const SessionFilter& filter) override;
    void askProbes(quint64 number, const Scope& scope, const QString& tool, const SessionKey& before,
                   int limit) override;
    void askSession(quint64 number, const QByteArray& id) override;
    void askOpen(quint64 number, const Scope& scope, int limit) override;
    void switchService(quint64 number, qint32 sensorId, const QString& service, bool on) override;

private:
    void connectNow();
    void dropChannels();
    void openStreams();
    void heard(quint64 epoch);
    void ended(quint64 epoch, const Failure& failure);
    void enter(LinkState::Kind kind, const QString& reason, const QString& advice);
    /// Starts a call with a deadline; `answer` runs here with the reply, or failed() is emitted.
    template <typename Request, typename Reply, typename Begin, typename Answer>
    void call(quint64 number, Request request, Begin begin, Answer answer);

    Settings settings_;
    LinkState state_;
    std::shared_ptr<Mailbox> mailbox_;
    std::shared_ptr<CallsUnderWay> calls_;
    std::shared_ptr<Stubs> stubs_;  // of this attempt; shared with its calls
    /// Of all attempts whose calls may not be gone yet. With a channel go gRPC's callback threads, and one of them
    /// would have to wait for itself: so no call may be its last owner.
    std::vector<std::shared_ptr<grpc::ChannelInterface>> channels_;
    quint64 epoch_ = 0;  // of the attempt: events of older ones are dropped
    QTimer retry_;
    QTimer silence_;
    bool stopped_ = true;
};

}  // namespace apiary::console
