#pragma once
// The tensor headers that nearly every file with tensors needs, parsed once. Not <torch/torch.h> or
// <torch/script.h>: each file that trains or loads models includes those itself, since their weight in here
// would slow all others down.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/types.h>
