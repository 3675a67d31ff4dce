#pragma once

#include <functional>
#include <string>

namespace apiary::agent {

/// A file system layer of SQLite over the real one, of which one call of a kind can be made to fail.
class FaultyDisk {
public:
    enum class Call { Sync, Write, Read };

    /// SQLite's name of it, for SpoolSettings::vfs. Registers it at first use.
    static std::string name();

    /// The `nth` call of that kind from now on fails, and `times - 1` after it; what SQLite is told is an I/O error, or
    /// a full disk. A failed sync leaves what was written in place.
    static void fail(Call call, int nth, int times = 1, bool full = false);
    static void heal();

    /// Calls it once, before the `nth` write or sync from now on: what is in the files then is what a kill leaves.
    /// Null: not any more.
    static void before(int nth, std::function<void()> call);

    /// How often a call has failed since fail().
    static int failures();
};

}  // namespace apiary::agent
