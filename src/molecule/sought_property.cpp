#include "latentpath/molecule/sought_property.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <array>
#include <cmath>
#include <memory>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/models/scalar_file.h"
#include "molecule/property_networks.h"

namespace latentpath {

const BuiltInProperty* find_built_in(const std::string& name) {
  // An atom adds about one to log P at most, of 60. QED has its highest value where each of its eight
  // desirabilities has, of counts at whole numbers.
  static const std::array<BuiltInProperty, 3> known{{{"logp", "log P", false, 0, -60, 60},
                                                     {"qed", "QED", true, 0.9, 0, 0.9485},
                                                     {"sa", "SA", false, 2.5, 1, 10}}};
  for (const BuiltInProperty& property : known)
    if (property.name == name) return &property;
  return nullptr;
}

SoughtProperty built_in_property(const std::string& name, const PropertyModel& model) {
  const int64_t column = latent_property(name);
  return {
      name, find_built_in(name)->shown,
      [column](const Molecule&, const MoleculeProperties& known) { return property_value(known, column); },
      [column, &model](const Tensor& z) { return model.predict(z).select(2, column).mean(1); },
      [name, &model](double threshold, bool above, double width) {
        return model.reaches(name, threshold, above, width);
      }};
}

SoughtProperty property_of_file(const std::filesystem::path& file, const MoleculeDecoder& decoder,
                                const PropertyModel& model) {
  const std::string name = file.string();
  const auto property = scalar_file(name, "property", decoder.latent_dim(), "");
  const auto predict = [property](const Tensor& z) { return (*property)(z).reshape({-1}).to(at::kDouble); };
  at::Generator generator = make_generator(0);
  const Tensor codes = model.sampler()(256, generator).requires_grad_(true);
  const Tensor values = predict(codes);
  LATENTPATH_CHECK(at::isfinite(values).all().item<bool>(), kInput, name,
                   " gives values that are NaN or infinite for codes of molecules");
  check_has_gradient(values, name);
  const double spread = values.detach().std().item<double>();
  LATENTPATH_CHECK(spread > 0, kInput, name,
                   " gives the same value for all codes of molecules: there is nothing to improve");
  return {name, file.stem().string(),
          [predict, &decoder](const Molecule& molecule, const MoleculeProperties&) {
            const at::NoGradGuard no_gradient;
            const std::optional<Tensor> code = decoder.code_of(molecule);
            return code ? predict(code->unsqueeze(0)).item<double>() : std::nan("");
          },
          predict,
          [predict, spread](double threshold, bool above, double width) {
            const double scale = width * spread / 4 * (above ? 1 : -1);
            return function_quality(
                [predict, threshold, scale](const Tensor& z) {
                  return soft_step((predict(z) - threshold) / scale);
                },
                "own property");
          }};
}

}  // namespace latentpath
