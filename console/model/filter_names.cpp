#include "console/model/filter_names.hpp"

namespace apiary::console {

namespace {

constexpr int kNames = 50;

}  // namespace

FilterNames::FilterNames(CollectorLink& link, QObject* parent) : QObject(parent), link_(link) {
    connect(&link_, &CollectorLink::topArrived, this, [this](quint64 number, const QList<TopEntry>& entries) {
        if (number == askedLogins_) {
            usernames_.clear();
            for (const TopEntry& entry : entries) {
                if (!entry.username.isEmpty() && !usernames_.contains(entry.username)) {
                    usernames_.append(entry.username);
                }
            }
        } else if (number == askedCommands_) {
            commands_.clear();
            for (const TopEntry& entry : entries) {
                commands_.append(QString::fromUtf8(entry.key));
            }
        }
    });
}

void FilterNames::ask(const Scope& scope) {
    if (link_.state().live()) {
        link_.askTop(askedLogins_ = link_.nextNumber(), scope, TopField::Credential, kNames);
        link_.askTop(askedCommands_ = link_.nextNumber(), scope, TopField::Command, kNames);
    }
}

}  // namespace apiary::console
