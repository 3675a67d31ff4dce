#pragma once

#include <string>

namespace apiary::test {

/// A database of its own for one test, with the whole schema, dropped when the object goes.
///
/// It lives in the cluster that the environment names (APIARY_TEST_POSTGRES: a superuser's connection to a private
/// cluster with trust authentication). Without it the first database starts a private cluster, which ends with the
/// process. The schema is made once for each cluster, and copied.
class TestDatabase {
public:
    TestDatabase();
    ~TestDatabase();

    TestDatabase(const TestDatabase&) = delete;
    TestDatabase& operator=(const TestDatabase&) = delete;

    /// Connection strings, by role.
    std::string superuser() const { return as("postgres"); }
    std::string owner() const { return as("apiary_owner"); }
    std::string writer() const { return as("apiary_writer"); }

    /// The first field of the first row of a query run by the superuser, as text; empty for null or no row.
    std::string ask(const std::string& query) const;

    /// A database without a schema, of the same cluster: its connection string as apiary_owner, and a superuser's to
    /// make it with. It is dropped too.
    std::string emptyOwner() const { return server_ + " user=apiary_owner dbname=" + name_ + "_empty"; }
    std::string maker() const;

private:
    std::string as(const std::string& role) const { return server_ + " user=" + role + " dbname=" + name_; }

    std::string server_;
    std::string name_;
};

}  // namespace apiary::test
