#pragma once
// The page of an ExploreSession, for browsers on this machine alone.
//
//   ExploreServer server(session, 0);
//   std::cout << server.address() << "\n";       // http://127.0.0.1:41234/6f1e…/
//   server.run(cancellation);                    // until it is raised
//
// It listens on the loopback interface. Whoever does not know the random token in the address, names another
// host (a page of the web that had its name resolved to this machine), or comes from another origin gets
// nothing. What is sent is bounded, and read strictly (question.h).

#include <cstdint>
#include <memory>
#include <string>

#include "latentpath/core/progress.h"
#include "latentpath/explore/explore_session.h"

namespace latentpath {

/// True when the program carries the page; false where Node was absent when it was built.
bool has_explore_page() noexcept;

class ExploreServer {
 public:
  /// Takes a port, 0 for any free one. Throws Error(kArgument) where it is taken.
  ExploreServer(ExploreSession& session, int64_t port);
  ~ExploreServer();
  ExploreServer(const ExploreServer&) = delete;
  ExploreServer& operator=(const ExploreServer&) = delete;

  /// With its token.
  const std::string& address() const;

  /// Serves until `cancellation` is raised.
  void run(const CancellationToken& cancellation);

 private:
  struct Http;
  std::unique_ptr<Http> http_;
};

}  // namespace latentpath
