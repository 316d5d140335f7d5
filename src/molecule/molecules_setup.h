#pragma once
// What a molecules job runs on: the decoder, regressors, the property and the ends of its paths.

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "latentpath/molecule/molecule_pairs.h"
#include "latentpath/molecule/molecules_job.h"
#include "latentpath/molecule/properties.h"
#include "latentpath/molecule/property_model.h"
#include "latentpath/molecule/sought_property.h"

namespace latentpath {

/// Who hears what a job is set up with.
struct SetupListener {
  std::function<void(const std::string&)> note, warning;
  std::function<void(const MoleculePairs&)> ends;  ///< as soon as they are read
  ProgressObserver progress = {};
  CancellationToken token = {};
};

/// Stays where it is: the property refers to the decoder and to the regressors.
struct MoleculesSetup {
  /// Ends first, then models, then what is learned from draws. Programs are asked for the ends before all
  /// else, so that what is wrong with them shows at once.
  MoleculesSetup(const MoleculesJob& job, const SetupListener& listener);
  MoleculesSetup(const MoleculesSetup&) = delete;
  MoleculesSetup& operator=(const MoleculesSetup&) = delete;

  MoleculePairs ends;  ///< one pair at least
  std::unique_ptr<const MoleculeDecoder> decoder;
  std::optional<PropertyModel> regressors;
  std::optional<SyntheticAccessibility> accessibility;
  SoughtProperty property;
  nlohmann::json learned;  ///< null, or what run.json says of networks that learned from draws
};

}  // namespace latentpath
