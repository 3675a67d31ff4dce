#include "collector/store/connection.hpp"

#include <pqxx/basic_connection>
#include <pqxx/connection>
#include <pqxx/except>
#include <pqxx/nontransaction>

#include <algorithm>
#include <string_view>

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
    preset("keepalives_idle", "30");
    return options;
}

/// Throws what the server said in an answer that was not wanted, once it has taken all that follow, as libpq wants.
[[noreturn]] void refuse(PGconn* raw, PGresult* answer) {
    std::unique_ptr<PGresult, decltype(&PQclear)> result(answer, &PQclear);
    const char* code = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    const std::string state = code == nullptr ? "" : code;
    const std::string message = result == nullptr ? "no answer" : PQresultErrorMessage(result.get());
    while (result != nullptr && PQstatus(raw) == CONNECTION_OK) {
        result.reset(PQgetResult(raw));
    }
    if (PQstatus(raw) != CONNECTION_OK) {
        throw pqxx::broken_connection(PQerrorMessage(raw));
    }
    throw pqxx::sql_error(message, "", state.c_str());
}

/// Takes the answers until a COPY wants its rows, or with `wantsRows` false all of them.
void passAnswers(PGconn* raw, bool wantsRows) {
    while (PGresult* result = PQgetResult(raw)) {
        switch (PQresultStatus(result)) {
            case PGRES_TUPLES_OK:
            case PGRES_COMMAND_OK:
                PQclear(result);
                break;
            case PGRES_COPY_IN:
                PQclear(result);
                if (!wantsRows) {
                    throw pqxx::broken_connection("a COPY is still open");
                }
                return;
            default:
                refuse(raw, result);
        }
    }
    if (wantsRows || PQstatus(raw) != CONNECTION_OK) {
        throw pqxx::broken_connection(PQerrorMessage(raw));
    }
}

/// Sends the rows of a COPY that has begun; `piece` are the first ones.
void sendRows(PGconn* raw, CopyRows& rows, std::string_view piece) {
    static constexpr std::string_view kHeader("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
    static constexpr std::string_view kTrailer("\377\377", 2);
    const auto put = [&](std::string_view bytes) {
        return PQputCopyData(raw, bytes.data(), static_cast<int>(bytes.size())) == 1;
    };
    bool sent = put(kHeader);
    for (; sent && !piece.empty(); piece = rows.next()) {
        sent = put(piece);
    }
    // Also when it is memory that lacks here: the COPY stays open, and nothing behind it may be believed. What the
    // server has refused it says in its answers.
    if (!sent || !put(kTrailer) || PQputCopyEnd(raw, nullptr) != 1) {
        throw pqxx::broken_connection(PQerrorMessage(raw));
    }
}

}  // namespace

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

void putQuestion(Connection& connection, const CopyQuestion& question) {
    const auto& [before, copies, after] = question;
    std::string statements = before;
    for (const CopyRows& copy : copies) {
        statements += "COPY " + copy.target() + " FROM STDIN (FORMAT binary);";
    }
    statements += after;
    if (statements.empty()) {
        return;
    }
    PGconn* raw = connection.raw();
    if (PQsendQuery(raw, statements.c_str()) != 1) {
        throw pqxx::broken_connection(PQerrorMessage(raw));
    }
    std::string_view piece = copies.empty() ? std::string_view() : copies.front().next();
    for (std::size_t i = 0; i < copies.size(); ++i) {
        passAnswers(raw, true);
        sendRows(raw, copies[i], piece);
        // The server is still busy with what it has been sent.
        piece = i + 1 < copies.size() ? copies[i + 1].next() : std::string_view();
    }
}

void takeAnswers(Connection& connection) {
    passAnswers(connection.raw(), false);
}

void copyBinary(Connection& connection, const CopyQuestion& question) {
    putQuestion(connection, question);
    takeAnswers(connection);
}

}  // namespace apiary::collector
