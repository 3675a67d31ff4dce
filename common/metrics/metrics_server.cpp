#include "common/metrics/metrics_server.hpp"

#include "common/log/log.hpp"
#include "common/net/address.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <utility>

namespace apiary {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kConnections = 16;
constexpr std::uint32_t kLongestHead = 8192;
constexpr auto kPatience = std::chrono::seconds(10);
constexpr auto kListenAgain = std::chrono::seconds(10);
constexpr auto kAcceptAgain = std::chrono::milliseconds(100);  // when there are no descriptors

tcp::endpoint asioEndpoint(const Endpoint& endpoint) {
    if (const auto v4 = endpoint.v4()) {
        return {asio::ip::address_v4(*v4), endpoint.port};
    }
    return {asio::ip::address_v6(endpoint.address), endpoint.port};
}

using Request = http::request<http::empty_body>;
using Response = http::response<http::string_body>;

Response answer(const Request& request, const MetricsServer::Page& page) {
    Response response(http::status::ok, request.version());
    response.set(http::field::content_type, "text/plain; charset=utf-8");
    response.set(http::field::cache_control, "no-store");
    const auto target = request.target().substr(0, request.target().find('?'));
    if (request.method() != http::verb::get && request.method() != http::verb::head) {
        response.result(http::status::method_not_allowed);
        response.set(http::field::allow, "GET, HEAD");
        response.body() = "there is nothing here but GET /metrics\n";
    } else if (target != "/metrics") {
        response.result(http::status::not_found);
        response.body() = "the figures are at /metrics\n";
    } else {
        try {
            response.body() = page();
            response.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
        } catch (const std::exception& failure) {
            log::warn(std::string("metrics: the figures cannot be collected: ") + failure.what());
            response.result(http::status::internal_server_error);
            response.body() = "the figures cannot be collected now; the program's log says why\n";
        }
    }
    response.keep_alive(request.keep_alive());
    response.prepare_payload();
    if (request.method() == http::verb::head) {
        response.body().clear();  // the length stays
    }
    return response;
}

/// One connection. Lives while a handler refers to it.
class Visit : public std::enable_shared_from_this<Visit> {
public:
    Visit(tcp::socket socket, const MetricsServer::Page& page, std::size_t& visits)
        : stream_(std::move(socket)), page_(page), visits_(visits) {
        ++visits_;
    }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;
    ~Visit() { --visits_; }

    void read() {
        parser_.emplace();
        parser_->header_limit(kLongestHead);
        stream_.expires_after(kPatience);
        http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
            if (!error) {
                self->write();
            }
        });
    }

private:
    void write() {
        response_ = answer(parser_->get(), page_);
        stream_.expires_after(kPatience);
        http::async_write(stream_, response_, [self = shared_from_this()](error_code error, std::size_t) {
            if (!error && self->response_.keep_alive()) {
                self->read();
            } else if (!error) {
                error_code gone;
                self->stream_.socket().shutdown(tcp::socket::shutdown_send, gone);
            }
        });
    }

    beast::tcp_stream stream_;
    beast::flat_buffer buffer_{std::size_t{2} * kLongestHead};
    std::optional<http::request_parser<http::empty_body>> parser_;
    Response response_;
    const MetricsServer::Page& page_;
    std::size_t& visits_;
};

}  // namespace

class MetricsServer::Impl {
public:
    Impl(const Endpoint& listen, Page page) : listen_(listen), page_(std::move(page)) { failure_ = open(); }

    Result<Endpoint> listening() const {
        if (!failure_.empty()) {
            return Error{failure_};
        }
        Endpoint bound = listen_;
        error_code none;
        bound.port = acceptor_.local_endpoint(none).port();
        return bound;
    }

    void run() {
        if (failure_.empty()) {
            accept();
        } else {
            listenLater();
        }
        io_.run();
    }

    void close() {
        asio::post(io_, [this] { io_.stop(); });
    }

private:
    /// Empty, or why it cannot.
    std::string open() {
        error_code error;
        const tcp::endpoint endpoint = asioEndpoint(listen_);
        acceptor_.open(endpoint.protocol(), error);
        if (!error) {
            acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
        }
        if (!error) {
            acceptor_.bind(endpoint, error);
        }
        if (!error) {
            acceptor_.listen(static_cast<int>(kConnections), error);
        }
        if (!error) {
            return {};
        }
        error_code none;
        acceptor_.close(none);
        return "cannot show figures on " + endpointText(listen_) + ": " + error.message() +
               "; give metrics another address, or \"off\"";
    }

    void listenLater() {
        timer_.expires_after(kListenAgain);
        timer_.async_wait([this](error_code error) {
            if (error) {
                return;
            }
            failure_ = open();
            if (failure_.empty()) {
                log::info("metrics: figures are on http://" + endpointText(listen_) + "/metrics now");
                accept();
            } else {
                listenLater();
            }
        });
    }

    void accept() {
        acceptor_.async_accept([this](error_code error, tcp::socket socket) {
            if (error) {
                timer_.expires_after(kAcceptAgain);
                timer_.async_wait([this](error_code aborted) {
                    if (!aborted) {
                        accept();
                    }
                });
                return;
            }
            if (visits_ < kConnections) {
                std::make_shared<Visit>(std::move(socket), page_, visits_)->read();
            }
            accept();
        });
    }

    const Endpoint listen_;
    const Page page_;
    std::size_t visits_ = 0;  // outlives the handlers, which the context destroys
    asio::io_context io_{1};
    tcp::acceptor acceptor_{io_};
    asio::steady_timer timer_{io_};
    std::string failure_;
};

MetricsServer::MetricsServer(const Endpoint& listen, Page page)
    : impl_(std::make_unique<Impl>(listen, std::move(page))) {}

MetricsServer::~MetricsServer() = default;

Result<Endpoint> MetricsServer::listening() const {
    return impl_->listening();
}

void MetricsServer::run() {
    impl_->run();
}

void MetricsServer::close() {
    impl_->close();
}

}  // namespace apiary
