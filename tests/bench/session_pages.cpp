#include "tests/bench/session_pages.hpp"

#include "common/crypto/digest.hpp"
#include "tests/bench/load.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <initializer_list>
#include <stdexcept>
#include <utility>
#include <vector>

namespace apiary::bench {
namespace {

using namespace std::chrono_literals;
using Filter = v1::SessionFilter;

constexpr double kLongestMs = 50;
constexpr std::uint32_t kPage = 200;
constexpr int kRounds = 11;

std::string sha256Of(const std::string& text) {
    return std::string(view(Sha256::of(text)));
}

// What a filter says, one term after the other.
using Term = std::function<void(Filter&)>;
Term protocols(std::initializer_list<const char*> names) {
    return [names = std::vector<std::string>(names.begin(), names.end())](Filter& filter) {
        for (const auto& name : names) {
            filter.add_protocols(name);
        }
    };
}
Term outcomes(std::initializer_list<const char*> names) {
    return [names = std::vector<std::string>(names.begin(), names.end())](Filter& filter) {
        for (const auto& name : names) {
            filter.add_outcomes(name);
        }
    };
}
Term countries(std::initializer_list<const char*> names) {
    return [names = std::vector<std::string>(names.begin(), names.end())](Filter& filter) {
        for (const auto& name : names) {
            filter.add_countries(name);
        }
    };
}
Term ports(std::initializer_list<std::uint32_t> numbers) {
    return [numbers = std::vector(numbers)](Filter& filter) {
        filter.mutable_target_ports()->Add(numbers.begin(), numbers.end());
    };
}
Term network(std::uint32_t number) {
    return [number](Filter& filter) { filter.add_networks(number); };
}
Term sensor(std::int32_t number) {
    return [number](Filter& filter) { filter.add_sensor_ids(number); };
}
Term source(const char* text) {
    return [text](Filter& filter) { filter.set_source_network(text); };
}
Term transport(v1::Transport transport) {
    return [transport](Filter& filter) { filter.add_transports(transport); };
}
Term user(const char* text) {
    return [text](Filter& filter) { filter.set_username(text); };
}
Term secret(const char* text) {
    return [text](Filter& filter) { filter.set_secret(text); };
}
Term command(const char* text) {
    return [text](Filter& filter) { filter.set_command(text); };
}
Term typed(const char* text) {
    return [text](Filter& filter) { filter.set_command_text(text); };
}
Term artifact(const char* content) {
    return [content](Filter& filter) { filter.set_artifact(sha256Of(content)); };
}
Term accepted(bool yes) {
    return [yes](Filter& filter) { filter.set_login_accepted(yes); };
}
Term tried(bool yes) {
    return [yes](Filter& filter) { filter.set_login_tried(yes); };
}
Term fresh(bool yes) {
    return [yes](Filter& filter) { filter.set_source_is_new(yes); };
}
Term hour(std::uint32_t number) {
    return [number](Filter& filter) { filter.add_week_hours(number); };
}
Term no(Term term) {
    return [term = std::move(term)](Filter& filter) { term(*filter.mutable_without()); };
}

struct Asked {
    std::string name;
    std::vector<Term> terms;
};

/// The hour of the week that lies so long before the end of the day.
std::uint32_t weekHour(const v1::Scope& day, std::chrono::hours before) {
    const std::chrono::sys_time<std::chrono::microseconds> end{std::chrono::microseconds(day.to_us())};
    const auto at = std::chrono::floor<std::chrono::hours>(end) - before;
    const auto date = std::chrono::floor<std::chrono::days>(at);
    return (std::chrono::weekday(date).iso_encoding() - 1) * 24 + static_cast<std::uint32_t>((at - date).count());
}

std::vector<Asked> oneTerm(const v1::Scope& day) {
    return {
        {"proto-frequent", {protocols({"ftp"})}},
        {"proto-rare", {protocols({"rdp"})}},
        {"proto-never", {protocols({"xmpp"})}},
        {"proto-mixed", {protocols({"rdp", "xmpp", "irc"})}},
        {"source-everyone", {source("10.0.0.0/9")}},
        {"source-busiest", {source("10.0.0.0/32")}},
        {"source-network", {source("10.0.1.0/24")}},
        {"source-rare", {source("10.0.200.7/32")}},
        {"source-never", {source("192.0.2.0/24")}},
        {"port-frequent", {ports({23})}},
        {"port-rare", {ports({3389})}},
        {"port-never", {ports({9999})}},
        {"udp", {transport(v1::TRANSPORT_UDP)}},
        {"tcp", {transport(v1::TRANSPORT_TCP)}},
        {"user-frequent", {user("user0")}},
        {"user-between", {user("user20")}},
        {"user-seldom", {user("user190")}},
        {"user-never", {user("nobody")}},
        {"user-empty", {user("")}},
        {"pass-frequent", {secret("pw0")}},
        {"pass-between", {secret("pw3")}},
        {"pass-rare", {secret("pw1900")}},
        {"pass-never", {secret("nothing")}},
        {"login-frequent", {user("user0"), secret("pw0")}},
        {"login-between", {user("user0"), secret("pw30")}},
        {"login-rare", {user("user180"), secret("pw1800")}},
        {"login-never", {user("user0"), secret("nothing")}},
        {"sensor-frequent", {sensor(3)}},
        {"sensor-rare", {sensor(11)}},
        {"sensor-never", {sensor(99)}},
        {"outcome-frequent", {outcomes({"finished"})}},
        {"outcome-between", {outcomes({"reset"})}},
        {"outcome-rare", {outcomes({"tls_failed"})}},
        {"outcome-never", {outcomes({"limit"})}},
        {"login-accepted", {accepted(true)}},
        {"login-not-accepted", {accepted(false)}},
        {"login-tried", {tried(true)}},
        {"login-none", {tried(false)}},
        {"cmd-frequent", {command("GET file0")}},
        {"cmd-between", {command("GET file20")}},
        {"cmd-rare", {command("GET file900")}},
        {"cmd-never", {command("SITE EXEC")}},
        {"text-frequent", {typed("GET file")}},
        {"text-between", {typed("file20")}},
        {"text-rare", {typed("file901")}},
        {"text-never", {typed("busybox")}},
        {"sha256-frequent", {artifact("file0")}},
        {"sha256-rare", {artifact("file190")}},
        {"sha256-never", {artifact("nothing")}},
        {"when-now", {hour(weekHour(day, 0h))}},
        {"when-long-ago", {hour(weekHour(day, 20h))}},
        {"when-never", {hour(weekHour(day, 60h))}},
        {"cc-frequent", {countries({"NL"})}},
        {"cc-rare", {countries({"IS"})}},
        {"cc-several", {countries({"IS", "US"})}},
        {"cc-unknown", {countries({"\?\?"})}},
        {"cc-never", {countries({"TV"})}},
        {"network-frequent", {network(64501)}},
        {"network-rare", {network(64999)}},
        {"network-unknown", {network(0)}},
        {"network-never", {network(65000)}},
        {"source-new", {fresh(true)}},
        {"source-known", {fresh(false)}},
    };
}

std::vector<Asked> leftOut(const v1::Scope& day) {
    return {
        {"no-proto", {no(protocols({"ftp"}))}},
        {"no-proto-but-rare", {no(protocols({"ftp", "telnet", "http", "smtp", "irc", "pop3", "catch-all"}))}},
        {"no-source", {no(source("10.0.0.0/24"))}},
        {"no-source-at-all", {no(source("10.0.0.0/8"))}},
        {"no-port", {no(ports({23}))}},
        {"no-port-but-rare", {no(ports({21, 22, 23, 24, 25, 26, 27}))}},
        {"no-tcp", {no(transport(v1::TRANSPORT_TCP))}},
        {"no-user", {no(user("user0"))}},
        {"no-pass", {no(secret("pw0"))}},
        {"no-sensor", {no(sensor(3))}},
        {"no-outcome", {no(outcomes({"finished"}))}},
        {"no-outcome-but-rare", {no(outcomes({"finished", "reset"}))}},
        {"no-login-accepted", {no(accepted(true))}},
        {"no-login-refused", {no(accepted(false))}},
        {"no-login-tried", {no(tried(true))}},
        {"no-cmd", {no(command("GET file0"))}},
        {"no-text", {no(typed("file"))}},
        {"no-sha256", {no(artifact("file0"))}},
        {"no-when", {no(hour(weekHour(day, 0h)))}},
        {"no-cc", {no(countries({"NL"}))}},
        {"no-cc-but-rare", {no(countries({"NL", "US", "\?\?"}))}},
        {"no-network", {no(network(64501))}},
        {"no-source-new", {no(fresh(true))}},
    };
}

std::vector<Asked> together(const v1::Scope& day) {
    return {
        {"proto-and-user", {protocols({"ftp"}), user("user0")}},
        {"proto-and-seldom-user", {protocols({"ftp"}), user("user190")}},
        {"rare-proto-and-user", {protocols({"rdp"}), user("user0")}},
        {"proto-and-login", {protocols({"telnet"}), user("user0"), secret("pw0")}},
        {"proto-and-cc", {protocols({"ftp"}), countries({"NL"})}},
        {"rare-proto-and-cc", {protocols({"rdp"}), countries({"NL"})}},
        {"proto-and-rare-cc", {protocols({"ftp"}), countries({"IS"})}},
        {"proto-and-port-that-is-not-its", {protocols({"ftp"}), ports({25})}},
        {"proto-and-source", {protocols({"ftp"}), source("10.0.0.0/24")}},
        {"proto-and-new", {protocols({"ftp"}), fresh(true)}},
        {"rare-proto-and-new", {protocols({"rdp"}), fresh(true)}},
        {"proto-and-when", {protocols({"ftp"}), hour(weekHour(day, 20h))}},
        {"proto-and-outcome", {protocols({"ftp"}), outcomes({"reset"})}},
        {"proto-and-accepted", {protocols({"ftp"}), accepted(true)}},
        {"proto-and-text", {protocols({"ftp"}), typed("file20")}},
        {"proto-and-cmd", {protocols({"ftp"}), command("GET file20")}},
        {"proto-and-sha256", {protocols({"ftp"}), artifact("file3")}},
        {"proto-and-no-user", {protocols({"ftp"}), no(user("user0"))}},
        {"sensor-and-port", {sensor(3), ports({23})}},
        {"sensor-and-proto", {sensor(3), protocols({"telnet"})}},
        {"sensor-and-rare-proto", {sensor(3), protocols({"rdp"})}},
        {"sensor-and-user", {sensor(3), user("user0")}},
        {"sensor-that-none-logs-in-at", {sensor(3), tried(true)}},
        {"source-and-user", {source("10.0.1.0/24"), user("user0")}},
        {"source-and-cmd", {source("10.0.1.0/24"), command("GET file0")}},
        {"source-and-outcome", {source("10.0.0.0/32"), outcomes({"tls_failed"})}},
        {"cc-and-user", {countries({"NL"}), user("user20")}},
        {"cc-and-network", {countries({"US"}), network(64501)}},
        {"rare-cc-and-user", {countries({"IS"}), user("user0")}},
        {"cc-and-port", {countries({"NL"}), ports({3389})}},
        {"cc-and-new", {countries({"NL"}), fresh(true)}},
        {"rare-cc-and-new", {countries({"IS"}), fresh(true)}},
        {"rare-cc-and-known", {countries({"IS"}), fresh(false)}},
        {"user-and-new", {user("user0"), fresh(true)}},
        {"user-and-cmd", {user("user0"), command("GET file0")}},
        {"user-and-text", {user("user0"), typed("file0")}},
        {"user-and-accepted", {user("user0"), accepted(true)}},
        {"user-and-when", {user("user0"), hour(weekHour(day, 20h))}},
        {"cmd-and-sha256", {command("GET file0"), artifact("file0")}},
        {"outcome-and-when", {outcomes({"reset"}), hour(weekHour(day, 20h))}},
        {"udp-and-user", {transport(v1::TRANSPORT_UDP), user("user0")}},
        {"rare-outcome-and-cc", {outcomes({"tls_failed"}), countries({"NL"})}},
        {"text-and-new", {typed("file0"), fresh(true)}},
    };
}

class Pages {
public:
    Pages(test::PeopleServer& server, v1::Report::Stub& stub, std::string only)
        : server_(server), stub_(stub), only_(std::move(only)) {}

