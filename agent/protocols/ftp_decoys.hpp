#pragma once

#include "agent/protocols/ftp_files.hpp"

#include <cstdint>

namespace apiary::agent {

/// What a small office left on its file server: about a dozen files in six directories, one of them some 100 kB, all
/// more than a year old. Names, dates and contents follow from the sensor's seed. Everybody may write into /incoming,
/// but not into the root: vsftpd lets nobody in as anonymous whose root is writable.
FtpFiles::Nodes ftpDecoys(std::uint64_t sensorSeed);

}  // namespace apiary::agent
