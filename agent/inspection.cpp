#include "agent/inspection.hpp"

#include "common/net/address.hpp"
#include "common/text/escape.hpp"
#include "common/text/stamp.hpp"

#include <algorithm>
#include <cstddef>
#include <iomanip>
#include <sstream>

namespace apiary::agent {
namespace {

using Table = std::vector<std::vector<std::string>>;

/// Columns as wide as their widest cell; the last one is left as it is.
std::string layOut(const Table& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], row[i].size());
        }
    }
    std::string text;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += row[i];
            line.append(i + 1 < row.size() ? widths[i] - row[i].size() + 2 : 0, ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + '\n';
    }
    return text;
}

std::string span(std::chrono::system_clock::duration length) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(length).count();
    if (seconds < 120) {
        return std::to_string(seconds) + " s";
    }
    return seconds < 7200 ? std::to_string(seconds / 60) + " min" : std::to_string(seconds / 3600) + " h";
}

std::string testText(const std::optional<SelfTestReport>& report) {
    if (!report) {
        return "not yet";
    }
    const std::string at = isoStamp(report->at);
    return report->passed ? "passed " + at : "FAILED at " + report->step + ' ' + at + ": " + report->reason;
}

/// A length of time as one says it: "about 5 hours", "about 12 days".
std::string aboutSpan(std::chrono::system_clock::duration length) {
    const auto hours = std::chrono::duration<double, std::ratio<3600>>(length).count();
    const bool days = hours >= 48;
    const auto number = static_cast<std::uint64_t>(days ? hours / 24 : hours);
    if (number == 0) {
        return "less than an hour";
    }
    const std::string unit = days ? " day" : " hour";
    return "about " + std::to_string(number) + unit + (number == 1 ? "" : "s");
}

/// Bytes in the unit that leaves few digits: "812 B", "1.4 MiB", "98 MiB".
std::string roundBytes(std::uint64_t bytes) {
    constexpr const char* kUnits[] = {" B", " KiB", " MiB", " GiB", " TiB"};
    std::size_t unit = 0;
    auto number = static_cast<double>(bytes);
    for (; number >= 1024 && unit + 1 < std::size(kUnits); ++unit) {
        number /= 1024;
    }
    std::ostringstream text;
    text << std::fixed << std::setprecision(unit > 0 && number < 10 ? 1 : 0) << number << kUnits[unit];
    return text.str();
}

const char* actualText(ServiceReport::Actual actual) {
    switch (actual) {
        case ServiceReport::Actual::Off:
            return "off";
        case ServiceReport::Actual::Starting:
            return "starting";
        case ServiceReport::Actual::On:
            return "on";
        case ServiceReport::Actual::Failed:
            return "failed";
        case ServiceReport::Actual::Draining:
            return "draining";
        case ServiceReport::Actual::Unknown:
            break;
    }
    return "unknown";
}

std::string linkText(const AgentFigures& figures) {
    if (!figures.uplink) {
        return "none configured: records stay in the spool";
    }
    const UplinkView& link = *figures.uplink;
    const std::string since = " since " + isoStamp(link.since);
    switch (link.state) {
        case UplinkView::State::Connected:
            return figures.collector + ", connected" + since;
        case UplinkView::State::Connecting:
            return figures.collector + ", connecting";
        case UplinkView::State::Away:
            return figures.collector + ", away" + since + ": " + escape(link.reason);
        case UplinkView::State::Refused:
            break;
    }
    return figures.collector + ", refused" + since + ": " + escape(link.reason);
}

}  // namespace

std::string boundText(const BoundReport& bound, BoundReport::Time now) {
    const bool bytes = bound.name.ends_with("bytes");
    const auto amount = [bytes](std::uint64_t number) { return bytes ? roundBytes(number) : std::to_string(number); };
    std::string text = amount(bound.used);
    if (bound.limit > 0) {
        const double percent = 100 * static_cast<double>(bound.used) / static_cast<double>(bound.limit);
        text += " of " + amount(bound.limit) + " (" + std::to_string(static_cast<std::uint64_t>(percent)) + " %)";
    }
    if (bound.keptSince) {
        text += ", turning over: logs of " + aboutSpan(now - *bound.keptSince) + " are kept";
    } else if (bound.fullAt) {
        text += *bound.fullAt <= now ? ", full" : ", full in " + aboutSpan(*bound.fullAt - now) + " at this rate";
    }
    const bool journal = bound.name.starts_with("journal");
    const char* lost = journal                       ? " logs removed"
                       : bound.name == "spool_bytes" ? " records lost or contacts refused"
                       : bound.name == "probe_ring"  ? " packets of probes counted only"
                                                     : " contacts refused";
    return text + ", " + std::to_string(bound.lost) + lost;
}

