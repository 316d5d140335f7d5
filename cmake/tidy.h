#pragma once
// clang-format off
// Read before anything else by clang-tidy, never by a compiler. In C++20 libstdc++ declares the innards of std::vector
// constexpr, and clang then instantiates them where LibTorch 1.13 has a vector of a class that is not complete yet
// (std::vector<c10::IValue> inside of IValue's own methods), which it refuses. GCC does not. So they are read without.
#include <bits/c++config.h>
#ifdef __GLIBCXX__
#include <bits/allocator.h>
#include <utility>
#pragma push_macro("_GLIBCXX20_CONSTEXPR")
#undef _GLIBCXX20_CONSTEXPR
#define _GLIBCXX20_CONSTEXPR
#include <bits/stl_construct.h>
#include <bits/stl_uninitialized.h>
#include <ext/alloc_traits.h>
#include <algorithm>
#include <vector>
#pragma pop_macro("_GLIBCXX20_CONSTEXPR")
#endif
