#include "latentpath/run/command_text.h"

#include <gmock/gmock.h>

#include "latentpath/core/error.h"
#include "latentpath/run/interpolate_job.h"
#include "latentpath/run/models.h"
#include "latentpath/run/stored_run.h"

namespace latentpath {
namespace {

nlohmann::json recorded(InterpolateJob job) { return options_json(interpolate_option_table(), job); }

TEST(CommandText, SaysWhatDiffersFromTheDefaults) {
  EXPECT_EQ(command_text("interpolate", interpolate_option_table(), recorded({})), "latentpath interpolate");
  InterpolateJob job;
  job.models.decoder = "my models/generator's.pt";
  job.favor = {"8", "3"};
  job.ends.from = "-1.2,0.5";
  job.ends.loop = true;
  job.path.epsilon = 0.01;
  job.path.segments = 32;
  job.picture_format = {"svg", "pdf"};
  job.out = "runs/x";  // where results go is not what was asked
  EXPECT_EQ(
      command_text("interpolate", interpolate_option_table(), recorded(job)),
      "latentpath interpolate --decoder 'my models/generator'\\''s.pt' --from=-1.2,0.5 --loop --favor 8 "
      "--favor 3 --epsilon 0.01 --segments 32 --picture-format svg,pdf");
}

TEST(StoredOptions, AreTheOptionsAgain) {
  InterpolateJob job;
  job.models.decoder = "generator.pt";
  job.models.latent_dim = 8;
  job.models.output_range = "-1,1";
  job.path.epsilon = 0.02;
  job.favor = {"8"};
  InterpolateJob again;
  set_options(interpolate_option_table().bind(again), recorded(job));
  EXPECT_EQ(recorded(again), recorded(job));
  nlohmann::json damaged = recorded(job);
  damaged["latent-dim"] = "eight";
  EXPECT_THROW(set_options(interpolate_option_table().bind(again), damaged), Error);
}

}  // namespace
}  // namespace latentpath
