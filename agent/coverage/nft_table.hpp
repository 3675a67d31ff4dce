#pragma once

#include "agent/coverage/nft_complaint.hpp"
#include "common/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace apiary::agent {

/// One table of nftables, of the family inet, told from somebody else's of the same name by its comment. Uses the
/// program `nft`.
class NftTable {
public:
    NftTable(std::string_view name, std::string_view comment) : name_(name), comment_(comment) {}

    /// As nft lists it; empty if there is none. An Error if somebody else has a table of that name.
    Result<std::string> text() const;

    /// Takes it away, whosever it is.
    Status remove() const;

    /// Has the kernel take rules, or all or nothing of them.
    static Status take(const std::string& rules);

    /// Has the kernel look at rules without taking them: what is wrong with them, or nothing. An Error if nobody
    /// looked.
    static Result<std::optional<NftComplaint>> consider(const std::string& rules);

private:
    std::string name_;
    std::string comment_;
};

}  // namespace apiary::agent
