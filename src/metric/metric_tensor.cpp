#include "latentpath/metric/metric_tensor.h"

#include <ATen/ATen.h>

#include <cmath>
#include <sstream>

#include "latentpath/core/error.h"
#include "latentpath/core/point_string.h"
#include "latentpath/metric/charts.h"

namespace latentpath {
namespace {

class FunctionMetric final : public MetricTensor {
 public:
  FunctionMetric(std::function<Tensor(const Tensor&)> function, int64_t dim, std::string name, double least)
      : function_(std::move(function)), dim_(dim), name_(std::move(name)), least_(least) {}
  int64_t dim() const override { return dim_; }
  std::string describe() const override { return name_; }
  double least_eigenvalue() const override { return least_; }

 protected:
  Tensor evaluate(const Tensor& x) const override { return function_(x); }

 private:
  std::function<Tensor(const Tensor&)> function_;
  int64_t dim_;
  std::string name_;
  double least_;
};

class RiemannianSpace final : public Embedding {
 public:
  RiemannianSpace(MetricTensorPointer metric, int64_t dim) : metric_(std::move(metric)), dim_(dim) {}
  int64_t latent_dim() const override { return dim_; }
  bool is_identity() const override { return true; }
  ChartPointer analytic() const override { return dim_ > 0 ? plane_chart(static_cast<int>(dim_)) : nullptr; }
  MetricTensorPointer metric() const override { return metric_; }
  std::string describe() const override { return metric_->describe(); }

 protected:
  Tensor map(const Tensor& z) const override { return z; }

