/// Fifty sensors that drain their spools into one real collector and a real PostgreSQL, by the agent's uplink over
/// mTLS, each with its own certificate; then with one more that takes all it can get, in batches ten times as large.
/// Against the store writing the records of one sensor alone, in the same run. Arguments: how many sensors, 50 if not
/// given; records of each, 20,000; seconds of each measurement at most, 12.

#include "agent/uplink/uplink.hpp"
#include "common/log/log.hpp"
#include "proto/apiary/v1/session.pb.h"
#include "tests/bench/collector_site.hpp"
#include "tests/bench/memory_spool.hpp"
#include "tests/bench/recorded_load.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <exception>
#include <iostream>
#include <memory>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace apiary;
using namespace apiary::bench;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

collector::Moment anHourAgo() {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()) - 1h;
}

class NoServices final : public agent::ServiceControl {
public:
    void apply(const agent::DesiredServices& /*desired*/) override {}
    std::uint64_t appliedVersion() const override { return 0; }
    std::vector<agent::ServiceReport> reports() const override { return {}; }
};

/// An agent as the collector sees it: the real uplink, with a full spool behind it.
class Sender {
public:
    Sender(const CollectorSite& site, const std::string& name, std::uint64_t number, std::size_t records,
           const agent::UplinkLimits& limits)
        : name_(name),
          spool_(Uuid::v4({static_cast<std::uint8_t>(number), static_cast<std::uint8_t>(number >> 8U), 9}),
                 BusyNight(number, anHourAgo(), 20ms).records(records)),
          uplink_({.address = site.address(),
                   .identity = site.identityOf(name),
                   .version = "bench",
                   .bootNonce = Uuid::v4({1}),
                   .limits = limits},
                  spool_, services_) {}
    Sender(const Sender&) = delete;
    Sender& operator=(const Sender&) = delete;
    ~Sender() { stop(); }

    void start() {
        thread_ = std::thread([this] { uplink_.run(); });
    }
    void stop() {
        if (thread_.joinable()) {
            uplink_.stop(0ms);
            thread_.join();
        }
    }

    const std::string& name() const { return name_; }
    const MemorySpool& spool() const { return spool_; }
    MemorySpool& spool() { return spool_; }
    std::uint64_t acknowledged() const { return spool_.acknowledged(); }
    bool done() const { return acknowledged() == spool_.records().size(); }

    /// Sessions whose closing is among its first records.
    std::size_t sessionsUpTo(std::uint64_t seq) const {
        std::size_t sessions = 0;
        for (std::uint64_t i = 0; i < seq; ++i) {
            v1::Record record;
            sessions += record.ParseFromString(spool_.records()[i]) && record.has_closed() ? 1 : 0;
        }
        return sessions;
    }

private:
    std::string name_;
    NoServices services_;
    MemorySpool spool_;
    agent::Uplink uplink_;
    std::thread thread_;
};

using Fleet = std::deque<Sender>;

/// A sensor with nothing behind it, which records a session now and then: how long until each is acknowledged.
class Visited {
public:
    explicit Visited(Sender& sender) : sender_(sender) {
        sender_.spool().show(0);
        sender_.start();
    }

    /// One more session, and a look at those before.
    void go() {
        sender_.spool().show(sender_.spool().shown() + kSession);
        waiting_.emplace_back(sender_.spool().shown(), Clock::now());
        look();
    }
    void look() {
        for (; !waiting_.empty() && waiting_.front().first <= sender_.acknowledged(); waiting_.pop_front()) {
            seconds_.push_back(secondsSince(waiting_.front().second));
        }
    }
    double p99() const {
        std::vector<double> sorted = seconds_;
        for (const auto& [seq, since] : waiting_) {
            sorted.push_back(secondsSince(since));
        }
        std::ranges::sort(sorted);
        return sorted.at((sorted.size() - 1) * 99 / 100);
    }

private:
    static constexpr std::uint64_t kSession = 11;  // records

    Sender& sender_;
    std::deque<std::pair<std::uint64_t, Clock::time_point>> waiting_;
    std::vector<double> seconds_;
};

struct Course {
    double seconds = 0;
    std::vector<double> rates;  // records acknowledged a second, of each sender
    double collectorCpu = 0;    // seconds a second
    std::size_t growth = 0;     // of the collector's memory, in bytes

    double total() const {
        double sum = 0;
        for (const double rate : rates) {
            sum += rate;
        }
        return sum;
    }
};

