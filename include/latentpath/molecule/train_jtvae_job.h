#pragma once
// The jobs of `latentpath train jtvae`, and of `latentpath data` for what is about molecules.
//
//   const TrainJob job{.name = "jtvae", .training = {.data = "data/moses", .out = "jtvae-moses.pt"}};
//   std::cout << execute_jtvae_training(job, {.molecules = 200'000});

#include <string>

#include "latentpath/molecule/train_jtvae.h"
#include "latentpath/run/zoo_jobs.h"

namespace latentpath {

/// What was trained and how well it does, as text. The options that every training has are those of `job`,
/// where they are given. Throws Error(kArgument) for options of `job` that belong to models of images.
std::string execute_jtvae_training(const TrainJob& job, const JtvaeTraining& own,
                                   const RunObserver& observer = {},
                                   const CancellationToken& cancellation = {});

/// Throws Error(kArgument) where one of them is given for a training of that name, which is no jtvae.
void refuse_jtvae_options(const JtvaeTraining& own, const std::string& name);

/// moses: molecules; jtvae-zinc: the published model with what it needs. What was fetched, as text.
std::string fetch_molecules(const DataJob& job, const RunObserver& observer = {},
                            const CancellationToken& cancellation = {});

}  // namespace latentpath