std::string probesText(const ProbeInletView& probes) {
    const CaptureFigures& figures = probes.figures;
    std::string text = std::to_string(figures.probes) + " packets in " + std::to_string(probes.rows) + " rows";
    if (figures.merged > 0) {
        text += ", " + std::to_string(figures.merged) + " rows told less finely";
    }
    if (!probes.connected) {
        return text + "; NOT CAPTURED NOW: apiary-probes does not run";
    }
    return text + ", on " + std::to_string(figures.interfaces) + " of " + std::to_string(figures.configured) +
           " interfaces";
}

std::string statusText(const AgentFigures& figures, std::chrono::system_clock::time_point now) {
    std::size_t on = 0;
    std::size_t open = 0;
    for (const ServiceReport& service : figures.services) {
        on += service.actual == ServiceReport::Actual::On ? 1 : 0;
        open += service.openSessions;
    }
    const auto count = [](std::uint64_t number) { return std::to_string(number); };
    std::string backlog = count(figures.backlog.records) + " records not yet acknowledged";
    if (figures.backlog.oldest) {
        backlog += ", the oldest of " + isoStamp(*figures.backlog.oldest);
    }
    std::string reads;
    if (figures.uplink && figures.uplink->failedReads > 0) {
        reads = ", " + count(figures.uplink->failedReads) + " failed reads";
        if (!figures.uplink->unreadable.empty()) {
            reads += ", and it still CANNOT BE READ: " + escape(figures.uplink->unreadable);
        }
    }
    std::string journal = figures.journalDirectory + ", " + count(figures.journal.files) + " files";
    if (figures.journal.incomplete + figures.journal.removed > 0) {
        journal += ", " + count(figures.journal.incomplete) + " incomplete, " + count(figures.journal.removed) +
                   " removed by the budget";
    }
    Table table{{"agent", figures.name + " " APIARY_VERSION + ", up since " + isoStamp(figures.startedAt)},
                {"collector", linkText(figures)},
                {"spool", backlog + ", " + count(figures.lost) + " lost" + reads},
                {"services", count(on) + " of " + count(figures.services.size()) + " on"},
                {"sessions", count(open) + " open, " + count(figures.recording.sessions) + " recorded, " +
                                 count(figures.recording.probes) + " contacts refused"},
                {"journal", journal},
                {"egress", std::string(figures.egress.guarded ? "guarded" : "not guarded by apiary-coverage") + ", " +
                               count(figures.egress.refused) + " packets to others refused"}};
    if (figures.probes) {
        table.push_back({"probes", probesText(*figures.probes)});
    }
    const char* label = "bounds";
    for (const BoundReport& bound : figures.bounds) {
        table.push_back({std::exchange(label, ""), bound.name + "  " + boundText(bound, now)});
    }
    return layOut(table);
}

std::string selfTestsText(const std::map<std::string, SelfTestReport>& results) {
    Table table{{"NAME", "SELF-TEST"}};
    for (const auto& [name, report] : results) {
        table.push_back({name, testText(report)});
    }
    return layOut(table);
}

std::string servicesText(const std::vector<ServiceReport>& services) {
    Table table{
        {"NAME", "PROTOCOL", "LISTENS", "DESIRED", "ACTUAL", "OPEN", "SESSIONS", "REFUSED", "SELF-TEST", "REASON"}};
    for (const ServiceReport& service : services) {
        std::string listens;
        for (const Endpoint& endpoint : service.listens) {
            listens += (listens.empty() ? "" : ",") + endpointText(endpoint);
        }
        table.push_back({service.name, service.protocol, listens, service.desired ? "on" : "off",
                         actualText(service.actual), std::to_string(service.openSessions),
                         std::to_string(service.sessions), std::to_string(service.refused), testText(service.selfTest),
                         service.reason});
    }
    return layOut(table);
}

std::string sessionsText(const std::vector<SessionView>& sessions, std::chrono::system_clock::time_point now) {
    Table table{{"SERVICE", "SOURCE", "TARGET", "STARTED", "AGE", "IN", "OUT"}};
    for (const SessionView& session : sessions) {
        table.push_back({session.service, endpointText(session.source), endpointText(session.target),
                         isoStamp(session.startedAt), span(now - session.startedAt), std::to_string(session.bytesIn),
                         std::to_string(session.bytesOut)});
    }
    return layOut(table);
}

}  // namespace apiary::agent
