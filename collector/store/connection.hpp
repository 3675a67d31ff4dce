#pragma once

#include "collector/store/copy_rows.hpp"

#include <pqxx/connection_base>

#include <cstddef>
#include <exception>
#include <libpq-fe.h>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::collector {

/// Whether it says that there is no database, or none any more. Anything else is about what was asked of it.
bool saysNoDatabase(const std::exception& failure);

/// What libpq says, which may take several lines, in one.
std::string inOneLine(std::string_view text);

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
    std::string before;  ///< statements, each ended by a semicolon
    std::vector<CopyRows> copies;
    std::string after;  ///< as `before`
};

/// A question that is put to the server without waiting for it: whoever has two of them, on two connections, keeps both
/// servers busy. First `before`, then the rows by binary COPY, table by table, then `after`: a small transaction spends
/// its time on its way to and fro. To be put while a pqxx::work is open on the connection, or a pqxx::nontransaction,
/// when `before` may begin a transaction and `after` commit it.
///
/// Nothing else may be asked of the connection until it is answered; who drops it before must drop the connection.
/// `connection`, and what the rows refer to, must outlive it.
class Question {
public:
    /// Sends nothing but what fits without waiting. Throws as advance().
    Question(Connection& connection, CopyQuestion question);

    Question(const Question&) = delete;
    Question& operator=(const Question&) = delete;

    /// Goes on as far as it can without waiting; true when all is answered. Throws pqxx::sql_error with the SQLSTATE
    /// when the server refuses a statement or a row, pqxx::broken_connection when it is gone.
    bool advance();

    /// Rows of the last statement that gave any. Only when it is answered; null if there was none.
    const PGresult* rows() const { return rows_.get(); }

    /// Waits until one of them can go on, or 100 ms; the second may be null. A server cuts off by itself what takes it
    /// too long.
    static void awaitAny(const Question& one, const Question* other);

private:
    using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

    bool flush();
    bool feed();
    void put(std::string_view bytes);
    bool answered();

    PGconn* raw_;
    CopyQuestion question_;
    std::size_t next_ = 0;  // of the copies
    bool feeding_ = false;  // the one before next_
    bool unsent_ = false;
    bool done_ = false;
    Result rows_{nullptr, &PQclear};
};

/// Puts a question and waits until it is answered.
void copyBinary(Connection& connection, CopyQuestion question);

}  // namespace apiary::collector
