# LibTorch: Debian's, or a newer one. Sets TORCH_LIBRARIES and TORCH_INCLUDE_DIRS, and says which one it is.
#
#   -DLATENTPATH_TORCH=DIR   a torch package as pip installs it (site-packages/torch), or an unpacked LibTorch
#   CMAKE_PREFIX_PATH        may name the same folder, or its share/cmake (torch.utils.cmake_prefix_path)
#
# In a build that pip started, it is the torch of the Python that builds.
#
# PyPI's wheel is the CUDA build, whose own package file fails where no CUDA toolkit is installed. This library needs
# libtorch_cpu and libc10 alone, so such a folder is taken as it is. Otherwise: find_package(Torch).

set(LATENTPATH_TORCH "" CACHE PATH "Folder of a LibTorch (site-packages/torch); empty: the one that CMake finds")

# The folder of a LibTorch among some candidates, or nothing.
function(latentpath_torch_folder result)
  foreach(prefix ${ARGN})
    foreach(folder ${prefix} ${prefix}/torch ${prefix}/../..)
      if(EXISTS ${folder}/lib/libtorch_cpu.so AND EXISTS ${folder}/include/ATen/ATen.h)
        get_filename_component(folder ${folder} ABSOLUTE)
        set(${result} ${folder} PARENT_SCOPE)
        return()
      endif()
    endforeach()
  endforeach()
  set(${result} "" PARENT_SCOPE)
endfunction()

# Where the building Python has its torch, without importing it, which takes seconds.
function(latentpath_torch_of_python result)
  find_package(Python REQUIRED COMPONENTS Interpreter)
  execute_process(
      COMMAND ${Python_EXECUTABLE} -c
              "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')"
      OUTPUT_VARIABLE folder OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(folder STREQUAL "")
    message(FATAL_ERROR "${Python_EXECUTABLE} has no torch: install it first, and build with --no-build-isolation")
  endif()
  set(${result} ${folder} PARENT_SCOPE)
endfunction()

set(torch_folder "")
if(LATENTPATH_TORCH)
  latentpath_torch_folder(torch_folder ${LATENTPATH_TORCH})
  if(NOT torch_folder)
    message(FATAL_ERROR "LATENTPATH_TORCH ${LATENTPATH_TORCH} is no LibTorch: it has no lib/libtorch_cpu.so and "
                        "include/ATen/ATen.h")
  endif()
elseif(SKBUILD)
  latentpath_torch_of_python(torch_of_python)
  # Debian's python3-torch is made of links into its LibTorch, which has a package file that works.
  if(NOT IS_SYMLINK ${torch_of_python}/lib/libtorch_cpu.so)
    latentpath_torch_folder(torch_folder ${torch_of_python})
  endif()
else()
  latentpath_torch_folder(torch_folder ${CMAKE_PREFIX_PATH} $ENV{CMAKE_PREFIX_PATH})
endif()

if(torch_folder)
  set(Torch_VERSION "")
  foreach(header torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
    if(NOT Torch_VERSION AND EXISTS ${torch_folder}/include/${header})
      file(STRINGS ${torch_folder}/include/${header} numbers REGEX "^#define TORCH_VERSION_(MAJOR|MINOR|PATCH) [0-9]+")
      string(REGEX REPLACE "[^;]* ([0-9]+)" "\\1" numbers "${numbers}")
      list(JOIN numbers "." Torch_VERSION)
    endif()
  endforeach()
  if(Torch_VERSION VERSION_LESS 2.6)
    message(FATAL_ERROR "the LibTorch in ${torch_folder} is ${Torch_VERSION}: before 2.6 these were built with the old "
                        "C++ ABI, which nothing else here has; take a newer one, or Debian's")
  endif()
  set(TORCH_INCLUDE_DIRS ${torch_folder}/include ${torch_folder}/include/torch/csrc/api/include)
  set(TORCH_LIBRARIES "")
  foreach(name torch_cpu c10)
    add_library(latentpath_lib${name} SHARED IMPORTED)
    set_target_properties(latentpath_lib${name} PROPERTIES
        IMPORTED_LOCATION ${torch_folder}/lib/lib${name}.so INTERFACE_INCLUDE_DIRECTORIES "${TORCH_INCLUDE_DIRS}")
    list(APPEND TORCH_LIBRARIES latentpath_lib${name})
  endforeach()
  # One OpenMP runtime in a process: the one that LibTorch brings.
  if(EXISTS ${torch_folder}/lib/libgomp.so.1)
    set(OpenMP_gomp_LIBRARY ${torch_folder}/lib/libgomp.so.1 CACHE FILEPATH "" FORCE)
  endif()
  message(STATUS "LibTorch ${Torch_VERSION} in ${torch_folder} (libtorch_cpu and libc10 alone)")
else()
  find_package(Torch REQUIRED)
  message(STATUS "LibTorch ${Torch_VERSION} in ${TORCH_INSTALL_PREFIX}")
endif()
