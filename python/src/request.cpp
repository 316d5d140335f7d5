#include "request.h"

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <type_traits>

#include "latentpath/core/error.h"
#include "latentpath/models/scalar_file.h"
#include "latentpath/run/option_values.h"
#include "python_function.h"

namespace latentpath::python {
namespace {

using nlohmann::json;

[[noreturn]] void wrong_type(const OptionRow& row, const OptionValue& sample, const json& value) {
  throw Error(ErrorKind::kArgument,
              join_message("`", row.field(), "` takes ", option_type_name(sample), ", not ", value.dump()));
}

/// JSON as a value of the same type as `sample`.
OptionValue value_of(const OptionRow& row, const OptionValue& sample, const json& value) {
  return std::visit(
      [&](const auto& typed) -> OptionValue {
        using Value = std::decay_t<decltype(typed)>;
        if constexpr (std::is_same_v<Value, std::monostate>) {
          return {};
        } else if constexpr (std::is_same_v<Value, bool>) {
          if (value.is_boolean()) return value.get<bool>();
        } else if constexpr (std::is_same_v<Value, int64_t> || std::is_same_v<Value, uint64_t>) {
          const bool whole =
              value.is_number_integer() && (std::is_same_v<Value, int64_t> || value.is_number_unsigned());
          if (whole) return value.get<Value>();
        } else if constexpr (std::is_same_v<Value, double>) {
          if (value.is_number()) return value.get<double>();
        } else if constexpr (std::is_same_v<Value, std::string>) {
          if (value.is_string()) return value.get<std::string>();
        } else {
          const auto fits = [](const json& item) {
            return std::is_same_v<Value, std::vector<double>> ? item.is_number() : item.is_string();
          };
          if (value.is_array() && std::all_of(value.begin(), value.end(), fits)) return value.get<Value>();
        }
        wrong_type(row, sample, value);
      },
      sample);
}

/// Makes qualities of expressions; a classifier that occurs twice is connected once.
class QualityBuilder {
 public:
  /// Without models, classifiers cannot be asked.
  QualityBuilder(int64_t dim, const ModelOptions* options = nullptr, uint64_t seed = 0,
                 Models* models = nullptr)
      : dim_(dim), options_(options), seed_(seed), models_(models) {}

  QualityPointer make(const json& expression) {
    const auto kind = expression.at("kind").get<std::string>();
    if (kind == "function") return quality_of(expression);
    if (kind == "constant") return constant_quality(expression.at("value").get<double>());
    if (kind == "normal_prior") return normal_prior(dim_);
    if (kind == "complement") return complement(make(expression.at("of")));
    if (kind == "power") return power(make(expression.at("of")), expression.at("exponent").get<double>());
    if (kind == "odds") return shift_odds(make(expression.at("of")), expression.at("odds").get<double>());
    if (kind == "product") {
      std::vector<QualityPointer> factors;
      for (const json& factor : expression.at("of")) factors.push_back(make(factor));
      return product(factors);
    }
    LATENTPATH_CHECK(kind == "classifier", kArgument, "`quality` holds a ", kind,
                     ", which no quality is made of: priors are factors of the whole of it");
    return feature(expression);
  }

 private:
  QualityPointer feature(const json& expression) {
    LATENTPATH_CHECK(
        models_ != nullptr, kArgument,
        "`quality` asks a classifier, which is for find_path(); here it is a function of points");
    const json& described = expression.at("classifier");
    auto& classifier = classifiers_[described.dump()];
    if (!classifier)
      classifier = described.contains("file")
                       ? connect_classifier(described["file"].get<std::string>(), *options_, seed_, *models_)
                       : connect_classifier(model_function(described), *options_, seed_, *models_);
    return make_feature(classifier, expression.value("favor", std::vector<std::string>()),
                        expression.value("avoid", std::vector<std::string>()))
        .quality;
  }

