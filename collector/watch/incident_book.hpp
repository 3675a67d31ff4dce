#pragma once

#include "collector/watch/trouble.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace apiary::collector {

/// What people are told.
enum class NoticeEvent : std::uint8_t { Began, Lasts, Ended, HeldBack, Test };

/// A trouble as it is kept: from its beginning until it has been over, and told, for the interval of notices. One that
/// comes back before is the same incident.
struct Incident {
    using Time = Trouble::Time;

    std::int64_t id = 0;      // in the database; 0: not yet there
    Trouble trouble;          // as last seen
    std::uint64_t times = 1;  // how often it began
    bool lasting = true;
    std::optional<Time> endedAt{};
    bool changed = true;  // something is yet to be told
    std::optional<NoticeEvent> told{};
    Time toldAt{};
};

/// How many notices there were in the hour that began at `hourAt`, and how many more there would have been.
struct NoticeAllowance {
    Trouble::Time hourAt;
    std::uint32_t sent = 0;
    std::uint32_t held = 0;
    friend bool operator==(const NoticeAllowance&, const NoticeAllowance&) = default;
};

/// What is to be stored, together or not at all.
struct IncidentPlan {
    enum class Act : std::uint8_t { Opened, Reopened, Closed, Noted, Forgotten };  // Noted: only the telling changed

    struct Change {
        Act act = Act::Noted;
        Incident incident;    // as it is then; the store sets the id of one that is opened
        bool notice = false;  // incident.told is to be sent
    };

    std::vector<Change> changes;
    NoticeAllowance allowance;
    std::map<std::int32_t, std::uint32_t> sentOf;  // of allowance.sent, by sensor
    std::uint32_t heldBack = 0;                    // if not 0: say that so many notices were held back
    std::uint32_t withheld = 0;                    // notices that this plan itself holds back
    std::size_t lasting = 0;                       // how many troubles last
    bool empty() const { return changes.empty() && heldBack == 0; }
};

/// Makes incidents of troubles, and decides what is told of them: one notice when a trouble begins and one when it
/// ends; of one that comes and goes, or costs more and more, at most one more in each interval, with the count; and no
/// more in an hour than allowed, for all together. A sensor in bad hands may report whatever it likes: three quarters
/// of the hour's notices can be of one sensor, and so many incidents. No I/O, no clock of its own. For one thread.
class IncidentBook {
public:
    using Time = Trouble::Time;

    static constexpr std::size_t kMostOfOne =
        1000;  // incidents of one sensor that last, or are told within the interval

    struct Settings {
        std::chrono::milliseconds every = std::chrono::minutes(30);
        std::uint32_t mostPerHour = 60;
        bool notices = true;          // false: nobody is told
        bool ofTheCollector = false;  // nobody is told of its own troubles: another book's, which needs no database
    };

    explicit IncidentBook(Settings settings) : settings_(settings) {}

    /// Takes over what is stored. What was known before is dropped.
    void load(std::vector<Incident> incidents, NoticeAllowance allowance);

    /// What follows from these troubles; changes nothing here.
    IncidentPlan plan(std::span<const Trouble> troubles, Time now) const;

    /// Takes a plan as carried out.
    void adopt(const IncidentPlan& plan);

private:
    std::optional<NoticeEvent> due(const Incident& incident, Time now) const;
    void tell(IncidentPlan::Change& change, IncidentPlan& plan, Time now) const;
    std::map<std::int32_t, std::size_t> kept() const;

    const Settings settings_;
    std::map<TroubleKey, Incident> incidents_;
    NoticeAllowance allowance_;
    std::map<std::int32_t, std::uint32_t> sentOf_;
};

}  // namespace apiary::collector
