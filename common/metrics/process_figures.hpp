#pragma once

#include "common/metrics/metrics_page.hpp"

namespace apiary {

/// Adds what Prometheus' own clients tell of their process, under the same names: `process_open_fds`,
/// `process_max_fds`, `process_resident_memory_bytes`, `process_cpu_seconds_total`, `process_start_time_seconds`,
/// `process_threads`. What the kernel does not tell is left out.
void addProcessFigures(MetricsPage& page);

}  // namespace apiary
