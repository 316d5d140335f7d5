#pragma once
// What is known of the zoo's data sets without their files.
//
//   const DataSetFacts& faces = data_set_facts("faces");
//   std::cout << faces.class_names[2];   // "glasses"

#include <cstdint>
#include <string>
#include <vector>

namespace latentpath {

struct DataSetFacts {
  std::string name;                      ///< as on the command line
  std::string title;                     ///< as people know it
  int64_t channels = 1;                  ///< 1 grey, 0 = paper and 255 = ink; 3 red, green and blue
  int64_t side = 28;                     ///< height and width in pixels
  std::vector<std::string> class_names;  ///< in the order of the labels
  bool exclusive = true;                 ///< an image is of one class; else it has any number of attributes
  std::string source;                    ///< for cards
  std::string license;                   ///< for cards
  int64_t coordinates = 0;               ///< of points, where the data are no images; else 0

  int64_t classes() const { return static_cast<int64_t>(class_names.size()); }
  bool of_points() const { return coordinates > 0; }
  /// Of one image, [channels, side, side], or of one point, [coordinates].
  std::vector<int64_t> example_shape() const {
    return of_points() ? std::vector<int64_t>{coordinates} : std::vector<int64_t>{channels, side, side};
  }
};

/// Throws Error(kArgument) naming the data sets that exist.
const DataSetFacts& data_set_facts(const std::string& name);
/// The names of all data sets.
std::vector<std::string> data_sets();

}  // namespace latentpath
