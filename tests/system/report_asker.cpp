/// Asks a running collector what it counts in a range, as the console does, and prints the answers a line each, for
/// tests to compare with what SQL says:
///     totals SESSIONS SOURCES CREDENTIALS NEW_SOURCES BYTES_IN BYTES_OUT PROBES OPEN
///     counted SESSIONS SOURCES
///     bucket START_US PROTOCOL SESSIONS      of five minutes, if any
///     session ID STARTED_US PROTOCOL OUTCOME BYTES_IN BYTES_OUT CREDENTIALS      newest first
/// Arguments: collector's address, ca, certificate, key, start and end of the range in microseconds.

#include "common/rpc/credentials.hpp"
#include "common/uuid.hpp"
#include "proto/apiary/v1/report.grpc.pb.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>

namespace {

using namespace apiary;

constexpr std::uint64_t kStep = 300'000'000;
constexpr std::uint32_t kPage = 300;

class Asker {
public:
    explicit Asker(const std::shared_ptr<grpc::Channel>& channel) : stub_(v1::Report::NewStub(channel)) {}

    template <typename Reply, typename Request>
    Reply ask(grpc::Status (v1::Report::Stub::*call)(grpc::ClientContext*, const Request&, Reply*),
              const Request& request) const {
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
        Reply reply;
        const grpc::Status status = (*stub_.*call)(&context, request, &reply);
        if (!status.ok()) {
            throw std::runtime_error(status.error_message());
        }
        return reply;
    }

    void printCounts(const v1::Scope& scope) const {
        v1::TotalsRequest totals;
        *totals.mutable_scope() = scope;
        const auto all = ask(&v1::Report::Stub::Totals, totals);
        std::cout << "totals " << all.sessions() << ' ' << all.sources() << ' ' << all.credentials() << ' '
                  << all.new_sources() << ' ' << all.bytes_in() << ' ' << all.bytes_out() << ' ' << all.probes() << ' '
                  << all.open_sessions() << '\n';
        v1::CountSessionsRequest count;
        *count.mutable_scope() = scope;
        const auto counted = ask(&v1::Report::Stub::CountSessions, count);
        std::cout << "counted " << counted.sessions() << ' ' << counted.sources() << '\n';
    }

    void printSeries(const v1::Scope& scope) const {
        v1::SeriesRequest request;
        *request.mutable_scope() = scope;
        request.set_step_us(kStep);
        const auto series = ask(&v1::Report::Stub::Series, request);
        for (const auto& protocol : series.series()) {
            for (int i = 0; i < series.bucket_us_size(); ++i) {
                if (protocol.sessions(i) > 0) {
                    std::cout << "bucket " << series.bucket_us(i) << ' ' << protocol.protocol() << ' '
                              << protocol.sessions(i) << '\n';
                }
            }
        }
    }

    void printSessions(const v1::Scope& scope) const {
        v1::ListSessionsRequest request;
        *request.mutable_scope() = scope;
        request.set_limit(kPage);
        for (bool more = true; more;) {
            const auto page = ask(&v1::Report::Stub::ListSessions, request);
            for (const auto& row : page.rows()) {
                const auto id = Uuid::ofBytes(row.session_id());
                std::cout << "session " << (id ? id->text() : "?") << ' ' << row.started_at_us() << ' '
                          << row.protocol() << ' ' << row.outcome() << ' ' << row.bytes_in() << ' ' << row.bytes_out()
                          << ' ' << row.credentials() << '\n';
            }
            more = page.more() && page.rows_size() > 0;
            if (more) {
                const auto& last = page.rows(page.rows_size() - 1);
                request.set_before_us(last.started_at_us());
                request.set_before_id(last.session_id());
            }
        }
    }

private:
    std::unique_ptr<v1::Report::Stub> stub_;
};

}  // namespace

int main(int argc, char** argv) {
    const std::span<char*> words(argv, static_cast<std::size_t>(argc));
    if (words.size() != 7) {
        std::cerr << "report_asker ADDRESS CA CERTIFICATE KEY FROM_US TO_US\n";
        return 2;
    }
    try {
        const auto channel = openChannel(words[1], {.ca = words[2], .certificate = words[3], .key = words[4]});
        if (!channel) {
            throw std::runtime_error(channel.error());
        }
        v1::Scope scope;
        scope.set_from_us(std::stoull(words[5]));
        scope.set_to_us(std::stoull(words[6]));
        const Asker asker(*channel);
        asker.printCounts(scope);
        asker.printSeries(scope);
        asker.printSessions(scope);
    } catch (const std::exception& error) {
        std::cerr << "report_asker: " << error.what() << '\n';
        return 1;
    }
}
