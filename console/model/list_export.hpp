#pragma once

#include "console/model/collector_link.hpp"

#include <QSaveFile>

#include <memory>

namespace apiary::console {

/// Writes all sessions that a query finds into a file, page after page as the collector sends them. The file has its
/// name only once it is whole; what is cut short leaves the old one as it was. One export at a time; `link` must
/// outlive it.
class ListExport final : public QObject {
    Q_OBJECT

public:
    enum class Form { Csv, JsonLines };
    enum class State { Idle, Running, Done, Cancelled, Failed };

    static constexpr int kPage = 1000;

    explicit ListExport(CollectorLink& link, QObject* parent = nullptr);

    void start(const QString& path, Form form, const Scope& scope, const SessionFilter& filter);
    void cancel();

    State state() const { return state_; }
    bool running() const { return state_ == State::Running; }
    quint64 rows() const { return rows_; }
    const QString& path() const { return path_; }
    /// Why it failed, and what to do.
    const QString& failure() const { return failure_; }

Q_SIGNALS:
    void changed();

private:
    void ask(const SessionKey& before);
    void take(const SessionPage& page);
    bool write(const QByteArray& text);
    void finish();
    void end(State state, const QString& failure = {});

    CollectorLink& link_;
    std::unique_ptr<QSaveFile> file_;
    QString path_;
    Form form_ = Form::Csv;
    Scope scope_;
    SessionFilter filter_;
    State state_ = State::Idle;
    QString failure_;
    quint64 rows_ = 0;
    quint64 asked_ = 0;
};

}  // namespace apiary::console
