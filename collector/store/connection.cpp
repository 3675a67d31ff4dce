#include "collector/store/connection.hpp"

#include <pqxx/basic_connection>
#include <pqxx/connection>
#include <pqxx/except>
#include <pqxx/nontransaction>

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>
#include <string_view>
#include <system_error>
#include <utility>

namespace apiary::collector {
namespace {

/// Opens the connection as libpqxx does, and notes the handle, which libpqxx 6 shows to connection policies only.
struct NotingConnect : pqxx::connect_direct {
    explicit NotingConnect(const std::string& options) : pqxx::connect_direct(options) {}

    handle do_startconnect(handle before) override {
        const handle opened = pqxx::connect_direct::do_startconnect(before);
        latest = opened;
        return opened;
    }

    static thread_local PGconn* latest;
};
thread_local PGconn* NotingConnect::latest = nullptr;

std::string complete(const std::string& dsn, const std::string& program) {
    std::string options = dsn;
    const auto preset = [&](std::string_view name, const std::string& value) {
        if (dsn.find(std::string(name) + "=") == std::string::npos) {
            options += " " + std::string(name) + "=" + value;
        }
    };
    if (dsn.starts_with("postgresql://") || dsn.starts_with("postgres://")) {
        return dsn;  // an address of this form says everything itself
    }
    preset("connect_timeout", "5");
    preset("application_name", "'" + program + "'");
    // A server whose machine is gone answers nothing: known within a minute, and not a quarter of an hour.
    preset("keepalives_idle", "30");
    preset("keepalives_interval", "10");
    preset("keepalives_count", "3");
    preset("tcp_user_timeout", "60000");
    return options;
}

constexpr std::array<std::string_view, 3> kShuttingDown{"57P01", "57P02", "57P03"};

// A connection with TLS may hold bytes that its socket does not show any more.
constexpr int kLook = 100;  // ms

/// Throws what the server said in an answer that was not wanted, once it has taken all that follow, as libpq wants.
[[noreturn]] void refuse(PGconn* raw, PGresult* answer) {
    std::unique_ptr<PGresult, decltype(&PQclear)> result(answer, &PQclear);
    const char* code = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    const std::string state = code == nullptr ? "" : code;
    const std::string message = result == nullptr ? "no answer" : PQresultErrorMessage(result.get());
    while (result != nullptr && PQstatus(raw) == CONNECTION_OK) {
        result.reset(PQgetResult(raw));
    }
    PQsetnonblocking(raw, 0);
    if (PQstatus(raw) != CONNECTION_OK) {
        throw pqxx::broken_connection(PQerrorMessage(raw));
    }
    throw pqxx::sql_error(message, "", state.c_str());
}

}  // namespace

bool saysNoDatabase(const std::exception& failure) {
    if (const auto* refused = dynamic_cast<const pqxx::sql_error*>(&failure)) {
        return std::ranges::find(kShuttingDown, refused->sqlstate()) != kShuttingDown.end();
    }
    return dynamic_cast<const pqxx::broken_connection*>(&failure) != nullptr ||
           dynamic_cast<const pqxx::in_doubt_error*>(&failure) != nullptr;
}

std::string inOneLine(std::string_view text) {
    std::string line;
    for (std::size_t at = 0; at < text.size();) {
        at = std::min(text.find_first_not_of("\n\t ", at), text.size());
        const auto end = std::min(text.find('\n', at), text.size());
        line += (line.empty() || at == end ? "" : "; ") + std::string(text.substr(at, end - at));
        at = end;
    }
    return line;
}

class Connection::Exposed : public pqxx::basic_connection_base<NotingConnect> {
public:
    explicit Exposed(const std::string& options)
        : pqxx::basic_connection_base<NotingConnect>(options), raw_(NotingConnect::latest) {}

