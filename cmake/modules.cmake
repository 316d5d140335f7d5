# One target a module. A module links the modules it names and no other; docs/architecture.md has the table.
#
#   latentpath_module(path USES curve metric solver LINK Eigen3::Eigen)
#
# PICTURES names libraries that only LATENTPATH_PICTURES brings, FILMS those of LATENTPATH_FILMS.
#
# src/<module>/*.cpp are compiled with LibTorch and its precompiled header, src/<module>/dense/*.cpp without either:
# loops over plain numbers, with more optimisation. A module with dense/ files alone does not see LibTorch.
# src/<module>/plain/*.cpp, what handles neither tensors nor many numbers (files, texts, settings), see no LibTorch either,
# but may use what does by headers that name no tensor.
#
#   latentpath_module(molecule USES core OPTIONAL LATENTPATH_MOLECULES)    where that option is on; a library of its own
#
# A module is a static library, which its tests link; the library `latentpath` is made of the same object files. With
# the tests, every module is also linked whole, with what it names and nothing else, so that a build fails where a
# module uses more. tests/checks/layers.py says the same of includes.

# What LibTorch's headers cost is paid once: every target with tensors uses this one precompiled header.
add_library(latentpath_tensors INTERFACE)
target_include_directories(latentpath_tensors SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
target_link_libraries(latentpath_tensors INTERFACE ${TORCH_LIBRARIES} nlohmann_json::nlohmann_json)

file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/precompiled.cpp CONTENT "// Carries the precompiled header.\n")
add_library(latentpath_precompiled OBJECT ${PROJECT_BINARY_DIR}/precompiled.cpp)
target_link_libraries(latentpath_precompiled PRIVATE latentpath_tensors latentpath_warnings)
target_precompile_headers(latentpath_precompiled PRIVATE ${PROJECT_SOURCE_DIR}/cmake/precompiled.h)

# clang-tidy cannot read the compiler's precompiled header: there every file with tensors reads the headers themselves.
if(CMAKE_DISABLE_PRECOMPILE_HEADERS)
  target_compile_options(latentpath_tensors INTERFACE "SHELL:-include ${PROJECT_SOURCE_DIR}/cmake/precompiled.h")
endif()

# What needs OpenCV or Cairo stands in a module's folder with_pictures/; what takes its place without LATENTPATH_PICTURES,
# in without_pictures/. A module that is PICTURED needs them nearly everywhere: without LATENTPATH_PICTURES only its
# folder pictureless/ is left, of the zoo the store, which finds models by name, and of the reports the page about a table,
# which has no picture. Likewise with_films/, which needs FFmpeg, and without_films/ without LATENTPATH_FILMS.

