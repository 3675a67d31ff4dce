#pragma once

#include "common/rpc/credentials.hpp"
#include "console/model/workspace.hpp"
#include "console/view/theme.hpp"

#include <QSize>
#include <QString>

#include <optional>

namespace apiary::console {

/// What the command line asks for.
struct Options {
    std::string collector = "127.0.0.1:7443";
    TlsIdentity identity;
    std::optional<Tone> tone;  // nothing: as it was last time
    QSize size;                // empty: as it was last time
    QString screenshot;        // write the window there when it shows live data, and end
    QString readout;           // write what the window shows there, twice a second
    QString page = QStringLiteral("overview");
    Span span;
};

/// Runs the console until its window is closed; returns the program's exit status. A QApplication must exist.
int runConsole(const Options& options);

}  // namespace apiary::console
