#include "zoo/original_files.h"

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

std::string file_name(bool training, const char* content, int dimensions) {
  return join_message(training ? "train" : "t10k", "-", content, "-idx", dimensions, "-ubyte");
}

/// Of training images, training labels, test images and test labels.
struct Sums {
  const char* name;
  int64_t training;
  int64_t test;
  std::array<const char*, 4> sha256;
};

constexpr std::array<Sums, 5> kSums{{
    {"mnist",
     60000,
     10000,
     {"ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
      "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
      "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
      "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"}},
    {"fashion",
     60000,
     10000,
     {"c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
      "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
      "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
      "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"}},
    {"faces",
     30000,
     3000,
     {"439ddaf2641c05285ec85195439c3057412470813029446a036994a78bee8f28",
      "2330632c6a3f49e9efd85efa1c894fb88d1c5bdf230924a127eba4a59bacc3ff",
      "b642e6f3d35367ce93d73576cdf20c61f934badc25f56f7cc43918894dcf9e6a",
      "34605aca36545c763a6a5cbae000cb19b7449d88ff68e2ce3975384502fe5d5e"}},
    {"lambertian",
     12000,
     1024,
     {"89a49103b2b9284c1006a26453a50878e1085e1a1370d4f85f9b4ccd89149297",
      "fc9fecccf2e0714ec5e0c765063775987367e44a8b6783052eafc89b87999f78",
      "13007f88e8da96b18a972ad2cca5654b5e8fad316f9a512ead5ccda1d6f3792b",
      "aaaddac16a36c11abbe80c24c1c91859465c4c09a8bc88659350bef9469fc23b"}},
    {"lambertian-shadows",
     12000,
     1024,
     {"6c707a4daee79ea73c236415472c44c0660acf784df6eaf8d8114ac25e93692e",
      "fc9fecccf2e0714ec5e0c765063775987367e44a8b6783052eafc89b87999f78",
      "c72980a22c2f7623e433c2ec5ab45022810cf31b6a17764759a6a72aa58a334c",
      "aaaddac16a36c11abbe80c24c1c91859465c4c09a8bc88659350bef9469fc23b"}},
}};

}  // namespace

std::string image_file_name(const DataSetFacts& facts, bool training) {
  return file_name(training, "images", facts.channels == 1 ? 3 : 4);
}

std::string label_file_name(const DataSetFacts& facts, bool training) {
  return file_name(training, "labels", facts.exclusive ? 1 : 2);
}

std::array<OriginalFile, 4> original_files(const DataSetFacts& facts) {
  const Sums* sums = nullptr;
  for (const Sums& candidate : kSums)
    if (facts.name == candidate.name) sums = &candidate;
  LATENTPATH_ASSERT(sums != nullptr);
  std::array<OriginalFile, 4> files;
  for (size_t part = 0; part < 2; ++part) {
    const bool training = part == 0;
    const int64_t count = training ? sums->training : sums->test;
    std::vector<int64_t> images{count}, labels{count};
    if (facts.channels != 1) images.push_back(facts.channels);
    images.insert(images.end(), 2, facts.side);
    if (!facts.exclusive) labels.push_back(facts.classes());
    files[2 * part] = {image_file_name(facts, training), images, sums->sha256[2 * part]};
    files[2 * part + 1] = {label_file_name(facts, training), labels, sums->sha256[2 * part + 1]};
  }
  return files;
}

}  // namespace latentpath
