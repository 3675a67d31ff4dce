#include "collector/watch/collector_rules.hpp"

#include "collector/watch/trouble_words.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using Time = Trouble::Time;

constexpr std::size_t kMarks = 64;  // looks are a second apart
constexpr const char* kRefusesSubject = "refuses";
constexpr const char* kFullSubject = "full";
constexpr const char* kSlowSubject = "slow";
constexpr const char* kRetentionSubject = "retention";
constexpr const char* kWaits = "what is recorded waits at the sensors, as far as their spools have room";

std::string tenths(double seconds) {
    const auto number = std::llround(seconds * 10);
    return std::to_string(number / 10) + "." + std::to_string(number % 10) + " s";
}

TroubleKey keyOf(const std::string& subject) {
    return {.sensorId = kOfTheCollector, .kind = TroubleKind::Database, .service = {}, .subject = subject};
}

}  // namespace

/// Since when something is wrong without a break; nothing while it is not.
std::optional<Time> CollectorRules::since(bool wrong, std::optional<Time>& first, Time now) {
    first = wrong ? std::optional(std::min(first.value_or(now), now)) : std::nullopt;  // the clock may be set back
    return first;
}

/// A trouble that lasts is as old as when it was found first.
void CollectorRules::add(const std::string& subject, Severity severity, Time since, std::string brief,
                         std::string remedy) {
    auto key = keyOf(subject);
    const auto known = lasting_.find(key);
    found_.push_back({.key = std::move(key),
                      .sensor = {},
                      .severity = severity,
                      .since = known != lasting_.end() ? known->second.since : since,
                      .count = 0,
                      .brief = std::move(brief),
                      .remedy = std::move(remedy)});
}

void CollectorRules::away(const CollectorView& view, Time now) {
    if (const auto first = since(!view.answers, awaySince_, now); first && now - *first >= kAway) {
        add(kAwaySubject, Severity::Critical, *first,
            "the database does not answer since " + stamp(*first) + ", " + kWaits,
            "see that PostgreSQL runs and is reached (apiary-collector doctor)");
    }
    // Without room ingest asks for nothing, which is told as what it is.
    const bool refuses = view.answers && !view.takes && !view.lack;
    if (const auto first = since(refuses, refusedSince_, now); first && now - *first >= kAway) {
        add(kRefusesSubject, Severity::Critical, *first,
            "the database answers, but takes no records since " + stamp(*first) + ", " + kWaits,
            "the collector's log says what it answers; apiary-collector doctor looks for more");
    }
    if (view.lack) {
        add(kFullSubject, Severity::Critical, now, "no record is taken, " + std::string(kWaits), *view.lack);
    }
}

void CollectorRules::slow(const CollectorView& view, Time now) {
    if (!view.answers || !view.takes || view.lack) {
        marks_.clear();  // what was tried meanwhile says nothing
        stalledSince_.reset();
        return;
    }
    while (!marks_.empty() && (now - marks_.front().at > kRecent || marks_.size() > kMarks)) {
        marks_.pop_front();
    }
    const bool still = !marks_.empty() && marks_.back().transactions == view.transactions && view.waitingBytes > 0;
    marks_.push_back({.at = now, .transactions = view.transactions, .seconds = view.transactionSeconds});
    const auto stalled = since(still, stalledSince_, now);
    const auto count = view.transactions - marks_.front().transactions;
    const double mean =
        count == 0 ? 0 : (view.transactionSeconds - marks_.front().seconds) / static_cast<double>(count);
    const bool known = lasting_.contains(keyOf(kSlowSubject));
    const std::string remedy =
        "look for locks and long transactions (pg_stat_activity), and at the disk of the database";
    if (stalled && now - *stalled >= kStalled) {
        add(kSlowSubject, Severity::Grave, *stalled,
            "batches of sensors wait, and none was committed since " + stamp(*stalled), remedy);
    } else if (mean >= (known ? kQuick : kSlow)) {
        add(kSlowSubject, Severity::Warning, now,
            "the last minute's transactions took " + tenths(mean) + " each on the average", remedy);
    }
}

std::vector<Trouble> CollectorRules::judge(const CollectorView& view, Time now) {
    found_.clear();
    away(view, now);
    slow(view, now);
    if (view.kept) {
        add(kRetentionSubject, Severity::Grave, now, "old rows that should be gone are kept", *view.kept);
    }
    lasting_.clear();
    for (const Trouble& trouble : found_) {
        lasting_.emplace(trouble.key, trouble);
    }
    return std::exchange(found_, {});
}

}  // namespace apiary::collector
