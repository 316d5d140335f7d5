#pragma once
// LibTorch's headers take most of the compile time of a file: they are parsed once, here.
#include <torch/script.h>
#include <torch/torch.h>

#include <nlohmann/json.hpp>
