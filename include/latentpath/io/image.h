#pragma once
// Image files as tensors of bytes, channels last, in the order red, green, blue.
//
//   Tensor photo = read_image("face.jpg");                                       // [H, W, 3]
//   write_png("frame_000.png", frame.mul(255).round().to(at::kByte));            // [H, W]

#include <filesystem>
#include <string>
#include <vector>

#include "latentpath/core/tensor.h"

namespace latentpath {

/// uint8 [H, W, C]: C = 1 for a grey image, else 3; transparency is dropped, 16-bit images are reduced to
/// 8 bits, a photo's orientation mark is applied. Reads PNG, JPEG and what else OpenCV was built with.
/// Throws Error kInput when the file is missing, cut short, damaged, not an image, or above 2^28 pixels.
/// What is lost on the way (transparency in use, 16 bits) is added to `notes`, a sentence each.
Tensor read_image(const std::filesystem::path& path, std::vector<std::string>* notes = nullptr);

/// The bytes of a PNG file showing `image`: uint8 [H, W], [H, W, 1] or [H, W, 3]. Equal images, equal bytes.
/// Throws Error kArgument for another dtype or shape.
std::string encode_png(const Tensor& image);

/// encode_png() to a file; throws Error kArgument when it cannot be written.
void write_png(const std::filesystem::path& path, const Tensor& image);

}  // namespace latentpath
