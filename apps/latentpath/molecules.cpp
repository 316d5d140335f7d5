// latentpath molecules: a path between two molecules that reaches a property.

#ifdef LATENTPATH_MOLECULES
#include "latentpath/molecule/molecules_job.h"
#endif
#include "latentpath/core/error.h"
#include "run_job.h"

namespace latentpath::program {

#ifdef LATENTPATH_MOLECULES

Subcommand molecules() {
  return job_subcommand("molecules", "A path between two molecules that reaches a property",
                        "Examples:\n"
                        "  latentpath molecules --from 'CC1C2CCC(C2)C1CN(CCO)C(=O)c1ccc(Cl)cc1' --to "
                        "'Cc1ccccc1C(=O)NCCc1ccncc1' "
                        "--property logp --minimise --out runs/molecules\n",
                        molecules_option_table());
}

#else

namespace {
struct NoOptions {};
}  // namespace

Subcommand molecules() {
  static const OptionTable<NoOptions> table;
  return declare<NoOptions>("molecules", "A path between two molecules (not in this build: it needs RDKit)",
                            "", table,
                            [](NoOptions&) { throw Error(ErrorKind::kArgument, kWithoutMolecules); });
}

#endif

}  // namespace latentpath::program
