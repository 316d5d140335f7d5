#include "latentpath/explore/explore_server.h"

#include <httplib.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <string_view>
#include <thread>

#include "latentpath/core/error.h"
#include "latentpath/core/exception_sentence.h"
#include "report/embedded_page.h"

namespace latentpath {
namespace {

using httplib::Request;
using httplib::Response;
using nlohmann::json;
using namespace std::chrono_literals;

constexpr const char* kHost = "127.0.0.1";
constexpr size_t kMostBytes = 512 << 10;  // of a request: two ends of 10 000 coordinates
constexpr size_t kLongestPath = 100;
constexpr size_t kThreads = 2 * ExploreSession::kMostPages + 8;  // a page's messages keep one
constexpr int64_t kMostSamples = 48;
constexpr int64_t kMostNumber = 1'000'000'000;

/// 128 random bits, as text.
std::string random_token() {
  std::array<unsigned char, 16> bytes{};
  LATENTPATH_CHECK(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()),
                   kNumerical, "the system gives no random numbers for the page's address");
  std::string token;
  for (const unsigned char byte : bytes) {
    token += "0123456789abcdef"[byte >> 4];
    token += "0123456789abcdef"[byte & 15];
  }
  return token;
}

/// In a time that does not tell how much of it is right.
bool same_token(std::string_view given, std::string_view token) {
  unsigned char differ = given.size() == token.size() ? 0 : 1;
  for (size_t i = 0; i < token.size(); ++i)
    differ = static_cast<unsigned char>(differ | ((i < given.size() ? given[i] : '\0') ^ token[i]));
  return differ == 0;
}

void refuse(Response& response, int status, const std::string& sentence) {
  response.status = status;
  response.set_content(json{{"error", sentence}}.dump(-1, ' ', true, json::error_handler_t::replace),
                       "application/json");
}

void answer(Response& response, const json& document) {
  response.set_content(document.dump(-1, ' ', true, json::error_handler_t::replace), "application/json");
}

httplib::Headers safe_headers() {
  return {{"Cache-Control", "no-store"},
          {"Content-Security-Policy",
           "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
           "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
          {"Cross-Origin-Opener-Policy", "same-origin"},
          {"Cross-Origin-Resource-Policy", "same-origin"},
          {"Referrer-Policy", "no-referrer"},
          {"X-Content-Type-Options", "nosniff"},
          {"X-Frame-Options", "DENY"}};
}

}  // namespace

bool has_explore_page() noexcept { return !embedded_explore_page().empty(); }

struct ExploreServer::Http {
  explicit Http(ExploreSession& answers) : session(answers) {}

  ExploreSession& session;
  httplib::Server server;
  std::string token = random_token(), address;
  int port = 0;

