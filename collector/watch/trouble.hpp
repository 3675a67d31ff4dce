#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace apiary::collector {

/// What can be wrong with a sensor or one of its services, or with the collector itself.
enum class TroubleKind : std::uint8_t {
    SensorSilent,   ///< was connected before, and nothing is heard of it
    ServiceSilent,  ///< no session for longer than its own history explains
    OneSource,      ///< nearly all sessions come from one address next to us: the clients' addresses are wrong
    Clock,          ///< its clock is off
    Limit,          ///< something bounded is full, nearly full, will be, or has cost something
    SelfTest,       ///< the agent's own visit to the service failed
    Egress,         ///< an outgoing connection was refused by the kernel
    Quarantine,     ///< records of it were put aside, or not even that
    Ledger,         ///< what it sends contradicts what it sent before
    Database,       ///< the collector's: it is away, full, slow, takes nothing, or keeps what should go
};
inline constexpr std::array kTroubleKinds{TroubleKind::SensorSilent, TroubleKind::ServiceSilent, TroubleKind::OneSource,
                                          TroubleKind::Clock,        TroubleKind::Limit,         TroubleKind::SelfTest,
                                          TroubleKind::Egress,       TroubleKind::Quarantine,    TroubleKind::Ledger,
                                          TroubleKind::Database};

/// The word for it in fleet.proto, the database and notices, e.g. `sensor-silent`.
std::string_view kindText(TroubleKind kind);
std::optional<TroubleKind> parseTroubleKind(std::string_view text);

/// Whether so long has passed. Also if `since` is in the future: the clock was set back, and nobody knows how long it
/// is.
inline bool hasPassed(std::chrono::system_clock::duration length, std::chrono::system_clock::time_point since,
                      std::chrono::system_clock::time_point now) {
    return now - since >= length || since - now > std::chrono::minutes(1);
}

/// The number of the sensor in troubles of the collector itself: no sensor has it.
inline constexpr std::int32_t kOfTheCollector = 0;

/// What a trouble is about: two tellings with the same key are of one trouble.
struct TroubleKey {
    std::int32_t sensorId = kOfTheCollector;
    TroubleKind kind = TroubleKind::SensorSilent;
    std::string service;  ///< empty: the whole sensor
    std::string subject;  ///< which of several, e.g. `spool_bytes full`; empty for most kinds
    friend auto operator<=>(const TroubleKey&, const TroubleKey&) = default;
};

/// How much it matters, as in incident.severity. A remark leaves the sensor healthy.
enum class Severity : std::uint8_t { Remark = 1, Warning = 2, Grave = 3, Critical = 4 };

/// Something that somebody should look at, for as long as it lasts.
struct Trouble {
    using Time = std::chrono::system_clock::time_point;

    TroubleKey key;
    std::string sensor;  ///< its name; empty: the collector
    Severity severity = Severity::Warning;
    Time since;
    std::uint64_t count = 0;  ///< of what it cost since then, where it is counted
    std::string brief{};      ///< what is wrong; printable ASCII, like the next
    std::string remedy{};     ///< what to do

    std::string sentence() const { return remedy.empty() ? brief : brief + ": " + remedy; }
};

}  // namespace apiary::collector
