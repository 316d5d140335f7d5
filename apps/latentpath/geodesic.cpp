// latentpath geodesic: shortest paths on manifolds, with certificates.

#include "run_job.h"

namespace latentpath::program {

Subcommand geodesic() {
  return job_subcommand(
      "geodesic", "Shortest paths on manifolds, with certificates",
      "Examples:\n"
      "  latentpath geodesic --example 3 --out runs/disc\n"
      "  latentpath geodesic --manifold torus --parameters 2,1 --from 0,0 --to 2.5,2.5 --out runs/torus\n"
      "  latentpath geodesic --manifold discs --parameters=-0.5,0.2,0.6,0.7,-0.3,0.5 --from=-1.5,0 --to "
      "1.6,0\n"
      "  latentpath geodesic --embedding chart.pt --quality hill.pt --from 0,0 --to 1,1\n",
      geodesic_job_option_table());
}

}  // namespace latentpath::program