/// Runs them from when each has been acknowledged something until one of them is done, or the time is over.
Course measure(const CollectorSite& site, Fleet& fleet, double longest, Visited* visited = nullptr) {
    const std::size_t before = site.collector().residentBytes();
    for (Sender& sender : fleet) {
        sender.start();
    }
    const auto begun = Clock::now();
    while (!std::ranges::all_of(fleet, [](const Sender& sender) { return sender.acknowledged() > 0; })) {
        if (secondsSince(begun) > 60) {
            throw std::runtime_error("a sensor was not acknowledged anything within a minute");
        }
        ::poll(nullptr, 0, 5);
    }
    std::vector<std::uint64_t> at;
    for (const Sender& sender : fleet) {
        at.push_back(sender.acknowledged());
    }
    Course course;
    const double cpu = site.collector().cpuSeconds();
    const auto start = Clock::now();
    while (secondsSince(start) < longest && std::ranges::none_of(fleet, &Sender::done)) {
        if (visited != nullptr) {
            visited->go();
        }
        ::poll(nullptr, 0, 20);
        const std::size_t resident = site.collector().residentBytes();
        course.growth = std::max(course.growth, resident > before ? resident - before : 0);
    }
    course.seconds = secondsSince(start);
    for (std::size_t i = 0; i < fleet.size(); ++i) {
        course.rates.push_back(static_cast<double>(fleet[i].acknowledged() - at[i]) / course.seconds);
    }
    course.collectorCpu = (site.collector().cpuSeconds() - cpu) / course.seconds;
    for (Sender& sender : fleet) {
        sender.stop();
    }
    return course;
}

/// Sessions that should be in the database and are not, or that are there and should not.
double amiss(CollectorSite& site, const Fleet& fleet) {
    site.stop();  // with all that waited there committed
    double amiss = 0;
    for (const Sender& sender : fleet) {
        const std::string of = " FROM apiary.sensor s WHERE s.name = '" + sender.name() + "'";
        const auto committed = std::stoull(site.database().ask(
            "SELECT coalesce((SELECT sum(last_seq) FROM apiary.ingest_stream i WHERE i.sensor_id = s.sensor_id), 0)" +
            of));
        const auto sessions = std::stoull(site.database().ask(
            "SELECT (SELECT count(DISTINCT session_id) FROM apiary.session x WHERE x.sensor_id = s.sensor_id)" + of));
        const auto expected = sender.sessionsUpTo(committed);
        amiss += committed < sender.acknowledged() ? 1 : 0;
        amiss += static_cast<double>(sessions > expected ? sessions - expected : expected - sessions);
    }
    return amiss;
}

void run(std::size_t sensors, std::size_t records, double longest) {
    const double alone = writeAlone(batchesOf(BusyNight(0, anHourAgo(), 20ms).records(100'000)));
    const double storeAlone = 100'000 / alone;
    report("fleet_store_alone", storeAlone, "records/s");

    std::vector<std::string> names;
    for (std::size_t i = 0; i < 2 * sensors + 2; ++i) {
        names.push_back("sensor-" + std::to_string(i));
    }
    CollectorSite site(names);
    site.start();
    {
        Fleet fleet;
        for (std::size_t i = 0; i < sensors; ++i) {
            fleet.emplace_back(site, names[i], i + 1, records, agent::UplinkLimits{});
        }
        Fleet quiet;
        Visited visited(quiet.emplace_back(site, names.back(), 2 * sensors + 2, 50'000, agent::UplinkLimits{}));
        const Course course = measure(site, fleet, longest, &visited);
        visited.look();
        quiet.front().stop();
        const double mean = course.total() / static_cast<double>(sensors);
        report("fleet_total", course.total(), "records/s");
        report("fleet_total_ratio", course.total() / storeAlone, "of_the_store_alone", 0.7);
        report("fleet_slowest", *std::ranges::min_element(course.rates) / mean, "of_the_mean", 0.5);
        report("fleet_quiet_sensor_p99", visited.p99(), "s", 2, true);
        report("fleet_collector_cpu", course.collectorCpu, "cores");
        report("fleet_collector_growth", static_cast<double>(course.growth) / (1 << 20), "MiB", 256, true);
        report("fleet_sessions_amiss", amiss(site, fleet), "sessions", 0, true);
    }
    site.start();
    {
        Fleet fleet;
        for (std::size_t i = 0; i < sensors; ++i) {
            fleet.emplace_back(site, names[sensors + i], sensors + i + 1, records, agent::UplinkLimits{});
        }
        agent::UplinkLimits greed;
        greed.window = 1000;
        greed.entries = 10'000;
        greed.bytes = std::size_t{3} << 20U;
        fleet.emplace_back(site, names[2 * sensors], 2 * sensors + 1, records * 20, greed);
        const Course course = measure(site, fleet, longest);
        const double share = course.total() / static_cast<double>(sensors + 1);
        report("fleet_greedy_total_ratio", course.total() / storeAlone, "of_the_store_alone");
        report("fleet_greedy_share", course.rates.back() / share, "of_its_share");
        report("fleet_greedy_slowest_other", *std::min_element(course.rates.begin(), course.rates.end() - 1) / share,
               "of_its_share", 0.5);
        report("fleet_greedy_collector_growth", static_cast<double>(course.growth) / (1 << 20), "MiB", 256, true);
        report("fleet_greedy_sessions_amiss", amiss(site, fleet), "sessions", 0, true);
    }
}

}  // namespace

int main(int argc, char** argv) {
    try {
        log::start("fleet_bench", "warning");
        raiseFileLimit();
        run(argc > 1 ? std::stoul(argv[1]) : 50, argc > 2 ? std::stoul(argv[2]) : 20'000,
            argc > 3 ? std::stod(argv[3]) : 12);
    } catch (const std::exception& error) {
        std::cerr << "fleet_bench: " << error.what() << '\n';
        return 1;
    }
}
