#include "console/model/list_export.hpp"

#include "console/model/session_export.hpp"

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

ListExport::ListExport(CollectorLink& link, QObject* parent) : QObject(parent), link_(link) {
    connect(&link_, &CollectorLink::sessionsArrived, this, [this](quint64 number, const SessionPage& page) {
        if (running() && number == asked_) {
            take(page);
        }
    });
    connect(&link_, &CollectorLink::failed, this, [this](quint64 number, const QString& words) {
        if (running() && number == asked_) {
            end(State::Failed, u"The collector did not send the next page: %1. Nothing was written."_s.arg(words));
        }
    });
    connect(&link_, &CollectorLink::stateChanged, this, [this](const LinkState& state) {
        if (running() && !state.live()) {
            end(State::Failed, u"The collector was lost. Nothing was written; export again when it is back."_s);
        }
    });
}

void ListExport::start(const QString& path, Form form, const Scope& scope, const SessionFilter& filter) {
    if (running()) {
        return;
    }
    path_ = path;
    form_ = form;
    scope_ = scope;
    filter_ = filter;
    rows_ = 0;
    failure_.clear();
    if (!link_.state().live()) {
        end(State::Failed, u"The collector is not connected: export again when it is back."_s);
        return;
    }
    file_ = std::make_unique<QSaveFile>(path);
    if (!file_->open(QIODevice::WriteOnly)) {
        end(State::Failed, u"%1 cannot be written: %2"_s.arg(path, file_->errorString()));
        return;
    }
    state_ = State::Running;
    if (form == Form::Csv && !write(csvHeader())) {
        return;
    }
    ask({});
    Q_EMIT changed();
}

void ListExport::cancel() {
    if (running()) {
        end(State::Cancelled);
    }
}

void ListExport::ask(const SessionKey& before) {
    link_.askSessions(asked_ = link_.nextNumber(), scope_, filter_, before, kPage);
}

void ListExport::take(const SessionPage& page) {
    QByteArray text;
    for (const SessionRow& row : page.rows) {
        text += form_ == Form::Csv ? csvLine(row) : jsonLine(row);
    }
    if (!write(text)) {
        return;
    }
    rows_ += static_cast<quint64>(page.rows.size());
    if (page.more && !page.rows.isEmpty()) {
        ask({page.rows.last().startedUs, page.rows.last().id});
        Q_EMIT changed();
    } else {
        finish();
    }
}

bool ListExport::write(const QByteArray& text) {
    if (file_->write(text) == text.size()) {
        return true;
    }
    end(State::Failed, u"%1 cannot be written: %2"_s.arg(path_, file_->errorString()));
    return false;
}

void ListExport::finish() {
    if (file_->commit()) {
        end(State::Done);
    } else {
        end(State::Failed, u"%1 cannot be written: %2"_s.arg(path_, file_->errorString()));
    }
}

/// Without a commit the temporary file goes with its object.
void ListExport::end(State state, const QString& failure) {
    file_.reset();
    state_ = state;
    failure_ = failure;
    Q_EMIT changed();
}

}  // namespace apiary::console
