# The Node package that draws the data set of cartoon faces: its three files as text in the library, so that
# `latentpath data faces` needs neither this source tree nor an installed one.

set(faces_folder ${PROJECT_SOURCE_DIR}/src/zoo/faces)
set(faces_work ${PROJECT_BINARY_DIR}/faces)
foreach(file draw_faces.mjs package.json package-lock.json)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${faces_folder}/${file})
endforeach()
file(READ ${faces_folder}/draw_faces.mjs faces_script)
file(READ ${faces_folder}/package.json faces_package)
file(READ ${faces_folder}/package-lock.json faces_package_lock)
file(CONFIGURE OUTPUT ${faces_work}/faces_package.cpp @ONLY CONTENT [[
#include "zoo/faces/faces_package.h"

namespace latentpath {

const char* const kFacesScript = R"~~~(@faces_script@)~~~";
const char* const kFacesPackage = R"~~~(@faces_package@)~~~";
const char* const kFacesPackageLock = R"~~~(@faces_package_lock@)~~~";

}  // namespace latentpath
]])
set_source_files_properties(${faces_work}/faces_package.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
target_sources(latentpath_zoo PRIVATE ${faces_work}/faces_package.cpp)
