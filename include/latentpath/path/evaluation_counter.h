#pragma once
// EvaluationCounter: how many points a search decodes, and for which of its pairs.
//
// A decorator around the map Φ counts every point that passes it; whoever decodes says for whom, for as long
// as a scope lives. Scopes nest, and a point belongs to the innermost. Nothing is counted by formula, so the
// figures add up to what the model itself was asked. A map's analytic realisation (Embedding::analytic())
// counts as the map: a point where it is evaluated or expanded is one, with whatever derivatives.
//
//   EvaluationCounter counter(decoder, 50);
//   const PathEnergy energy(counter.map(), quality, options);
//   {
//     const auto scope = counter.count_for(rows);   // the pair of each row of this batch, [rows] int64
//     energy.terms(points);
//   }
//   std::cout << counter.of_pairs()[7];

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "latentpath/metric/embedding.h"

namespace latentpath {

class EvaluationCounter {
 public:
  /// While it lives, points decoded are counted for whom it names.
  class Scope {
   public:
    Scope() = default;
    explicit Scope(EvaluationCounter& counter) : counter_(&counter) {}
    ~Scope() {
      if (counter_ != nullptr) counter_->leave();
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    EvaluationCounter* counter_ = nullptr;
  };

  EvaluationCounter(const std::shared_ptr<const Embedding>& embedding, int64_t pairs);

  /// The map that counts. It describes itself, and may be called by threads, as the one it decorates.
  const std::shared_ptr<const Embedding>& map() const { return map_; }
  /// What memory allows it; before it is given to anybody.
  void limit_batches(const BatchLimits& limits);

  /// For the pairs of a batch's rows, [rows] int64, to equal parts: every row of a batch decodes as many.
  [[nodiscard]] Scope count_for(const Tensor& pairs);
  /// For all pairs together: what is decoded once and serves them all.
  [[nodiscard]] Scope count_shared();
  /// To measure and compare paths, not to find them.
  [[nodiscard]] Scope count_verification();

  /// [pairs]
  const std::vector<int64_t>& of_pairs();
  int64_t shared();
  int64_t verification();

 private:
  enum class Kind { kPairs, kShared, kVerification };
  struct Account {
    Kind kind;
    std::vector<int64_t> pairs;
  };
  Scope enter(Account account);
  void leave();
  /// Credits what was decoded since the last call to the account at hand.
  void settle();

  std::shared_ptr<std::atomic<int64_t>> analytic_points_;
  std::shared_ptr<Embedding> counted_;
  std::shared_ptr<const Embedding> map_;  ///< the same
  std::vector<Account> accounts_;
  int64_t settled_ = 0;
  std::vector<int64_t> of_pairs_;
  int64_t shared_ = 0, verification_ = 0;
};

}  // namespace latentpath
