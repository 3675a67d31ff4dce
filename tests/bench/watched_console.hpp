#pragma once

#include "console/app.hpp"

#include <chrono>

namespace apiary::bench {

/// Runs the console as its main() does, in this process and without a screen, and prints lines `watched NAME VALUE` in
/// milliseconds: `first-paint`, from `started` until the figures and the chart of the Overview stand painted. With
/// `work`, also for each thing that a person looks at or does for some seconds, the longest time in which the thread of
/// the window took no event. Returns the status of the program, 0. A QApplication must exist.
int watchConsole(const console::Options& options, std::chrono::steady_clock::time_point started, bool work);

}  // namespace apiary::bench
