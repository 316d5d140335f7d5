#pragma once
// What a page is told, until it has been fetched: a queue that does not grow when nobody fetches.
//
//   Mailbox mailbox;
//   mailbox.put({"path", 7, "{}"}, true);                              // in the place of an unread "path"
//   const auto message = mailbox.take(std::chrono::milliseconds(100));

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

namespace latentpath {

struct Message {
  std::string event;
  int64_t number = 0;  ///< of the question that it is about
  std::string data;    ///< JSON, one line
};

class Mailbox {
 public:
  static constexpr size_t kMost = 64;

  /// Whoever does not fetch loses the oldest messages. With `replaces` an unread message of the same event is
  /// dropped.
  void put(Message message, bool replaces = false) {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    if (replaces)
      for (auto each = messages_.begin(); each != messages_.end();)
        each = each->event == message.event ? messages_.erase(each) : std::next(each);
    if (messages_.size() >= kMost) messages_.pop_front();
    messages_.push_back(std::move(message));
    changed_.notify_one();
  }

  /// The oldest message; none where there is none for so long, or the box is closed.
  std::optional<Message> take(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, patience, [&] { return closed_ || !messages_.empty(); });
    if (messages_.empty()) return std::nullopt;
    Message message = std::move(messages_.front());
    messages_.pop_front();
    return message;
  }

  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    messages_.clear();
    changed_.notify_all();
  }
  bool closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Message> messages_;
  bool closed_ = false;
};

}  // namespace latentpath
