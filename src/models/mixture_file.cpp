#include "latentpath/models/mixture_file.h"

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "latentpath/core/error.h"
#include "latentpath/io/file.h"
#include "latentpath/io/json.h"
#include "latentpath/io/text_lines.h"

namespace latentpath {
namespace {

using nlohmann::json;

/// Numbers [n], where `what` says whose they are.
std::vector<double> numbers(const json& list, const std::string& what) {
  LATENTPATH_CHECK(list.is_array() && !list.empty(), kArgument, what, " must be a list of numbers");
  std::vector<double> result;
  for (const json& number : list) {
    LATENTPATH_CHECK(number.is_number(), kArgument, what, " must be a list of numbers");
    result.push_back(number.get<double>());
  }
  return result;
}

/// A matrix, a diagonal, or the variance of every coordinate → [D, D].
Tensor covariance(const json& value, int64_t dim, const std::string& what) {
  if (value.is_number()) return value.get<double>() * at::eye(dim, at::kDouble);
  LATENTPATH_CHECK(value.is_array() && static_cast<int64_t>(value.size()) == dim, kArgument, what,
                   " must be a number, ", dim, " numbers, or a matrix of ", dim, " rows");
  if (!value[0].is_array()) return at::diag(at::tensor(numbers(value, what), at::kDouble));
  std::vector<Tensor> rows;
  for (const json& row : value) {
    const auto entries = numbers(row, "each row of " + what);
    LATENTPATH_CHECK(static_cast<int64_t>(entries.size()) == dim, kArgument, "each row of ", what,
                     " must have ", dim, " numbers, not ", entries.size());
    rows.push_back(at::tensor(entries, at::kDouble));
  }
  return at::stack(rows);
}

std::shared_ptr<const GaussianMixture> parse(const std::string& text, const std::string& name) {
  const json document = parse_json(text);
  LATENTPATH_CHECK(document.is_object(), kArgument, "is not a JSON object");
  for (const auto& [key, value] : document.items())
    LATENTPATH_CHECK(key == "weights" || key == "means" || key == "covariances", kArgument,
                     "has the unknown key '", key,
                     "'; a mixture has means, covariances and, if they differ, weights");
  for (const char* key : {"means", "covariances"})
    LATENTPATH_CHECK(document.contains(key) && document[key].is_array() && !document[key].empty(), kArgument,
                     "needs a list '", key, "'");
  const json& mean_list = document["means"];
  const json& covariance_list = document["covariances"];
  const size_t k = mean_list.size();
  LATENTPATH_CHECK(covariance_list.size() == k, kArgument, "has ", k, " means and ", covariance_list.size(),
                   " covariances; they must be as many");
  std::vector<Tensor> means, covariances;
  for (size_t j = 0; j < k; ++j) {
    means.push_back(at::tensor(numbers(mean_list[j], join_message("mean ", j)), at::kDouble));
    LATENTPATH_CHECK(means[j].size(0) == means[0].size(0), kArgument, "has means of ", means[0].size(0),
                     " and of ", means[j].size(0), " numbers; all must have the same size");
    covariances.push_back(covariance(covariance_list[j], means[0].size(0), join_message("covariance ", j)));
  }
  Tensor weights = at::ones({static_cast<int64_t>(k)}, at::kDouble);
  if (document.contains("weights"))
    weights = at::tensor(numbers(document["weights"], "weights"), at::kDouble);
  return std::make_shared<GaussianMixture>(weights, at::stack(means), at::stack(covariances), name);
}

}  // namespace

std::shared_ptr<const GaussianMixture> read_mixture(const std::filesystem::path& file) {
  const std::string text = read_text(file);
  try {
    return parse(text, "mixture " + file.filename().string());
  } catch (const Error& error) {
    throw Error(ErrorKind::kInput, join_message("the mixture file ", file.string(), ": ", error.what()));
  }
}

void write_mixture(const std::filesystem::path& file, const GaussianMixture& mixture) {
  const auto list = [](const Tensor& values) {
    const Tensor flat = values.contiguous();
    return std::vector<double>(flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel());
  };
  json means = json::array(), covariances = json::array();
  for (int64_t j = 0; j < mixture.components(); ++j) {
    means.push_back(list(mixture.means()[j]));
    json matrix = json::array();
    for (int64_t row = 0; row < mixture.dim(); ++row) matrix.push_back(list(mixture.covariances()[j][row]));
    covariances.push_back(matrix);
  }
  const json document{{"weights", list(mixture.weights())}, {"means", means}, {"covariances", covariances}};
  // A line a component's mean, and a line a component's covariance: small, and still for people.
  std::string text = "{\n \"weights\": " + document["weights"].dump();
  for (const char* name : {"means", "covariances"}) {
    text += join_message(",\n \"", name, "\": [");
    for (size_t j = 0; j < document[name].size(); ++j)
      text += (j == 0 ? "\n  " : ",\n  ") + document[name][j].dump();
    text += "]";
  }
  write_file_atomic(file, text + "\n}\n");
}

}  // namespace latentpath