 private:
  MetricTensorPointer metric_;
  int64_t dim_;
};

std::string point_string(const Tensor& point) {
  const Tensor values = point.to(at::kCPU, at::kDouble).contiguous();
  return latentpath::point_string({values.data_ptr<double>(), static_cast<size_t>(values.numel())});
}

/// The first row in which `wrong` [n, …] is true, or −1.
int64_t first_row(const Tensor& wrong) {
  const Tensor rows = wrong.flatten(1).any(1).nonzero();
  return rows.size(0) == 0 ? -1 : rows[0][0].item<int64_t>();
}

}  // namespace

Tensor MetricTensor::operator()(const Tensor& x) const {
  LATENTPATH_CHECK(x.dim() == 2 && (dim() < 0 || x.size(1) == dim()), kInput, describe(),
                   " is a metric of R^", dim(), " and takes points [n, ", dim(), "], not ",
                   shape_string(x.sizes()));
  Tensor g = evaluate(x);
  const int64_t n = x.size(0), m = x.size(1);
  LATENTPATH_CHECK(g.dim() == 3 && g.size(0) == n && g.size(1) == m && g.size(2) == m, kInput, describe(),
                   " must map points [", n, ", ", m, "] to matrices [", n, ", ", m, ", ", m, "], not to ",
                   shape_string(g.sizes()));
  return g;
}

Tensor MetricTensor::squared_norm(const Tensor& x, const Tensor& d) const {
  const Tensor g = (*this)(x);
  const Tensor v = d.to(g.scalar_type()).unsqueeze(2);
  return at::matmul(g, v).mul(v).sum({1, 2});
}

MetricTensorPointer metric_tensor(std::function<Tensor(const Tensor&)> function, int64_t dim,
                                  std::string name, double least_eigenvalue) {
  LATENTPATH_CHECK(function != nullptr, kArgument, "metric_tensor needs a function");
  LATENTPATH_CHECK(std::isfinite(least_eigenvalue) && least_eigenvalue >= 0, kArgument,
                   "the least eigenvalue of metric ", name, " is ", least_eigenvalue,
                   ": it must be at least 0");
  return std::make_shared<FunctionMetric>(std::move(function), dim, std::move(name), least_eigenvalue);
}

std::shared_ptr<Embedding> riemannian_space(MetricTensorPointer metric, int64_t latent_dim) {
  LATENTPATH_CHECK(metric != nullptr, kArgument, "riemannian_space needs a metric");
  const int64_t own = metric->dim();
  LATENTPATH_CHECK(own < 0 || latent_dim < 0 || own == latent_dim, kArgument, metric->describe(),
                   " is a metric of R^", own, ", not of R^", latent_dim);
  return std::make_shared<RiemannianSpace>(std::move(metric), own > 0 ? own : latent_dim);
}

void check_metric_tensor(const MetricTensor& metric, const Tensor& points) {
  const at::NoGradGuard no_gradient;
  LATENTPATH_CHECK(points.dim() == 2 && points.size(0) >= 1, kArgument,
                   "a metric is checked at points of shape [n, D], not ", shape_string(points.sizes()));
  const Tensor g = metric(points).to(at::kCPU, at::kDouble);
  const std::string name = metric.describe();
  const int64_t infinite = first_row(at::isfinite(g).logical_not());
  LATENTPATH_CHECK(infinite < 0, kInput, name, " has an entry that is NaN or infinite at z = ",
                   point_string(points[std::max<int64_t>(infinite, 0)]),
                   ": a metric must be finite where paths go");
  // Models in single precision are symmetric, and the same in every batch, to a few of their last digits.
  const Tensor size = g.abs().amax({1, 2}, true);
  const int64_t skew = first_row((g - g.transpose(1, 2)).abs() > 1e-4 * size);
  LATENTPATH_CHECK(skew < 0, kInput, name,
                   " is not symmetric at z = ", point_string(points[std::max<int64_t>(skew, 0)]),
                   ": g_ij and g_ji differ by ",
                   (g - g.transpose(1, 2))[std::max<int64_t>(skew, 0)].abs().max().item<double>());
  const Tensor least = std::get<0>(at::linalg_eigh(0.5 * (g + g.transpose(1, 2)))).select(1, 0);
  const int64_t flat = first_row((least > 0).logical_not().unsqueeze(1));
  LATENTPATH_CHECK(flat < 0, kInput, name,
                   " is not positive definite at z = ", point_string(points[std::max<int64_t>(flat, 0)]),
                   ": its least eigenvalue there is ", least[std::max<int64_t>(flat, 0)].item<double>(),
                   ", and must be above 0");
  const int64_t probes = std::min<int64_t>(points.size(0), 4);
  for (int64_t i = 0; i < probes; ++i) {
    const Tensor alone = metric(points.narrow(0, i, 1)).to(at::kCPU, at::kDouble)[0];
    const double apart = (alone - g[i]).abs().max().item<double>();
    LATENTPATH_CHECK(
        apart <= 1e-4 * size[i].item<double>(), kInput, name, " at z = ", point_string(points[i]),
        " depends on the other points of its batch (batch statistics, or random numbers?): alone it "
        "differs by ",
        apart);
  }
  if (metric.least_eigenvalue() > 0) {
    const double found = least.min().item<double>();
    LATENTPATH_CHECK(found >= metric.least_eigenvalue() * (1 - 1e-4), kInput, name,
                     " is said to have no eigenvalue below ", metric.least_eigenvalue(), ", and has ", found,
                     " at z = ", point_string(points[least.argmin().item<int64_t>()]));
  }
}

void check_metric(const Embedding& embedding, const Tensor& start, const Tensor& end) {
  const MetricTensorPointer metric = embedding.metric();
  if (metric == nullptr) return;
  const at::NoGradGuard no_gradient;
  const int64_t pairs = std::min<int64_t>(start.size(0), 64);  // enough to know a metric by
  const Tensor from = start.narrow(0, 0, pairs).to(at::kDouble).unsqueeze(1);
  const Tensor to = end.narrow(0, 0, pairs).to(at::kDouble).unsqueeze(1);
  const Tensor share = at::linspace(0, 1, 17, at::kDouble).view({1, -1, 1});
  check_metric_tensor(*metric, embedding((from + share * (to - from)).flatten(0, 1)).flatten(1));
}

}  // namespace latentpath
