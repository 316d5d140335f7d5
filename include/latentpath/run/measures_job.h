#pragma once
// A path between two samples of points: the job of `latentpath measures`.
//
//   MeasuresRun run = execute(MeasuresJob{.from = "a.csv", .to = "b.csv"});
//   std::cout << run.text;

#include <optional>
#include <string>
#include <vector>

#include "latentpath/core/tensor.h"
#include "latentpath/measure/interpolate_measures.h"
#include "latentpath/metric/quality.h"
#include "latentpath/run/run_record.h"

namespace latentpath {

struct MeasuresJob {
  std::string from, to, from_weights, to_weights;  ///< FILE.csv or FILE.npy
  int64_t example = 0;   ///< 1, 2, 3: measure_example() in the samples' place; 0: none
  int64_t points = 100;  ///< of each sample of an example
  std::string kernel = "gaussian";
  std::vector<double> width = {},
                      gamma = {};  ///< at most one of width, gamma and c; none: the median distance
  std::optional<double> c = {};
  std::string quality = {};  ///< TorchScript file, [n, d] → [n] in [0, 1]
  std::string dtype = {};    ///< of that file: float32 or float64; empty: its parameters'
  MeasureOptions search = {};
  int64_t threads = 0;
  int64_t frames = 11;                             ///< of each row of the picture
  std::vector<std::string> picture_format{"png"};  ///< png, svg, pdf
  std::string out = {};
  bool overwrite = false;

  // What a caller has in memory, in the place of files; `from`, `to` and `quality` then hold what it is
  // called.
  Tensor own_from = {}, own_to = {};  ///< [points, d]
  Tensor own_from_weights = {}, own_to_weights = {};
  QualityPointer own_quality = {};
};
const OptionTable<MeasuresJob>& measures_option_table();

struct MeasuresRun : RunRecord {
  MeasureProblem problem;
  MeasureResult result;
};

MeasuresRun execute(const MeasuresJob& job, const RunObserver& observer = {},
                    const CancellationToken& cancellation = {});

}  // namespace latentpath
