#include "collector/store/stored_notices.hpp"

#include "collector/store/column_values.hpp"
#include "collector/watch/trouble.hpp"

#include <pqxx/except>
#include <pqxx/nontransaction>
#include <pqxx/result>

#include <utility>

namespace apiary::collector {
namespace {

// None waits for an hour: what seems to has been put off by a clock that was ahead then.
constexpr const char* kNext = R"(
    SELECT notice_id, body, tries, (extract(epoch FROM made_at) * 1000000)::bigint,
           next_try_at <= $3::timestamptz OR next_try_at > $3::timestamptz + interval '1 h'
      FROM apiary.notice WHERE collector_id = $1::smallint AND channel = $2 AND delivered_at IS NULL
       AND dropped_at IS NULL ORDER BY notice_id LIMIT 1)";

constexpr std::chrono::seconds kFirstPause{1};
constexpr std::chrono::seconds kLongestPause{8};

std::string momentText(NoticeQueue::Time at) {
    return collector::momentText(std::chrono::floor<std::chrono::microseconds>(at));
}

}  // namespace

StoredNotices::StoredNotices(std::string dsn, std::int16_t collectorId, std::string channel, Missed missed)
    : dsn_(std::move(dsn)),
      collectorId_(collectorId),
      channel_(std::move(channel)),
      missed_(std::move(missed)),
      pause_(kFirstPause, kLongestPause) {}

template <typename Use>
auto StoredNotices::with(Use use) {
    if (!connection_) {
        connection_ = std::make_unique<Connection>(dsn_, "apiary-collector notices");
    }
    try {
        pqxx::nontransaction direct(connection_->session());
        return use(direct);
    } catch (const pqxx::broken_connection&) {
        connection_.reset();
        throw;
    }
}

std::optional<QueuedNotice> StoredNotices::next(Time now) {
    if (failedAt_ && !hasPassed(wait_, *failedAt_, now)) {
        return std::nullopt;
    }
    try {
        auto notice = find(now);
        failedAt_.reset();
        pause_.worked();
        return notice;
    } catch (const std::exception& failure) {
        if (!saysNoDatabase(failure)) {
            throw;
        }
        failedAt_ = now;
        wait_ = pause_.afterFailure();
        missed_(failure.what());
        return std::nullopt;
    }
}

std::optional<QueuedNotice> StoredNotices::find(Time now) {
    return with([&](pqxx::transaction_base& direct) -> std::optional<QueuedNotice> {
        const auto rows = direct.exec_params(kNext, static_cast<int>(collectorId_), channel_, momentText(now));
        if (rows.empty() || !rows[0][4].as<bool>()) {
            return std::nullopt;
        }
        return QueuedNotice{.id = rows[0][0].as<std::int64_t>(),
                            .body = textOf(rows[0][1]),
                            .tries = static_cast<std::uint32_t>(countOf(rows[0][2])),
                            .madeAt = Time(std::chrono::microseconds(rows[0][3].as<std::int64_t>()))};
    });
}

void StoredNotices::delivered(std::int64_t id, Time now) {
    with([&](pqxx::transaction_base& direct) {
        direct.exec_params0(
            "UPDATE apiary.notice SET tries = tries + 1, problem = NULL, delivered_at = $2::timestamptz "
            "WHERE notice_id = $1::bigint",
            id, momentText(now));
    });
}

void StoredNotices::failed(std::int64_t id, Time tryAgainAt, const std::string& problem) {
    with([&](pqxx::transaction_base& direct) {
        direct.exec_params0(
            "UPDATE apiary.notice SET tries = tries + 1, problem = $3, next_try_at = $2::timestamptz "
            "WHERE notice_id = $1::bigint",
            id, momentText(tryAgainAt), problem);
    });
}

void StoredNotices::drop(std::int64_t id, Time now, const std::string& problem) {
    with([&](pqxx::transaction_base& direct) {
        direct.exec_params0(
            "UPDATE apiary.notice SET tries = tries + 1, problem = $3, dropped_at = $2::timestamptz "
            "WHERE notice_id = $1::bigint",
            id, momentText(now), problem);
    });
}

}  // namespace apiary::collector
