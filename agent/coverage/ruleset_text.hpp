#pragma once

#include "agent/hosts/address_range.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace apiary::agent {

/// Lines of a ruleset of nft, indented by the braces that are open.
class RulesetText {
public:
    void line(const std::string& words);
    std::string take() { return std::move(text_); }

private:
    std::string text_;
    std::size_t depth_ = 0;
};

/// What is done with packets of some addresses: "goto persona_0".
struct AddressVerdict {
    AddressRange addresses;
    std::string verdict;
};

/// An element of an interval set: no network where a range does, so that each is one element.
std::string elementText(const AddressRange& range);

/// Writes the map `name` from addresses of one family to verdicts. It has one element for each range, however large.
void writeVerdicts(RulesetText& text, const std::string& name, const std::vector<AddressVerdict>& verdicts, bool v4);

}  // namespace apiary::agent
