#pragma once
// Pruning: several first paths of a pair compete, and one that falls far behind the best is given up.
//
//   stopping.prune = [&](SolverState& state) { prune(state, paths, sparse, options.prune); };

#include "latentpath/path/path_set.h"
#include "latentpath/solver/solver.h"

namespace latentpath {

/// A path is given up once it costs more than a lead times the best of its pair. Leads start wide, since
/// first paths have corners that a few iterations remove, and become narrow. On ten pairs of mnist-vae-8 no
/// lead changes a figure when it is moved (experiments/figures.md, "Settings of the stages"): they bound the
/// work where starts differ more.
struct PruneOptions {
  double first_lead = 3;        ///< before `early_iteration`, and always of via paths over straight ones
  double early_lead = 1.7;      ///< before `late_iteration`
  double late_lead = 1.2;       ///< from then on
  int64_t early_iteration = 2;  ///< of a level
  int64_t late_iteration = 4;
};

/// Ends rows of `state`, whose row r is row r of `paths`, as Termination::kPruned. On a `sparse` grid a path
/// may look cheap by leaping over a bad place between two nodes: a straight start never ends a detour there,
/// and is ended by one only at the first lead. Rows of other pairs do not matter.
void prune(SolverState& state, const PathSet& paths, bool sparse, const PruneOptions& options);

}  // namespace latentpath