    PGconn* raw() const { return raw_; }

private:
    PGconn* raw_;
};

Connection::Connection(const std::string& dsn, const std::string& program)
    : exposed_(std::make_unique<Exposed>(complete(dsn, program))) {
    pqxx::nontransaction settings(*exposed_, "settings");
    settings.exec("SET statement_timeout = '60s'; SET client_min_messages = warning");
    settings.commit();
}

Connection::~Connection() = default;

pqxx::connection_base& Connection::session() {
    return *exposed_;
}

PGconn* Connection::raw() const {
    return exposed_->raw();
}

Question::Question(Connection& connection, CopyQuestion question)
    : raw_(connection.raw()), question_(std::move(question)) {
    std::string statements = std::move(question_.before);
    for (const CopyRows& copy : question_.copies) {
        statements += "COPY " + copy.target() + " FROM STDIN (FORMAT binary);";
    }
    statements += question_.after;
    if (statements.empty()) {
        done_ = true;
        return;
    }
    if (PQsetnonblocking(raw_, 1) != 0 || PQsendQuery(raw_, statements.c_str()) != 1) {
        throw pqxx::broken_connection(PQerrorMessage(raw_));
    }
    flush();
}

bool Question::advance() {
    while (!done_) {
        if (feeding_ ? !feed() : !answered()) {
            return false;
        }
    }
    return true;
}

/// True when nothing is left that the server has not taken.
bool Question::flush() {
    const int left = PQflush(raw_);
    if (left < 0) {
        throw pqxx::broken_connection(PQerrorMessage(raw_));
    }
    unsent_ = left > 0;
    return !unsent_;
}

/// Also when it is memory that lacks here: the COPY stays open, and nothing behind it may be believed.
void Question::put(std::string_view bytes) {
    if (PQputCopyData(raw_, bytes.data(), static_cast<int>(bytes.size())) != 1) {
        throw pqxx::broken_connection(PQerrorMessage(raw_));
    }
}

/// Sends rows of the COPY that has begun, and its end; false while the server takes no more. What it has refused it
/// says in its answers.
bool Question::feed() {
    static constexpr std::string_view kTrailer("\377\377", 2);
    CopyRows& rows = question_.copies[next_ - 1];
    for (;;) {
        if (!flush()) {
            if (PQconsumeInput(raw_) != 1) {
                throw pqxx::broken_connection(PQerrorMessage(raw_));
            }
            return false;
        }
        const std::string_view piece = rows.next();
        if (piece.empty()) {
            break;
        }
        put(piece);
    }
    put(kTrailer);
    if (PQputCopyEnd(raw_, nullptr) != 1) {
        throw pqxx::broken_connection(PQerrorMessage(raw_));
    }
    feeding_ = false;
    return true;
}

/// Takes one answer; false if none is there.
bool Question::answered() {
    static constexpr std::string_view kHeader("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
    flush();
    if (PQconsumeInput(raw_) != 1) {
        throw pqxx::broken_connection(PQerrorMessage(raw_));
    }
    if (PQisBusy(raw_) != 0) {
        return false;
    }
    Result result(PQgetResult(raw_), &PQclear);
    if (result == nullptr) {
        if (next_ < question_.copies.size() || PQstatus(raw_) != CONNECTION_OK || PQsetnonblocking(raw_, 0) != 0) {
            throw pqxx::broken_connection(PQerrorMessage(raw_));
        }
        done_ = true;
        return true;
    }
    switch (PQresultStatus(result.get())) {
        case PGRES_TUPLES_OK:
            rows_ = std::move(result);
            return true;
        case PGRES_COMMAND_OK:
            return true;
        case PGRES_COPY_IN:
            put(kHeader);
            feeding_ = true;
            ++next_;
            return true;
        default:
            refuse(raw_, result.release());
    }
}

void Question::awaitAny(const Question& one, const Question* other) {
    std::array<pollfd, 2> sockets{};
    nfds_t count = 0;
    for (const Question* question : {&one, other}) {
        if (question != nullptr && !question->done_) {
            sockets.at(count++) = {.fd = PQsocket(question->raw_),
                                   .events = static_cast<short>(POLLIN | (question->unsent_ ? POLLOUT : 0)),
                                   .revents = 0};
        }
    }
    while (count > 0 && poll(sockets.data(), count, kLook) < 0) {
        if (errno != EINTR) {
            throw pqxx::broken_connection("poll: " + std::generic_category().message(errno));
        }
    }
}

void copyBinary(Connection& connection, CopyQuestion asked) {
    Question question(connection, std::move(asked));
    while (!question.advance()) {
        Question::awaitAny(question, nullptr);
    }
}

}  // namespace apiary::collector