    void measure(const std::string& name, const v1::Scope& scope, const Filter& filter = {}) {
        if (name.find(only_) == std::string::npos) {
            return;
        }
        v1::ListSessionsRequest request;
        *request.mutable_scope() = scope;
        *request.mutable_filter() = filter;
        request.set_limit(kPage);
        const auto first = measured("report.first-200-" + name, request);
        std::printf("%d rows\n", first.rows_size());
        if (first.more()) {
            const auto& last = *first.rows().rbegin();
            request.set_before_us(last.started_at_us());
            request.set_before_id(last.session_id());
            measured("report.second-200-" + name, request);
        }
    }

    int pages() const { return pages_; }
    int slow() const { return slow_; }

private:
    v1::ListSessionsReply measured(const std::string& name, const v1::ListSessionsRequest& request) {
        v1::ListSessionsReply list;
        std::vector<double> times;
        for (int i = 0; i < kRounds; ++i) {
            const auto begin = std::chrono::steady_clock::now();
            const grpc::Status status = stub_.ListSessions(server_.context(60s).get(), request, &list);
            times.push_back(
                std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
            if (!status.ok()) {
                throw std::runtime_error(name + ": " + status.error_message());
            }
        }
        const double millis = median(times);
        report(name, millis, "ms", kLongestMs, true);
        ++pages_;
        slow_ += millis > kLongestMs ? 1 : 0;
        return list;
    }

    test::PeopleServer& server_;
    v1::Report::Stub& stub_;
    const std::string only_;
    int pages_ = 0;
    int slow_ = 0;
};

}  // namespace

void measurePages(test::PeopleServer& server, v1::Report::Stub& stub, const v1::Scope& day, const std::string& only) {
    Pages pages(server, stub, only);
    pages.measure("sessions", day);
    v1::Scope scope = day;
    scope.add_protocols("ftp");
    pages.measure("scope-protocol", scope);
    scope = day;
    scope.add_sensor_ids(3);
    pages.measure("scope-sensor", scope);
    scope = day;
    scope.add_traffic("known-scanner");
    pages.measure("scope-traffic-never", scope);
    scope = day;
    scope.set_source(std::string("\x0a\x00\x00\x07", 4));
    pages.measure("scope-source", scope);
    for (const auto& part : {oneTerm(day), leftOut(day), together(day)}) {
        for (const auto& asked : part) {
            Filter filter;
            for (const auto& term : asked.terms) {
                term(filter);
            }
            pages.measure(asked.name, day, filter);
        }
    }
    report("report.pages", pages.pages(), "pages");
    report("report.pages-slow", pages.slow(), "pages", 0, true);
}

}  // namespace apiary::bench
