#pragma once

#include "console/model/collector_link.hpp"

namespace apiary::console {

/// The user names and commands that are seen most: what a filter is completed with. `link` must outlive it.
class FilterNames final : public QObject {
    Q_OBJECT

public:
    explicit FilterNames(CollectorLink& link, QObject* parent = nullptr);

    void ask(const Scope& scope);
    /// Escaped as people see them, the most frequent first.
    const QStringList& usernames() const { return usernames_; }
    const QStringList& commands() const { return commands_; }

private:
    CollectorLink& link_;
    QStringList usernames_;
    QStringList commands_;
    quint64 askedLogins_ = 0;
    quint64 askedCommands_ = 0;
};

}  // namespace apiary::console