function(latentpath_module name)
  cmake_parse_arguments(PARSE_ARGV 1 module "PICTURED" "OPTIONAL" "USES;LINK;PICTURES;FILMS")
  if(module_OPTIONAL AND NOT ${module_OPTIONAL})
    return()
  endif()
  set(folder ${PROJECT_SOURCE_DIR}/src/${name})
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/pictureless/*.cpp)
  if(LATENTPATH_PICTURES OR NOT module_PICTURED)
    file(GLOB more CONFIGURE_DEPENDS ${folder}/*.cpp)
    list(APPEND sources ${more})
    file(GLOB plain_sources CONFIGURE_DEPENDS ${folder}/plain/*.cpp)
  endif()
  if(LATENTPATH_PICTURES)
    list(APPEND module_LINK ${module_PICTURES})
    file(GLOB more CONFIGURE_DEPENDS ${folder}/with_pictures/*.cpp)
  else()
    file(GLOB more CONFIGURE_DEPENDS ${folder}/without_pictures/*.cpp)
  endif()
  list(APPEND sources ${more})
  if(LATENTPATH_FILMS)
    list(APPEND module_LINK ${module_FILMS})
    file(GLOB more CONFIGURE_DEPENDS ${folder}/with_films/*.cpp)
  else()
    file(GLOB more CONFIGURE_DEPENDS ${folder}/without_films/*.cpp)
  endif()
  list(APPEND sources ${more})
  file(GLOB dense_sources CONFIGURE_DEPENDS ${folder}/dense/*.cpp)
  set(targets "")
  if(dense_sources)
    add_library(latentpath_${name}_dense STATIC ${dense_sources})
    target_compile_options(latentpath_${name}_dense PRIVATE $<$<CONFIG:Release>:-O3>)
    target_link_libraries(latentpath_${name}_dense PUBLIC Eigen3::Eigen
                          PRIVATE OpenMP::OpenMP_CXX nanoflann::nanoflann latentpath_lemon)
    list(APPEND targets latentpath_${name}_dense)
  endif()
  if(plain_sources)
    add_library(latentpath_${name}_plain OBJECT ${plain_sources})
    target_link_libraries(latentpath_${name}_plain PRIVATE nlohmann_json::nlohmann_json ${module_LINK})
    list(APPEND targets latentpath_${name}_plain)
    list(APPEND sources $<TARGET_OBJECTS:latentpath_${name}_plain>)
  endif()
  if(sources)
    add_library(latentpath_${name} STATIC ${sources})
    target_link_libraries(latentpath_${name} PUBLIC latentpath_tensors)
    target_precompile_headers(latentpath_${name} REUSE_FROM latentpath_precompiled)
    if(dense_sources)
      target_link_libraries(latentpath_${name} PUBLIC latentpath_${name}_dense)
    endif()
    list(APPEND targets latentpath_${name})
  else()
    add_library(latentpath_${name} INTERFACE)
    target_link_libraries(latentpath_${name} INTERFACE latentpath_${name}_dense)
  endif()
  foreach(target ${targets})
    target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_BINARY_DIR}/include
                               PRIVATE ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${target} PRIVATE latentpath_warnings)
    if(target STREQUAL "latentpath_${name}")
      target_link_libraries(${target} PRIVATE ${module_LINK})
    endif()
    foreach(used ${module_USES})
      if(target MATCHES "_plain$")
        continue()  # linked as a part of latentpath_${name}
      elseif(target MATCHES "_dense$")
        if(TARGET latentpath_${used}_dense)
          target_link_libraries(${target} PUBLIC latentpath_${used}_dense)
        endif()
      else()
        target_link_libraries(${target} PUBLIC latentpath_${used})
      endif()
    endforeach()
    if(module_OPTIONAL)
      set_property(GLOBAL APPEND PROPERTY latentpath_${name}_objects $<TARGET_OBJECTS:${target}>)
    else()
      set_property(GLOBAL APPEND PROPERTY latentpath_objects $<TARGET_OBJECTS:${target}>)
    endif()
  endforeach()
  if(LATENTPATH_BUILD_TESTS)
    list(REMOVE_ITEM targets latentpath_${name}_plain)
    foreach(target ${targets})
      latentpath_link_whole(${target})
    endforeach()
    if(plain_sources)
      target_sources(latentpath_${name}_whole PRIVATE $<TARGET_OBJECTS:latentpath_${name}_plain>)
    endif()
  endif()
endfunction()

# Links all object files of a target with the libraries that it names. Nobody uses what comes out: it exists to fail.
function(latentpath_link_whole target)
  add_library(${target}_whole SHARED $<TARGET_OBJECTS:${target}>)
  get_target_property(libraries ${target} LINK_LIBRARIES)
  list(REMOVE_ITEM libraries latentpath_warnings)
  target_link_libraries(${target}_whole PRIVATE ${libraries})
  target_link_options(${target}_whole PRIVATE -Wl,--no-undefined)
  set_target_properties(${target}_whole PROPERTIES
      LINKER_LANGUAGE CXX LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/layers)
endfunction()
