#pragma once

#include "agent/probes/probe_watch.hpp"

#include <linux/filter.h>
#include <vector>

namespace apiary::agent {

/// The program by which the kernel chooses frames of a packet socket (classic BPF): those to the plan's hosts that are
/// TCP, UDP or ICMP, and of TCP to ports of services not the segments that carry data; the same of what is for the
/// machine itself, if that is watched. Frames for other stations are left out where no host has one. It may let more
/// through than is watched, never less: of many ranges neighbours are joined, IPv6 ranges are taken as networks, and
/// tagged frames all pass. At most 4,096 instructions. What passes is cut to kSnapBytes.
std::vector<sock_filter> kernelFilter(const WatchedHosts& hosts);

}  // namespace apiary::agent
