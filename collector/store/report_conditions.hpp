#pragma once

#include "collector/store/report_filter.hpp"
#include "collector/store/report_scope.hpp"

#include <optional>
#include <string>
#include <vector>

namespace apiary::collector {

/// What a filter names that stands in a table of its own; the columns of the sessions themselves are Rows.
enum class Deeds { Rows, Logins, Commands, Artifacts, Texts, Sources };

/// How the sessions of a filter are found. PostgreSQL takes user and secret for independent of each other, so it thinks
/// that popular pairs are rare; it cannot tell how often a text stands in commands; and it does not know that sources
/// which are new came but now.
struct FilterSearch {
    Deeds first = Deeds::Rows;  // these are looked for first, and then their sessions: for what is rare
    bool sourcesHashed =
        false;              // of Sources: too many to look their sessions up, so each session's is looked for in them
    bool oneByOne = false;  // the others are looked for in each session, not joined as PostgreSQL thinks best

    friend bool operator==(const FilterSearch&, const FilterSearch&) = default;
};

/// Conditions that the filter makes, each with AND before it, put together from constants: those on the columns of
/// `apiary.session s`, which indices may answer, and the others. The scope's range and traffic are $1, $2 and $5, the
/// ids of the range $7 and $8; the parameters of the filter are parametersOf(), from $10 on. What must not be so is
/// looked for as the rest.
std::string columnConditionsOf(const SessionFilter& filter, FilterSearch search = {});
/// Of `s` these need session_id, started_at, source, credentials, commands and artifacts; empty if there are none.
std::string otherConditionsOf(const SessionFilter& filter, FilterSearch search = {});

/// `FROM ... c WHERE ...`: the rows, within the scope's range, of what the filter names of that kind; empty if it names
/// none. Sources are those that may be as new, or as old, as the filter says. Same parameters.
std::string deedRows(const SessionFilter& filter, Deeds kind);

/// A condition that holds, and names every parameter of the filter: no statement can leave one out.
std::string everyParameter();

/// As text, null where the filter asks for nothing. `since` is the start of the range in which a source is new.
std::vector<std::optional<std::string>> parametersOf(const SessionFilter& filter, ReportMoment since);

/// How often a session of `apiary.session s` did what the filter names, as a value: tried the logins, or any, typed the
/// commands or offered the artifacts. 0 if the filter names none of them, or several. Same parameters.
std::string timesOf(const SessionFilter& filter);

}  // namespace apiary::collector
