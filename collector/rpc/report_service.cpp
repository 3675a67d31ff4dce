#include "collector/rpc/report_service.hpp"

#include "collector/rpc/live_stream.hpp"
#include "collector/rpc/served_call.hpp"
#include "collector/store/report_reader.hpp"
#include "proto/apiary/v1/report.grpc.pb.h"

#include <optional>
#include <utility>
#include <vector>

namespace apiary::collector {
namespace {

using grpc::CallbackServerContext;
using Reactor = grpc::ServerUnaryReactor;

constexpr std::uint32_t kMostLeaders = 300;  // all countries there are
constexpr std::uint32_t kMostRows = 1000;
constexpr std::size_t kMostName = 256;

template <typename Request>
Result<PageKey> pageKey(const Request& request) {
    if (request.before_id().empty()) {
        return PageKey{};
    }
    const auto before = Uuid::ofBytes(request.before_id());
    // The id says its own time; a key whose two halves differ was not made from a row.
    if (!before ||
        static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::microseconds>(before->time().time_since_epoch()).count()) !=
            request.before_us()) {
        return Error{"the key of a page is the start and the id of the last row of the page before"};
    }
    return PageKey{before};
}

class ReportService final : public v1::Report::CallbackService {
public:
    ReportService(LiveFeed& feed, QueryPool& pool, Ticker& ticker, std::shared_ptr<const RevokedOperators> revoked,
                  Clock clock)
        : feed_(feed), pool_(pool), ticker_(ticker), revoked_(std::move(revoked)), clock_(std::move(clock)) {}

    Reactor* Totals(CallbackServerContext* context, const v1::TotalsRequest* request, v1::TotalsReply* reply) override {
        return scoped(context, request->scope(),
                      [compare = request->compare(), reply](ReportReader& reader, const ReportScope& scope) {
                          *reply = reader.totals(scope, compare);
                          return grpc::Status::OK;
                      });
    }

    Reactor* Series(CallbackServerContext* context, const v1::SeriesRequest* request, v1::SeriesReply* reply) override {
        return scoped(context, request->scope(),
                      [asked = request->step_us(), field = request->field(), reply](ReportReader& reader,
                                                                                    const ReportScope& scope) {
                          const auto step = chooseStep(scope, asked);
                          if (!step) {
                              return invalid(step.error());
                          }
                          if (field < v1::SERIES_FIELD_SESSIONS || field > v1::SERIES_FIELD_NEW_SOURCES) {
                              return invalid("a series is of sessions, credentials, sources or new sources");
                          }
                          *reply = reader.series(scope, *step, field);
                          return grpc::Status::OK;
                      });
    }

    Reactor* TopN(CallbackServerContext* context, const v1::TopNRequest* request, v1::TopNReply* reply) override {
        const auto field = request->field();
        const auto limit = request->limit();
        return scoped(
            context, request->scope(),
            [field, limit, compare = request->compare(), reply](ReportReader& reader, const ReportScope& scope) {
                if (field <= v1::TOP_FIELD_UNSPECIFIED || field > v1::TOP_FIELD_TOOL) {
                    return invalid(
                        "name what is to be counted: source, credential, protocol, port, sensor, "
                        "country, command, artifact, network or tool");
                }
                if (limit < 1 || limit > kMostLeaders) {
                    return invalid("ask for 1 to 300 entries");
                }
                *reply = reader.top(scope, field, limit, compare);
                return grpc::Status::OK;
            });
    }

    Reactor* ListSessions(CallbackServerContext* context, const v1::ListSessionsRequest* request,
                          v1::ListSessionsReply* reply) override {
        const auto limit = request->limit();
        const auto key = pageKey(*request);
        const auto filter = parseSessionFilter(request->filter());
        return scoped(context, request->scope(),
                      [key, filter, limit, reply](ReportReader& reader, const ReportScope& scope) {
                          if (!filter) {
                              return invalid(filter.error());
                          }
                          if (!key) {
                              return invalid(key.error());
                          }
                          if (limit < 1 || limit > kMostRows) {
                              return invalid("ask for 1 to 1,000 rows");
                          }
                          *reply = reader.listSessions(scope, *key, limit, *filter);
                          return grpc::Status::OK;
                      });
    }

    Reactor* CountSessions(CallbackServerContext* context, const v1::CountSessionsRequest* request,
                           v1::CountSessionsReply* reply) override {
        return scoped(
            context, request->scope(),
            [filter = parseSessionFilter(request->filter()), reply](ReportReader& reader, const ReportScope& scope) {
                if (!filter) {
                    return invalid(filter.error());
                }
                *reply = reader.count(scope, *filter);
                return grpc::Status::OK;
            });
    }

