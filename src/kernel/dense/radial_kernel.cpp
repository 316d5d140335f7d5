#include "latentpath/kernel/radial_kernel.h"

#include <cmath>

#include "latentpath/core/error.h"

namespace latentpath {

RadialKernel RadialKernel::gaussian(std::vector<double> gammas) {
  LATENTPATH_CHECK(!gammas.empty() && gammas.size() <= 64, kArgument,
                   "a Gaussian kernel takes 1 to 64 values of gamma, not ", gammas.size());
  for (const double gamma : gammas)
    LATENTPATH_CHECK(gamma > 0 && std::isfinite(gamma), kArgument,
                     "the Gaussian kernel's gamma must be positive, not ", gamma);
  return {Family::kGaussian, std::move(gammas)};
}

RadialKernel RadialKernel::inverse_multiquadric(double c) {
  LATENTPATH_CHECK(c > 0 && std::isfinite(c), kArgument,
                   "the inverse multiquadric kernel's c must be positive, not ", c);
  return {Family::kInverseMultiquadric, {c}};
}

RadialKernel RadialKernel::laplace(double width) {
  LATENTPATH_CHECK(width > 0 && std::isfinite(width), kArgument,
                   "the Laplace kernel's width must be positive, not ", width);
  return {Family::kLaplace, {1 / width}};
}

RadialKernel RadialKernel::energy() { return {Family::kEnergy, {}}; }
RadialKernel RadialKernel::linear() { return {Family::kLinear, {}}; }

RadialKernel RadialKernel::by_name(const std::string& name, const std::vector<double>& widths) {
  for (const double width : widths)
    LATENTPATH_CHECK(width > 0 && std::isfinite(width), kArgument, "a kernel's width must be positive, not ",
                     width);
  if (name == "gaussian") {
    std::vector<double> gammas;
    gammas.reserve(widths.size());
    for (const double width : widths) gammas.push_back(0.5 / (width * width));
    return gaussian(std::move(gammas));
  }
  if (name == "energy" || name == "linear") {
    LATENTPATH_CHECK(widths.empty(), kArgument, "the ", name, " kernel has no width");
    return name == "energy" ? energy() : linear();
  }
  LATENTPATH_CHECK(name == "imq" || name == "laplace", kArgument, "the kernel '", name,
                   "' is not one of gaussian, imq, laplace, energy, linear");
  LATENTPATH_CHECK(widths.size() == 1, kArgument, "the ", name, " kernel takes one width, not ",
                   widths.size());
  return name == "imq" ? inverse_multiquadric(widths[0] * widths[0]) : laplace(widths[0]);
}

double RadialKernel::gap(double squared_distance) const {
  switch (family_) {
    case Family::kGaussian: {
      double total = 0;
      for (const double gamma : parameters_) total -= std::expm1(-gamma * squared_distance);
      return total;
    }
    case Family::kInverseMultiquadric: {
      const double v = std::sqrt(parameters_[0]), u = std::sqrt(squared_distance + parameters_[0]);
      return squared_distance / (u * v * (u + v));
    }
    case Family::kLaplace:
      return -std::expm1(-std::sqrt(squared_distance) * parameters_[0]);
    case Family::kEnergy:
      return std::sqrt(squared_distance);
    case Family::kLinear:
      return squared_distance / 2;
  }
  return 0;
}

double RadialKernel::peak() const {
  switch (family_) {
    case Family::kGaussian:
      return static_cast<double>(parameters_.size());
    case Family::kInverseMultiquadric:
      return 1 / std::sqrt(parameters_[0]);
    case Family::kLaplace:
      return 1;
    default:
      return 0;
  }
}

std::string RadialKernel::describe() const {
  switch (family_) {
    case Family::kGaussian: {
      std::string list;
      for (const double gamma : parameters_) list += (list.empty() ? "" : "+") + join_message(gamma);
      return "gaussian(gamma=" + list + ")";
    }
    case Family::kInverseMultiquadric:
      return join_message("imq(c=", parameters_[0], ")");
    case Family::kLaplace:
      return join_message("laplace(width=", 1 / parameters_[0], ")");
    case Family::kEnergy:
      return "energy";
    case Family::kLinear:
      return "linear";
  }
  return "";
}

}  // namespace latentpath
