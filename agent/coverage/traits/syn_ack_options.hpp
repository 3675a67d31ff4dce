#pragma once

#include "agent/coverage/traits/packet_traits.hpp"

#include <string>
#include <vector>

namespace apiary::agent {

/// Rules of nft for a SYN-ACK as this kernel wrote it, which bring its options into the order of the traits: one for
/// each set of options that can have been agreed on and stands in another order. The words of 16 bits stay the same, so
/// the checksum does too. An option that is not with its neighbour is padded with NOPs before it, as the kernel does.
std::vector<std::string> optionOrderRules(const PacketTraits& traits);

}  // namespace apiary::agent
