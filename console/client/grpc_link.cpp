#include "console/client/grpc_link.hpp"

#include "console/client/calls_under_way.hpp"
#include "console/client/failure_words.hpp"
#include "console/client/from_wire.hpp"
#include "console/client/retry_delay.hpp"
#include "console/client/stream_reader.hpp"
#include "proto/apiary/v1/fleet.grpc.pb.h"
#include "proto/apiary/v1/report.grpc.pb.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QRandomGenerator>
#include <grpcpp/channel.h>

#include <thread>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

struct Stubs {
    std::shared_ptr<grpc::ChannelInterface> channel;
    std::unique_ptr<v1::Report::Stub> report;
    std::unique_ptr<v1::Fleet::Stub> fleet;
};

namespace {

constexpr std::chrono::milliseconds kStopPatience{500};
constexpr std::chrono::milliseconds kFirstAnswer{5'000};

qint64 nowUs() {
    return QDateTime::currentMSecsSinceEpoch() * 1000;
}

/// A reply as it goes to the GUI thread: a model's value where there is one, otherwise the message itself.
template <typename Reply>
auto valueOf(const Reply& reply) {
    if constexpr (requires { fromWire(reply); }) {
        return fromWire(reply);
    } else {
        return reply;
    }
}

/// What a unary call needs until it has ended; it owns itself from begin() until then.
template <typename Request, typename Reply>
struct Unary {
    std::shared_ptr<Stubs> stubs;
    std::shared_ptr<CallsUnderWay> calls;
    std::shared_ptr<grpc::ClientContext> context = std::make_shared<grpc::ClientContext>();
    Request request;
    Reply reply;
    std::function<void(const grpc::Status& status, const Reply& reply)> ended;  // in a thread of gRPC
    std::shared_ptr<Unary> self;

    /// `start` calls the stub with the arguments that it is given.
    template <typename Start>
    static void begin(const std::shared_ptr<Unary>& call, Start start) {
        call->self = call;
        call->calls->begin(call->context);
        Reaction::handOver(call.get());
        start(*call->stubs, call->context.get(), &call->request, &call->reply,
              [raw = call.get()](const grpc::Status& status) { raw->end(status); });
    }

private:
    void end(const grpc::Status& status) {
        std::shared_ptr<CallsUnderWay> underWay;
        std::shared_ptr<grpc::ClientContext> which;
        {
            const Reaction reaction(this);
            ended(status, reply);
            underWay = calls;
            which = context;
        }
        std::exchange(self, nullptr).reset();  // before who waits for the calls drops the channel
        underWay->end(which);
    }
};

}  // namespace

GrpcLink::GrpcLink(Settings settings, QObject* parent)
    : CollectorLink(parent),
      settings_(std::move(settings)),
      mailbox_(std::make_shared<Mailbox>(this)),
      calls_(std::make_shared<CallsUnderWay>()) {
    state_.collector = QString::fromStdString(settings_.address);
    state_.sinceUs = nowUs();
    if (!settings_.chance) {
        settings_.chance = [] { return QRandomGenerator::global()->generateDouble(); };
    }
    retry_.setSingleShot(true);
    silence_.setSingleShot(true);
    connect(&retry_, &QTimer::timeout, this, &GrpcLink::connectNow);
    connect(&silence_, &QTimer::timeout, this, [this] {
        ended(epoch_, {LinkState::Kind::Lost,
                       state_.live() ? u"the collector has been silent for %1 s"_s.arg(settings_.silence.count() / 1000)
                                     : u"no answer within %1 s"_s.arg(kFirstAnswer.count() / 1000),
                       {}});
    });
}

GrpcLink::~GrpcLink() {
    stop();
    mailbox_->close();
    QCoreApplication::removePostedEvents(this);  // what was posted holds the calls that it came from
    // A call that has ended lets its channel go within microseconds.
    const auto until = std::chrono::steady_clock::now() + kStopPatience;
    for (dropChannels(); !channels_.empty() && std::chrono::steady_clock::now() < until; dropChannels()) {
        std::this_thread::yield();
    }
    if (!channels_.empty()) {
        // A call hangs: its memory is given up rather than freed twice.
        [[maybe_unused]] const auto* givenUp = std::make_unique<decltype(channels_)>(std::move(channels_)).release();
    }
}

void GrpcLink::start() {
    stopped_ = false;
    connectNow();
}

void GrpcLink::stop() {
    stopped_ = true;
    ++epoch_;
    retry_.stop();
    silence_.stop();
    calls_->cancelAll();
    calls_->wait(kStopPatience);
    stubs_.reset();
}

/// Lets those go that no call holds any more.
void GrpcLink::dropChannels() {
    std::erase_if(channels_, [](const auto& channel) { return channel.use_count() == 1; });
}

void GrpcLink::retryNow() {
    if (!stopped_ && !state_.live() && stubs_ == nullptr) {
        retry_.stop();
        state_.attempt = 0;
        connectNow();
    }
}

void GrpcLink::connectNow() {
    ++epoch_;
    if (state_.kind != LinkState::Kind::Lost) {
        enter(LinkState::Kind::Connecting, {}, {});
    } else {
        state_.retryAtUs = 0;  // now
        Q_EMIT stateChanged(state_);
    }
    auto stubs = std::make_shared<Stubs>();
    if (settings_.channel) {
        stubs->channel = settings_.channel();
    } else {
        if (const auto wrong = checkFiles(settings_.identity)) {
            ended(epoch_, *wrong);
            return;
        }
        auto channel = openChannel(settings_.address, settings_.identity);
        if (!channel) {
            ended(epoch_, {LinkState::Kind::Certificate, QString::fromStdString(channel.error()), {}});
            return;
        }
        stubs->channel = *std::move(channel);
    }
    dropChannels();
    channels_.push_back(stubs->channel);
    stubs->report = v1::Report::NewStub(stubs->channel);
    stubs->fleet = v1::Fleet::NewStub(stubs->channel);
    stubs_ = std::move(stubs);
    silence_.start(kFirstAnswer);
    openStreams();
}

void GrpcLink::openStreams() {
    using LiveReader = StreamReader<v1::LiveBatch, LiveBatch>;
    using FleetReader = StreamReader<v1::FleetState, QList<Sensor>>;
    const quint64 epoch = epoch_;
    const auto finish = [this, epoch, stubs = stubs_](const grpc::Status& status) {
        ended(epoch, explainEnd(settings_.address, settings_.identity, status));
    };
    const auto live = std::make_shared<LiveReader>(
        mailbox_, calls_, std::make_shared<grpc::ClientContext>(),
        LiveReader::Steps{.convert = [](const v1::LiveBatch& batch) { return fromWire(batch); },
                          .merge = [](LiveBatch& pending, LiveBatch&& next) { merge(pending, std::move(next)); },
                          .deliver =
                              [this, epoch](const LiveBatch& batch) {
                                  heard(epoch);
                                  if (epoch == epoch_) {
                                      Q_EMIT happened(batch);
                                  }
                              },
                          .ended = finish});
    LiveReader::start(live, [&](grpc::ClientContext* context, LiveReader* reader) {
        static const v1::WatchRequest kAll = [] {
            v1::WatchRequest all;
            for (const char* traffic : {"attack", "known-scanner", "self-test"}) {
                all.mutable_scope()->add_traffic(traffic);
            }
            return all;
        }();
        stubs_->report->async()->Watch(context, &kAll, reader);
    });
    const auto fleet = std::make_shared<FleetReader>(
        mailbox_, calls_, std::make_shared<grpc::ClientContext>(),
        FleetReader::Steps{.convert = [](const v1::FleetState& state) { return fromWire(state); },
                           .merge = [](QList<Sensor>& pending, QList<Sensor>&& next) { pending = std::move(next); },
                           .deliver =
                               [this, epoch](const QList<Sensor>& sensors) {
                                   heard(epoch);
                                   if (epoch == epoch_) {
                                       Q_EMIT fleetArrived(sensors);
                                   }
                               },
                           .ended = finish});
    FleetReader::start(fleet, [&](grpc::ClientContext* context, FleetReader* reader) {
        static const v1::ListSensorsRequest kAll;
        stubs_->fleet->async()->WatchFleet(context, &kAll, reader);
    });
}

void GrpcLink::heard(quint64 epoch) {
    if (epoch != epoch_ || stopped_) {
        return;
    }
    silence_.start(settings_.silence);
    if (!state_.live()) {
        state_.attempt = 0;
        enter(LinkState::Kind::Live, {}, {});
    }
}

void GrpcLink::ended(quint64 epoch, const Failure& failure) {
    if (epoch != epoch_ || stopped_) {
        return;
    }
    ++epoch_;
    silence_.stop();
    calls_->cancelAll();
    stubs_.reset();
    ++state_.attempt;
    if (failure.kind == LinkState::Kind::Lost) {
        const auto pause = retryDelay(state_.attempt, settings_.chance());
        state_.retryAtUs = nowUs() + std::chrono::microseconds(pause).count();
        retry_.start(pause);
    } else {
        state_.retryAtUs = 0;
    }
    enter(failure.kind, failure.reason, failure.advice);
}

void GrpcLink::enter(LinkState::Kind kind, const QString& reason, const QString& advice) {
    if (kind != state_.kind) {
        state_.sinceUs = nowUs();
    }
    state_.kind = kind;
    state_.reason = reason;
    state_.advice = advice;
    Q_EMIT stateChanged(state_);
}

template <typename Request, typename Reply, typename Begin, typename Answer>
void GrpcLink::call(quint64 number, Request request, Begin begin, Answer answer) {
    if (stubs_ == nullptr) {
        // Never before the caller is back: it may not have noted the number yet.
        QMetaObject::invokeMethod(
            this, [this, number] { Q_EMIT failed(number, u"The collector is not connected."_s); },
            Qt::QueuedConnection);
        return;
    }
    const auto unary = std::make_shared<Unary<Request, Reply>>();
    unary->stubs = stubs_;
    unary->calls = calls_;
    unary->request = std::move(request);
    unary->context->set_deadline(std::chrono::system_clock::now() + settings_.callDeadline);
    unary->ended = [this, number, answer, mailbox = mailbox_, address = settings_.address](const grpc::Status& status,
                                                                                           const Reply& reply) {
        if (status.ok()) {
            mailbox->post([this, number, answer, value = valueOf(reply)] { answer(number, value); });
        } else {
            mailbox->post([this, number, words = explainCall(address, status)] { Q_EMIT failed(number, words); });
        }
    };
    Unary<Request, Reply>::begin(unary, begin);
}

void GrpcLink::askTotals(quint64 number, const Scope& scope) {
    v1::TotalsRequest request;
    *request.mutable_scope() = toWire(scope);
    request.set_compare(true);
    call<v1::TotalsRequest, v1::TotalsReply>(
        number, std::move(request),
        [](Stubs& stubs, auto... rest) { stubs.report->async()->Totals(std::move(rest)...); },
        [this](quint64 n, const ComparedTotals& totals) { Q_EMIT totalsArrived(n, totals.now, totals.before); });
}

void GrpcLink::askSeries(quint64 number, const Scope& scope, SeriesField field) {
    v1::SeriesRequest request;
    *request.mutable_scope() = toWire(scope);
    request.set_field(toWire(field));
    request.set_step_us(stepUs(scope, field));
    call<v1::SeriesRequest, v1::SeriesReply>(
        number, std::move(request),
        [](Stubs& stubs, auto... rest) { stubs.report->async()->Series(std::move(rest)...); },
        [this](quint64 n, const Series& series) { Q_EMIT seriesArrived(n, series); });
}

void GrpcLink::askTop(quint64 number, const Scope& scope, TopField field, int limit) {
    v1::TopNRequest request;
    *request.mutable_scope() = toWire(scope);
    request.set_field(toWire(field));
    request.set_limit(static_cast<std::uint32_t>(limit));
    request.set_compare(true);
    call<v1::TopNRequest, v1::TopNReply>(
        number, std::move(request), [](Stubs& stubs, auto... rest) { stubs.report->async()->TopN(std::move(rest)...); },
        [this](quint64 n, const QList<TopEntry>& entries) { Q_EMIT topArrived(n, entries); });
}

void GrpcLink::askActivity(quint64 number, const Scope& scope) {
    v1::ActivityRequest request;
    *request.mutable_scope() = toWire(scope);
    call<v1::ActivityRequest, v1::ActivityReply>(
        number, std::move(request),
        [](Stubs& stubs, auto... rest) { stubs.report->async()->Activity(std::move(rest)...); },
        [this](quint64 n, const Activity& activity) { Q_EMIT activityArrived(n, activity); });
}

void GrpcLink::askSessions(quint64 number, const Scope& scope, const SessionFilter& filter, const SessionKey& before,
                           int limit) {
    v1::ListSessionsRequest request;
    *request.mutable_scope() = toWire(scope);
    *request.mutable_filter() = toWire(filter);
    request.set_limit(static_cast<std::uint32_t>(limit));
    request.set_before_us(static_cast<std::uint64_t>(before.startedUs));
    request.set_before_id(before.id.toStdString());
    call<v1::ListSessionsRequest, v1::ListSessionsReply>(
        number, std::move(request),
        [](Stubs& stubs, auto... rest) { stubs.report->async()->ListSessions(std::move(rest)...); },
        [this](quint64 n, const SessionPage& page) { Q_EMIT sessionsArrived(n, page); });
}

void GrpcLink::askCount(quint64 number, const Scope& scope, const SessionFilter& filter) {
    v1::CountSessionsRequest request;
    *request.mutable_scope() = toWire(scope);
    *request.mutable_filter() = toWire(filter);
    call<v1::CountSessionsRequest, v1::CountSessionsReply>(
        number, std::move(request),
        [](Stubs& stubs, auto... rest) { stubs.report->async()->CountSessions(std::move(rest)...); },
        [this](quint64 n, const SessionCount& count) { Q_EMIT countArrived(n, count); });
}

void GrpcLink::askProbes(quint64 number, const Scope& scope, const QString& tool, const SessionKey& before, int limit) {
    v1::ListProbesRequest request;
    *request.mutable_scope() = toWire(scope);
    request.set_tool(tool.toStdString());
    request.set_limit(static_cast<std::uint32_t>(limit));
    request.set_before_us(static_cast<std::uint64_t>(before.startedUs));
    request.set_before_id(before.id.toStdString());
    call<v1::ListProbesRequest, v1::ListProbesReply>(
        number, std::move(request),
        [](Stubs& stubs, auto... rest) { stubs.report->async()->ListProbes(std::move(rest)...); },
        [this](quint64 n, const ProbePage& page) { Q_EMIT probesArrived(n, page); });
}

void GrpcLink::askSession(quint64 number, const QByteArray& id) {
    v1::GetSessionRequest request;
    request.set_session_id(id.toStdString());
    call<v1::GetSessionRequest, v1::SessionDetail>(
        number, std::move(request),
        [](Stubs& stubs, auto... rest) { stubs.report->async()->GetSession(std::move(rest)...); },
        [this](quint64 n, const SessionDetail& detail) { Q_EMIT sessionArrived(n, detail); });
}

void GrpcLink::askOpen(quint64 number, const Scope& scope, int limit) {
    const v1::Scope wire = toWire(scope);
    v1::ListOpenRequest request;
    request.set_limit(static_cast<std::uint32_t>(limit));
    *request.mutable_sensor_ids() = wire.sensor_ids();
    *request.mutable_protocols() = wire.protocols();
    *request.mutable_traffic() = wire.traffic();
    call<v1::ListOpenRequest, v1::ListOpenReply>(
        number, std::move(request),
        [](Stubs& stubs, auto... rest) { stubs.report->async()->ListOpen(std::move(rest)...); },
        [this](quint64 n, const OpenSessions& open) { Q_EMIT openArrived(n, open); });
}

void GrpcLink::switchService(quint64 number, qint32 sensorId, const QString& service, bool on) {
    v1::SwitchServiceRequest request;
    request.set_sensor_id(sensorId);
    request.set_service(service.toStdString());
    request.set_on(on);
    call<v1::SwitchServiceRequest, v1::SwitchServiceReply>(
        number, std::move(request),
        [](Stubs& stubs, auto... rest) { stubs.fleet->async()->SwitchService(std::move(rest)...); },
        [this](quint64 n, const v1::SwitchServiceReply& reply) { Q_EMIT wishStored(n, reply.version()); });
}

}  // namespace apiary::console
