#pragma once

#include <string_view>

namespace apiary::agent {

/// Counts the hosts that a message says it has passed, as Postfix does to find mail that goes round in circles: the
/// Received fields of its own header, and the one that this host would add.
class SmtpHops {
public:
    /// The next record of the message, without its end and without the dot that hides one. `begins` is false for what
    /// goes on of a line that is longer than a record.
    void take(std::string_view record, bool begins);

    /// hopcount_limit is reached.
    bool tooMany() const;

private:
    unsigned received_ = 1;
    bool first_ = true;  // nothing has come but lines of a mailbox file, "From somebody …"
    bool header_ = true;
};

}  // namespace apiary::agent
