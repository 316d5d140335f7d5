#pragma once
// Rows are short and many: what loops over them cost is how many numbers the processor takes at once. A
// function with this mark is compiled for several kinds of processors, and the one at hand is chosen when the
// program starts.

#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define LATENTPATH_WIDE __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define LATENTPATH_WIDE
#endif
