#pragma once

namespace apiary::agent {

/// What programs find set at the terminal, and stty changes.
struct ShellTerminal {
    unsigned columns = 0;  // 0: the user's side has not said
    unsigned rows = 0;
    bool echoes = true;
    bool expandsTabs = true;
};

}  // namespace apiary::agent
