// Is a model as fast from a .pt2 file as from a TorchScript file? Map and VJP of 65 points by each, in turns.
//
//   benchmarks/exported_programs.py FOLDER                     # writes the pairs; needs torch 2.6 or later
//   benchmark_exported_programs FOLDER/dcgan FOLDER/attention  # NAME.pt2 against NAME.pt

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <chrono>
#include <iostream>

#include "latentpath/models/torchscript_decoder.h"

namespace {

using latentpath::Tensor;

double milliseconds(const latentpath::TorchScriptDecoder& decoder, const Tensor& points) {
  const auto begin = std::chrono::steady_clock::now();
  const Tensor z = points.clone().requires_grad_();
  const Tensor images = decoder(z);
  torch::autograd::grad({images}, {z}, {at::ones_like(images)});
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

int main(int count, char** arguments) {
  at::set_num_threads(1);
  for (int i = 1; i < count; ++i) {
    const std::string name = arguments[i];
    latentpath::DecoderOptions options;
    const auto exported = latentpath::load_decoder(name + ".pt2", options);
    const auto scripted = latentpath::load_decoder(name + ".pt", options);
    const Tensor points = at::randn({65, exported->latent_dim()});
    const double apart = ((*exported)(points) - (*scripted)(points)).abs().max().item<double>();
    double best_exported = 1e30, best_scripted = 1e30;
    for (int repeat = 0; repeat < 30; ++repeat) {  // the quickest of many: others use the machine, too
      best_exported = std::min(best_exported, milliseconds(*exported, points));
      best_scripted = std::min(best_scripted, milliseconds(*scripted, points));
    }
    std::cout << name << ": .pt2 " << best_exported << " ms, TorchScript " << best_scripted << " ms, ratio "
              << best_exported / best_scripted << "; outputs apart by " << apart << '\n';
  }
}