  int64_t dim_;
  const ModelOptions* options_;
  uint64_t seed_;
  Models* models_;
  std::map<std::string, std::shared_ptr<Classifier>> classifiers_;
};

bool holds(const json& request, const char* name) {
  const auto found = request.find(name);
  return found != request.end() && !found->is_null();
}

std::vector<std::string> names_of(const json& request, const char* name) {
  return request.value(name, std::vector<std::string>());
}

/// A model as a job takes it: a file's name, or a function and what it is called.
void set_model(const json& described, std::string& name, std::optional<ModelFunction>& function) {
  if (described.contains("file")) {
    name = described["file"].get<std::string>();
  } else {
    function = model_function(described);
    name = function->name;
  }
}

/// The name of a further feature: two functions may be called alike, as those without a name are.
std::string name_beside(const std::vector<Feature>& others, const std::string& name) {
  const auto taken = [&](const std::string& wanted) {
    return std::any_of(others.begin(), others.end(), [&](const Feature& f) { return f.name == wanted; });
  };
  std::string free = name;
  for (int number = 2; taken(free); ++number) free = join_message(name, " (", number, ")");
  return free;
}

/// The models of a job and what is asked of the classes.
template <class Job>
void set_models(const json& request, Job& job) {
  set_model(request.at("decoder"), job.models.decoder, job.models.decoder_function);
  if (holds(request, "classifier")) {
    set_model(request.at("classifier"), job.models.classifier, job.models.classifier_function);
    job.favor = names_of(request, "favor");
    job.avoid = names_of(request, "avoid");
  }
  if (holds(request, "judge")) set_model(request.at("judge"), job.judge, job.models.judge_function);
}

}  // namespace

void set_options(const std::vector<BoundOption>& options, const json& values) {
  for (const auto& [name, value] : values.items()) {
    const auto option = std::find_if(options.begin(), options.end(),
                                     [&name = name](const BoundOption& o) { return o.row->name == name; });
    LATENTPATH_CHECK(option != options.end(), kArgument, "there is no option `", name, "`");
    const OptionValue typed = value_of(*option->row, option->sample, value);
    option->row->check(typed);
    option->set(typed);
  }
}

namespace {

InterpolateJob interpolate_job(const json& request, at::TensorList tensors) {
  InterpolateJob job;
  set_options(interpolate_option_table().bind(job), request.at("options"));
  set_models(request, job);
  const auto made_of = [&job](const json& expression) {
    return [expression, options = job.models, seed = job.path.seed](Models& models) -> Feature {
      QualityBuilder builder(models.decoder->latent_dim(), &options, seed, &models);
      const QualityPointer quality = builder.make(expression);
      return {quality, quality->describe()};
    };
  };
  if (holds(request, "feature")) job.own_feature = made_of(request.at("feature"));
  if (holds(request, "nearest")) {
    job.own_end = [condition = made_of(request.at("nearest")),
                   certainty = request.at("certainty").get<double>()](Models& models) -> FreeEnd {
      return {condition(models), certainty, nullptr};
    };
  }
  if (holds(request, "level_set")) {
    job.own_end = [described = request.at("level_set")](Models& models) -> FreeEnd {
      const auto name = described.at("name").get<std::string>();
      const auto number = described.at("function").get<int64_t>();
      return level_set_end(scalar_function([number](const Tensor& z) { return call(number, {z}); },
                                           "level set " + name, models.decoder->latent_dim()),
                           name);
    };
  }
  if (holds(request, "keep_features")) {
    set_model(request.at("keep_features"), job.keep.keep_features, job.keep.features_function);
    job.keep.keep_scale = request.value("keep_scale", 0.0);
  }
  if (holds(request, "embedding_features"))
    set_model(request.at("embedding_features"), job.keep.embedding_features, job.keep.embedding_function);
  job.ends.start = tensors.at(0);
  job.ends.end = tensors.at(1);
  job.ends.legs_of_tour = request.value("legs_of_tour", int64_t{0});
  job.ends.closed = request.value("closed", false);
  if (tensors.size() > 2) job.path.first_paths = tensors[2];
  return job;
}

}  // namespace

InterpolateJobs interpolate_jobs(const json& request, at::TensorList tensors) {
  InterpolateJobs asked;
  for (const json& group : request.value("groups", json::array())) {
    json own = request;
    own.update(group);
    asked.pairs.push_back(group.at("pairs").get<std::vector<int64_t>>());
    const Tensor numbers = at::tensor(asked.pairs.back(), at::kLong);
    std::vector<Tensor> of_group;
    for (const Tensor& each : tensors) of_group.push_back(each.index_select(0, numbers));
    asked.jobs.push_back(interpolate_job(own, of_group));
  }
  if (asked.jobs.empty()) asked.jobs.push_back(interpolate_job(request, tensors));
  return asked;
}

EvaluateJob evaluate_job(const json& request, at::TensorList tensors) {
  EvaluateJob job;
  set_options(evaluate_option_table().bind(job), request.at("options"));
  set_models(request, job);
  if (holds(request, "features"))
    job.own_features = [features = request.at("features"), options = job.models,
                        seed = job.path.seed](Models& models) {
      QualityBuilder builder(models.decoder->latent_dim(), &options, seed, &models);
      std::vector<Feature> rows;
      for (const json& feature : features) {
        const QualityPointer quality = builder.make(feature);
        rows.push_back({quality, name_beside(rows, quality->describe())});
      }
      return rows;
    };
  if (!tensors.empty()) {
    job.pairs.clear();
    job.own_pairs = tensors[0];
  }
  job.keep_finished = job.shard.empty();  // what is left of a shard is none
  return job;
}

namespace {

/// Options, and chart, metric and quality as functions, of points of `dim` coordinates.
GeodesicJob geodesic_job_of(const json& request, int64_t dim) {
  GeodesicJob job;
  set_options(geodesic_job_option_table().bind(job), request.at("options"));
  if (holds(request, "chart")) {
    job.own_embedding = map_of(request.at("chart"), dim);
    job.embedding = job.own_embedding->describe();
  }
  if (holds(request, "metric")) {
    job.own_metric = metric_of(request.at("metric"), dim);
    job.metric = job.own_metric->describe();
  }
  if (holds(request, "quality")) {
    job.own_quality = QualityBuilder(dim).make(request.at("quality"));
    job.quality = job.own_quality->describe();
  }
  return job;
}

}  // namespace

GeodesicJob geodesic_job(const json& request, at::TensorList tensors) {
  GeodesicJob job = geodesic_job_of(request, tensors.at(0).size(-1));
  job.start = tensors.at(0);
  job.end = tensors.at(1);
  if (tensors.size() > 2) job.own_first_path = tensors[2];
  return job;
}

GeodesicJob geodesic_maps_job(const json& request, at::TensorList tensors) {
  GeodesicJob job = geodesic_job_of(request, tensors.at(0).size(-1));
  // What each tensor is, by name; the text beside it is what sentences call it.
  struct Given {
    const char* name;
    Tensor GeodesicJob::*tensor;
    std::string GeodesicJob::*text;
  };
  const Given all[] = {{"start", &GeodesicJob::start, &GeodesicJob::from},
                       {"end", &GeodesicJob::end, nullptr},
                       {"exp", &GeodesicJob::own_vectors, &GeodesicJob::exp},
                       {"transport", &GeodesicJob::own_carried, &GeodesicJob::transport},
                       {"along", &GeodesicJob::own_polyline, &GeodesicJob::along},
                       {"mean", &GeodesicJob::own_points, &GeodesicJob::mean},
                       {"matrix", &GeodesicJob::own_points, &GeodesicJob::matrix},
                       {"weights", &GeodesicJob::own_weights, &GeodesicJob::weights}};
  size_t next = 0;
  for (const auto& name : request.at("tensors"))
    for (const Given& given : all)
      if (name == given.name) {
        job.*given.tensor = tensors.at(next++);
        if (given.text != nullptr) job.*given.text = given.name;
      }
  job.log = request.value("log", false);
  job.curvature = request.value("curvature", false);
  return job;
}

MeasuresJob measures_job(const json& request, at::TensorList tensors) {
  MeasuresJob job;
  set_options(measures_option_table().bind(job), request.at("options"));
  job.from = "x";
  job.to = "y";
  job.own_from = tensors.at(0);
  job.own_to = tensors.at(1);
  size_t next = 2;
  if (holds(request, "x_weights")) {
    job.from_weights = "x_weights";
    job.own_from_weights = tensors.at(next++);
  }
  if (holds(request, "y_weights")) {
    job.to_weights = "y_weights";
    job.own_to_weights = tensors.at(next);
  }
  if (holds(request, "quality")) {
    job.own_quality = QualityBuilder(tensors[0].size(-1)).make(request.at("quality"));
    job.quality = job.own_quality->describe();
  }
  return job;
}

}  // namespace latentpath::python
