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

/// Takes a result that should be `wanted`. Otherwise takes all that follow too, as libpq wants, and throws what the
/// server said.
void take(PGconn* raw, ExecStatusType wanted, const std::string& statement) {
    std::unique_ptr<PGresult, decltype(&PQclear)> result(PQgetResult(raw), &PQclear);
    if (result != nullptr && PQresultStatus(result.get()) == wanted) {
        return;
    }
    const char* code = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    const std::string state = code == nullptr ? "" : code;
    const std::string message = result == nullptr ? "no answer" : PQresultErrorMessage(result.get());
    while (result != nullptr && PQstatus(raw) == CONNECTION_OK) {
        result.reset(PQgetResult(raw));
    }
    if (PQstatus(raw) != CONNECTION_OK) {
        throw pqxx::broken_connection(PQerrorMessage(raw));
    }
    throw pqxx::sql_error(message, statement, state.c_str());
}

/// Sends the rows of a COPY that has begun.
void sendRows(PGconn* raw, std::string_view rows) {
    static constexpr std::string_view kHeader("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
    static constexpr std::string_view kTrailer("\377\377", 2);
    static constexpr std::size_t kPiece = 65536;
    const auto put = [&](std::string_view bytes) {
        return PQputCopyData(raw, bytes.data(), static_cast<int>(bytes.size())) == 1;
    };
    bool sent = put(kHeader);
    for (std::size_t at = 0; sent && at < rows.size(); at += kPiece) {
        sent = put(rows.substr(at, kPiece));
    }
    sent = sent && put(kTrailer);
    // A server that has refused already says why in the results; a failed send is only told apart there.
    if ((!sent || PQputCopyEnd(raw, nullptr) != 1) && PQstatus(raw) != CONNECTION_OK) {
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

void copyBinary(Connection& connection, std::span<const CopyRows> copies) {
    std::string statements;
    for (const CopyRows& copy : copies) {
        statements += "COPY " + copy.target() + " FROM STDIN (FORMAT binary);";
    }
    PGconn* raw = connection.raw();
    if (statements.empty()) {
        return;
    }
    if (PQsendQuery(raw, statements.c_str()) != 1) {
        throw pqxx::broken_connection(PQerrorMessage(raw));
    }
    for (const CopyRows& copy : copies) {
        take(raw, PGRES_COPY_IN, statements);
        sendRows(raw, copy.encoded());
        take(raw, PGRES_COMMAND_OK, statements);
    }
    while (PGresult* rest = PQgetResult(raw)) {
        PQclear(rest);
    }
    if (PQstatus(raw) != CONNECTION_OK) {
        throw pqxx::broken_connection(PQerrorMessage(raw));
    }
}

}  // namespace apiary::collector