  bool admits(const Request& request, Response& response) const;
  void route();
  void send_messages(Response& response);
  template <class Serve>
  httplib::Server::Handler json_handler(Serve serve) const;
};

/// Whether a request comes from our own page; else it is refused.
bool ExploreServer::Http::admits(const Request& request, Response& response) const {
  const std::string own = ":" + std::to_string(port);
  const auto is_ours = [&](const std::string& text, const std::string& before) {
    return text == before + kHost + own || text == before + "localhost" + own;
  };
  const std::string host = request.get_header_value("Host");
  const std::string origin = request.get_header_value("Origin");
  const std::string site = request.get_header_value("Sec-Fetch-Site");
  if (request.get_header_value_count("Host") != 1 || !is_ours(host, "")) {
    refuse(response, 403, "this page is for this machine alone: the request names another host");
    return false;
  }
  if ((request.has_header("Origin") && !is_ours(origin, "http://")) ||
      (!site.empty() && site != "same-origin" && site != "none")) {
    refuse(response, 403, "the request comes from another page");
    return false;
  }
  const size_t slash = request.path.find('/', 1);
  if (request.path.size() > kLongestPath || request.path[0] != '/' || slash == std::string::npos ||
      !same_token(std::string_view(request.path).substr(1, slash - 1), token)) {
    refuse(response, 404, "there is nothing at this address: open the one that the program printed");
    return false;
  }
  // Of others the library would wait for a body.
  if (request.method != "GET" && request.method != "HEAD" && request.method != "POST") {
    response.set_header("Allow", "GET, HEAD, POST");
    response.set_header("Connection", "close");
    refuse(response, 405, "only GET, HEAD and POST are answered");
    return false;
  }
  return true;
}

/// A request with a JSON body, answered by a document.
template <class Serve>
httplib::Server::Handler ExploreServer::Http::json_handler(Serve serve) const {
  return [serve](const Request& request, Response& response) {
    try {
      if (request.get_header_value("Content-Type").rfind("application/json", 0) != 0)
        return refuse(response, 415, "a request must be application/json");
      const json body = parse_request(request.body);
      RequestFields fields(body);
      answer(response, serve(fields));
    } catch (const Error& error) {
      refuse(response, error.kind() == ErrorKind::kArgument || error.kind() == ErrorKind::kInput ? 400 : 500,
             option_names_as_dashes(error.what()));
    } catch (const std::exception& error) {
      refuse(response, 500, exception_sentence(error));
    }
  };
}

/// The messages of a page that joins now, until either side leaves.
void ExploreServer::Http::send_messages(Response& response) {
  ExploreSession::Page page;
  try {
    page = session.join();
  } catch (const Error& error) {
    return refuse(response, 503, error.what());
  }
  const auto send = [mailbox = page.mailbox, client = page.client](size_t offset, httplib::DataSink& sink) {
    if (offset == 0) {
      const std::string hello = "event: hello\ndata: {\"client\": " + std::to_string(client) + "}\n\n";
      return sink.write(hello.data(), hello.size());
    }
    const auto message = mailbox->take(100ms);
    if (!message) {
      if (mailbox->closed()) {
        sink.done();
        return true;
      }
      return sink.is_writable();
    }
    const std::string text = "event: " + message->event + "\ndata: " + message->data + "\n\n";
    return sink.write(text.data(), text.size());
  };
  const auto leave = [this, client = page.client](bool) { session.leave(client); };
  response.set_chunked_content_provider("text/event-stream", send, leave);
}

void ExploreServer::Http::route() {
  const std::string base = "/" + token + "/";
  server.Get(base, [](const Request&, Response& response) {
    const std::string_view page = embedded_explore_page();
    response.set_content(page.data(), page.size(), "text/html; charset=utf-8");
  });
  server.Get(base + "state",
             [this](const Request&, Response& response) { answer(response, session.state()); });
  server.Get(base + "messages", [this](const Request&, Response& response) { send_messages(response); });
  server.Post(base + "samples", json_handler([this](RequestFields& fields) {
                const int64_t first = fields.integer("first", 0, kMostNumber);
                const int64_t count = fields.integer("count", 1, kMostSamples);
                fields.finish();
                return session.samples(first, count);
              }));
  server.Post(base + "ask", json_handler([this](RequestFields& fields) {
                const int64_t client = fields.integer("client", 1, kMostNumber);
                const int64_t number = fields.integer("number", 0, kMostNumber);
                const Question question = read_question(fields, session.question_context());
                fields.finish();
                session.ask(client, number, question);
                return json{{"number", number}};
              }));
  server.Post(base + "export", json_handler([this](RequestFields& fields) {
                const int64_t client = fields.integer("client", 1, kMostNumber);
                const int64_t number = fields.integer("number", 0, kMostNumber);
                const Question question = read_question(fields, session.question_context());
                const std::string name = read_run_name(fields);
                fields.finish();
                session.export_run(client, number, question, name);
                return json{{"number", number}};
              }));
}

ExploreServer::ExploreServer(ExploreSession& session, int64_t port) : http_(std::make_unique<Http>(session)) {
  httplib::Server& server = http_->server;
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server.set_payload_max_length(kMostBytes);
  server.set_read_timeout(5, 0);
  server.set_write_timeout(5, 0);
  server.set_keep_alive_timeout(5);
  server.set_tcp_nodelay(true);
  // The library's own way lets two programs share a port.
  server.set_socket_options([](socket_t socket) {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  server.set_default_headers(safe_headers());
  server.set_pre_routing_handler([this](const Request& request, Response& response) {
    return http_->admits(request, response) ? httplib::Server::HandlerResponse::Unhandled
                                            : httplib::Server::HandlerResponse::Handled;
  });
  server.set_error_handler([](const Request&, Response& response) {
    if (!response.body.empty()) return;
    refuse(response, response.status,
           response.status == 413   ? "the request is too large"
           : response.status == 404 ? "there is nothing at this address"
                                    : "the request is not understood");
  });
  http_->route();
  http_->port = port == 0                                            ? server.bind_to_any_port(kHost)
                : server.bind_to_port(kHost, static_cast<int>(port)) ? static_cast<int>(port)
                                                                     : -1;
  LATENTPATH_CHECK(http_->port > 0, kArgument, "`port` ", port,
                   " cannot be had: another program may hold it; without `port` a free one is taken");
  http_->address =
      "http://" + std::string(kHost) + ":" + std::to_string(http_->port) + "/" + http_->token + "/";
}

ExploreServer::~ExploreServer() = default;

const std::string& ExploreServer::address() const { return http_->address; }

void ExploreServer::run(const CancellationToken& cancellation) {
  std::thread listening([this] { http_->server.listen_after_bind(); });
  while (!cancellation.cancelled()) std::this_thread::sleep_for(50ms);
  http_->session.stop();
  http_->server.stop();
  listening.join();
}

}  // namespace latentpath
