#include "collector/rpc/collector_desk.hpp"

#include "collector/watch/notice_text.hpp"

#include <utility>
#include <vector>

namespace apiary::collector {
namespace {

constexpr std::chrono::seconds kLookEvery{1};

IncidentBook::Settings own(IncidentBook::Settings settings) {
    settings.ofTheCollector = true;
    return settings;
}

}  // namespace

CollectorDesk::CollectorDesk(FleetHub& hub, View view, Tell tell, IncidentBook::Settings settings,
                             std::string collector)
    : hub_(hub),
      view_(std::move(view)),
      tell_(std::move(tell)),
      collector_(std::move(collector)),
      book_(own(settings)) {}

void CollectorDesk::run() {
    for (;;) {
        work(std::chrono::system_clock::now());
        std::unique_lock lock(mutex_);
        if (stopped_.wait_for(lock, kLookEvery, [&] { return stopping_; })) {
            return;
        }
    }
}

void CollectorDesk::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    stopped_.notify_all();
}

void CollectorDesk::work(Time now) {
    auto troubles = rules_.judge(view_(), now);
    auto said = troubles;
    std::erase_if(said, [](const Trouble& trouble) { return trouble.key.subject == CollectorRules::kAwaySubject; });
    log_.say(said);
    const auto plan = book_.plan(troubles, now);
    hub_.setOwnTroubles(std::move(troubles));
    if (plan.heldBack > 0) {
        tell_(heldBackJson(plan.heldBack, plan.lasting, collector_), now);
    }
    for (const auto& change : plan.changes) {
        if (change.notice) {
            tell_(noticeJson(change.incident, collector_), now);
        }
    }
    book_.adopt(plan);
    heldBack_ += plan.withheld;
}

}  // namespace apiary::collector
