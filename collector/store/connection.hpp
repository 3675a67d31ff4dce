#pragma once

#include "collector/store/copy_rows.hpp"

#include <pqxx/connection_base>

#include <libpq-fe.h>
#include <memory>
#include <span>
#include <string>

namespace apiary::collector {

/// A connection to PostgreSQL, open as long as the object lives. Belongs to one thread.
///
/// After pqxx::broken_connection or pqxx::in_doubt_error destroy it: libpqxx would connect again by itself, without
/// the session's settings.
class Connection {
public:
    /// Connects within 5 seconds, or throws pqxx::broken_connection. Statements are cut off after a minute.
    explicit Connection(const std::string& dsn, const std::string& program = "apiary-collector");
    ~Connection();

    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// For pqxx::work, pqxx::nontransaction, prepare().
    pqxx::connection_base& session();

    /// For copyBinary(), between the statements of a pqxx::work or a pqxx::nontransaction. Never commit or roll back a
    /// pqxx::work here: libpqxx would not know.
    PGconn* raw() const;

private:
    class Exposed;
    std::unique_ptr<Exposed> exposed_;
};

/// What is put to the server as one question.
struct CopyQuestion {
    std::string before;  ///< statements, each ended by a semicolon, whose answers nobody needs
    std::span<CopyRows> copies;
    std::string after;  ///< as `before`
};

/// Puts the question, its rows included, and returns while the server is still busy with the end of it: takeAnswers()
/// must follow before anything else is asked of the connection. Else as copyBinary().
void putQuestion(Connection& connection, const CopyQuestion& question);

/// Waits until the server has answered all that was put to it. Throws as copyBinary() does.
void takeAnswers(Connection& connection);

/// Adds the rows to their tables by binary COPY, one after the other, with one question for all: a small transaction
/// spends its time on its way to and fro. To be called while a pqxx::work is open on the connection, or a
/// pqxx::nontransaction, when `before` may begin a transaction and `after` commit it. Throws pqxx::sql_error with the
/// SQLSTATE when the server refuses a statement or a row, pqxx::broken_connection when it is gone.
void copyBinary(Connection& connection, const CopyQuestion& question);

}  // namespace apiary::collector
