#include "tests/support/postgres_fixture.hpp"

#include "collector/store/connection.hpp"
#include "collector/store/migrator.hpp"
#include "common/crypto/digest.hpp"

#include <pqxx/pqxx>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <poll.h>
#include <pwd.h>
#include <stdexcept>
#include <string_view>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

/// libpqxx 6 forgets a result whenever a connection breaks under it, which tests make happen often.
extern "C" const char*
__lsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
    return "leak:libpqxx-6.4.so\n";
}

namespace apiary::test {
namespace {

using collector::Connection;

std::string binaries() {
    for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql")) {
        if (exists(version.path() / "bin" / "initdb")) {
            return (version.path() / "bin").string();
        }
    }
    throw std::runtime_error("no PostgreSQL server in /usr/lib/postgresql: install postgresql-15");
}

/// A private cluster, alive as long as the process.
class Cluster {
public:
    Cluster() {
        std::string folder = "/tmp/apiary-pg-XXXXXX";
        if (mkdtemp(folder.data()) == nullptr) {
            throw std::runtime_error("no temporary folder");
        }
        folder_ = folder;
        if (geteuid() == 0) {
            const passwd* user = getpwnam("postgres");
            if (user == nullptr || chown(folder.c_str(), user->pw_uid, user->pw_gid) != 0) {
                throw std::runtime_error("no user postgres to run the server as");
            }
        }
        const std::string bin = binaries();
        wait(spawn({bin + "/initdb", "-D", folder_ + "/data", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-A",
                    "trust", "--no-sync", "--no-instructions"}));
        server_ = spawn({bin + "/postgres", "-D", folder_ + "/data", "-k", folder_, "-c", "listen_addresses=", "-c",
                         "fsync=off", "-c", "jit=off", "-c", "timezone=UTC", "-c", "shared_buffers=64MB", "-c",
                         "max_connections=40"});
        awaitAnswer();
    }

    ~Cluster() {
        kill(server_, SIGINT);
        waitpid(server_, nullptr, 0);
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;

    std::string address() const { return "host=" + folder_; }

private:
    /// The server notes in its folder when it is ready; each note is a reason to ask.
    void awaitAnswer() const {
        constexpr int kPatience = 30'000;
        const int notes = inotify_init1(IN_CLOEXEC);
        inotify_add_watch(notes, (folder_ + "/data").c_str(), IN_CREATE | IN_MODIFY);
        const std::string asked = address() + " user=postgres dbname=postgres";
        bool answers = false;
        for (bool noted = true; noted && !answers;) {
            answers = PQping(asked.c_str()) == PQPING_OK;
            pollfd note{notes, POLLIN, 0};
            alignas(inotify_event) std::array<char, 4096> events{};
            noted = answers || (poll(&note, 1, kPatience) > 0 && read(notes, events.data(), events.size()) > 0);
        }
        close(notes);
        if (!answers) {
            throw std::runtime_error("the private PostgreSQL does not start, see " + folder_);
        }
    }

    /// Starts a program of the server, never as root; it ends with this process.
    static pid_t spawn(std::vector<std::string> words) {
        std::vector<std::string> command{"setpriv", "--pdeathsig", "QUIT"};
        if (geteuid() == 0) {
            command.insert(command.end(), {"--reuid=postgres", "--regid=postgres", "--init-groups"});
        }
        command.insert(command.end(), words.begin(), words.end());
        std::vector<char*> arguments;
        for (std::string& word : command) {
            arguments.push_back(word.data());
        }
        arguments.push_back(nullptr);
        const pid_t child = fork();
        if (child == 0) {
            const int null = open("/dev/null", O_RDWR);
            for (const int fd : {0, 1, 2}) {
                dup2(null, fd);
            }
            if (chdir("/") == 0) {
                execvp(arguments[0], arguments.data());
            }
            _exit(127);
        }
        return child;
    }

    static void wait(pid_t child) {
        int status = 0;
        if (waitpid(child, &status, 0) != child || status != 0) {
            throw std::runtime_error("initdb failed");
        }
    }

    std::string folder_;
    pid_t server_ = 0;
};

/// Where the cluster is: `host=... port=...`, without user and database.
const std::string& server() {
    static const std::string address = [] {
        if (const char* given = std::getenv("APIARY_TEST_POSTGRES")) {
            std::string pieces;
            const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfoParse(given, nullptr),
                                                                                       &PQconninfoFree);
            for (const PQconninfoOption* option = options.get(); option != nullptr && option->keyword != nullptr;
                 ++option) {
                const std::string_view keyword(option->keyword);
                if (option->val != nullptr && (keyword == "host" || keyword == "port")) {
                    pieces += std::string(keyword) + "=" + option->val + " ";
                }
            }
            return pieces;
        }
        static const Cluster cluster;
        return cluster.address();
    }();
    return address;
}

std::string maintenance() {
    return server() + " user=postgres dbname=postgres";
}

void run(const std::string& statement) {
    Connection connection(maintenance());
    pqxx::nontransaction direct(connection.session());
    direct.exec(statement);
}

template <typename R>
void require(const R& result) {
    if (!result) {
        throw std::runtime_error(result.error());
    }
}

/// The database that the others are copied from, made by whoever needs it first.
const std::string& schemaDatabase() {
    static const std::string name = [] {
        std::string text;
        for (const auto& migration : collector::embeddedMigrations()) {
            text += migration.sql;
        }
        const std::string database = "template_" + hexText(Sha256::of(text)).substr(0, 12);
        Connection connection(maintenance());
        pqxx::nontransaction direct(connection.session());
        direct.exec("SET statement_timeout = 0; SELECT pg_advisory_lock(20170418)");
        if (direct.exec_params("SELECT FROM pg_database WHERE datname = $1", database).empty()) {
            const std::string making = database + "_making";
            direct.exec("DROP DATABASE IF EXISTS " + making);
            const std::string owner = server() + " user=apiary_owner dbname=" + making;
            require(collector::prepareDatabase(maintenance(), owner));
            require(collector::migrate(owner));
            direct.exec("ALTER DATABASE " + making + " RENAME TO " + database);
        }
        return database;
    }();
    return name;
}

}  // namespace

TestDatabase::TestDatabase() {
    static std::atomic<int> count{0};
    server_ = server();
    name_ = "test_" + std::to_string(getpid()) + "_" + std::to_string(++count);
    run("CREATE DATABASE " + name_ + " TEMPLATE " + schemaDatabase());
    require(collector::prepareDatabase(maintenance(), owner()));  // settings of a database are not copied with it
}

TestDatabase::~TestDatabase() {
    for (const char* suffix : {"", "_empty"}) {
        run("DROP DATABASE IF EXISTS " + name_ + suffix + " WITH (FORCE)");
    }
}

std::string TestDatabase::maker() const {
    return maintenance();
}

std::string TestDatabase::ask(const std::string& query) const {
    Connection connection(superuser());
    pqxx::nontransaction direct(connection.session());
    direct.exec("SET default_transaction_read_only = off");
    const pqxx::result result = direct.exec(query);
    return result.empty() || result[0].empty() || result[0][0].is_null() ? "" : result[0][0].c_str();
}

}  // namespace apiary::test
