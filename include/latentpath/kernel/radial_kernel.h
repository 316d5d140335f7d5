#pragma once
// Kernels between points of R^d that depend on their distance only, in the form that comparing samples needs
// (paper A, Eq. 14 and 17). Free of LibTorch.
//
// With ρ = ‖x − y‖, what enters a squared maximum mean discrepancy is only g(ρ²) = k(0) − k(ρ), which
// vanishes at ρ = 0: computed as such it keeps its digits where k(0) − k(ρ) would cancel, and it exists for
// the energy distance, whose k is not bounded.
//
//   const auto kernel = latentpath::RadialKernel::gaussian({0.125});   // exp(−‖x − y‖²/8)
//   double g = kernel.gap(4.0);                                        // 1 − exp(−½)

#include <string>
#include <vector>

namespace latentpath {

class RadialKernel {
 public:
  enum class Family { kGaussian, kInverseMultiquadric, kLaplace, kEnergy, kLinear };

  /// Σ_l exp(−γ_l ρ²). Throws Error(kArgument) unless there are 1 to 64 γ and all are positive and finite.
  static RadialKernel gaussian(std::vector<double> gammas);
  /// 1/√(ρ² + c), c > 0.
  static RadialKernel inverse_multiquadric(double c);
  /// exp(−ρ/σ), σ > 0.
  static RadialKernel laplace(double width);
  /// −ρ: MMD² is then the energy distance 2E‖X−Y‖ − E‖X−X'‖ − E‖Y−Y'‖ (Székely and Rizzo).
  static RadialKernel energy();
  /// ⟨x, y⟩: MMD² is then the squared distance of the means; g = ρ²/2 up to terms that cancel.
  static RadialKernel linear();

  /// By name ("gaussian", "imq", "laplace", "energy", "linear") and width, a length in the units of the
  /// points: σ with γ = 1/(2σ²) for gaussian (several widths: their sum), √c for imq, σ for laplace; the
  /// last two families have none. Throws Error(kArgument).
  static RadialKernel by_name(const std::string& name, const std::vector<double>& widths);

  /// g(ρ²) = k(0) − k(ρ).
  double gap(double squared_distance) const;
  /// k(0), which bounds the squared MMD by 2k(0); 0 for the unbounded families.
  double peak() const;

  Family family() const { return family_; }
  /// γ_l, c, 1/σ, nothing, nothing.
  const std::vector<double>& parameters() const { return parameters_; }
  /// "gaussian(gamma=0.125)".
  std::string describe() const;

 private:
  RadialKernel(Family family, std::vector<double> parameters)
      : family_(family), parameters_(std::move(parameters)) {}
  Family family_;
  std::vector<double> parameters_;
};

}  // namespace latentpath