    Reactor* GetSession(CallbackServerContext* context, const v1::GetSessionRequest* request,
                        v1::SessionDetail* reply) override {
        return reading(context, [id = Uuid::ofBytes(request->session_id()), reply](ReportReader& reader) {
            if (!id) {
                return invalid("the id of a session has 16 bytes");
            }
            auto detail = reader.session(*id);
            if (!detail) {
                return grpc::Status(grpc::StatusCode::NOT_FOUND,
                                    "there is no such session, or it is older than what is kept");
            }
            *reply = *std::move(detail);
            return grpc::Status::OK;
        });
    }

    Reactor* ListOpen(CallbackServerContext* context, const v1::ListOpenRequest* request,
                      v1::ListOpenReply* reply) override {
        v1::Scope wanted;
        *wanted.mutable_sensor_ids() = request->sensor_ids();
        *wanted.mutable_protocols() = request->protocols();
        *wanted.mutable_traffic() = request->traffic();
        const auto limit = request->limit();
        return reading(context, [scope = parseFilter(wanted), limit, reply](ReportReader& reader) {
            if (!scope) {
                return invalid(scope.error());
            }
            if (limit < 1 || limit > kMostRows) {
                return invalid("ask for 1 to 1,000 rows");
            }
            *reply = reader.listOpen(*scope, limit);
            return grpc::Status::OK;
        });
    }

    Reactor* Activity(CallbackServerContext* context, const v1::ActivityRequest* request,
                      v1::ActivityReply* reply) override {
        return scoped(context, request->scope(), [reply](ReportReader& reader, const ReportScope& scope) {
            *reply = reader.activity(scope);
            return grpc::Status::OK;
        });
    }

    Reactor* ListProbes(CallbackServerContext* context, const v1::ListProbesRequest* request,
                        v1::ListProbesReply* reply) override {
        return scoped(context, request->scope(),
                      [key = pageKey(*request), tool = request->tool(), limit = request->limit(), reply](
                          ReportReader& reader, const ReportScope& scope) {
                          if (!key) {
                              return invalid(key.error());
                          }
                          if (tool.empty() || tool.size() > kMostName || tool.find('\0') != std::string::npos) {
                              return invalid("name the tool whose probes are meant, as the list of scan tools does");
                          }
                          if (limit < 1 || limit > kMostRows) {
                              return invalid("ask for 1 to 1,000 rows");
                          }
                          *reply = reader.listProbes(scope, tool, *key, limit);
                          return grpc::Status::OK;
                      });
    }

    grpc::ServerWriteReactor<v1::LiveBatch>* Watch(CallbackServerContext* context,
                                                   const v1::WatchRequest* request) override {
        auto peer = peerOf(*context, clock_());
        if (const auto allowed = requireRole(peer, Role::Viewer, *revoked_); !allowed.ok()) {
            return refuse<v1::LiveBatch>(allowed);
        }
        auto scope = parseFilter(request->scope());
        if (!scope) {
            return refuse<v1::LiveBatch>(invalid(scope.error()));
        }
        return LiveStream::start(
            std::make_shared<LiveStream>(*std::move(peer), revoked_, *std::move(scope), feed_, pool_), ticker_);
    }

private:
    /// Answers from a reader, on a thread that may wait.
    template <typename Read>
    Reactor* reading(CallbackServerContext* context, Read read) {
        if (const auto allowed = requireRole(peerOf(*context, clock_()), Role::Viewer, *revoked_); !allowed.ok()) {
            return answer(context, allowed);
        }
        return QueryCall::start(
            pool_,
            [read = std::move(read)](Connection& connection) {
                ReportReader reader(connection);
                return read(reader);
            },
            true);
    }

    template <typename Read>
    Reactor* scoped(CallbackServerContext* context, const v1::Scope& wanted, Read read) {
        return reading(context, [scope = parseScope(wanted), read = std::move(read)](ReportReader& reader) {
            try {
                return scope ? read(reader, *scope) : invalid(scope.error());
            } catch (const RowsGone& gone) {
                return grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, gone.what());
            }
        });
    }

    LiveFeed& feed_;
    QueryPool& pool_;
    Ticker& ticker_;
    const std::shared_ptr<const RevokedOperators> revoked_;
    const Clock clock_;
};

}  // namespace

std::unique_ptr<grpc::Service> makeReportService(LiveFeed& feed, QueryPool& pool, Ticker& ticker,
                                                 std::shared_ptr<const RevokedOperators> revoked, Clock clock) {
    return std::make_unique<ReportService>(feed, pool, ticker, std::move(revoked), std::move(clock));
}

}  // namespace apiary::collector
