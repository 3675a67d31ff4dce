#pragma once

/// How long the list of sessions lets people wait, filter by filter.

#include "proto/apiary/v1/report.grpc.pb.h"
#include "tests/collector/rpc/people_server.hpp"

#include <string>

namespace apiary::bench {

/// Asks for the first page and, where there is one, the second of every term of the filter language, of what a term
/// leaves out, and of the usual combinations, each with a value that is frequent, one that is rare and one that never
/// came, in `day` of loadMillion(). Reports each as report.first-200-NAME and report.second-200-NAME, and how many are
/// `SHORT` at the end. With `only` just those whose name holds it.
void measurePages(test::PeopleServer& server, v1::Report::Stub& stub, const v1::Scope& day, const std::string& only);

}  // namespace apiary::bench
