# RDKit's C++ library, which Debian 12 ships without a CMake package: headers in <prefix>/include/rdkit, one library a
# component. Gives the target RDKit::RDKit.
#
#   find_package(RDKit COMPONENTS GraphMol SmilesParse)

find_path(RDKit_INCLUDE_DIR GraphMol/ROMol.h PATH_SUFFIXES rdkit)
find_path(RDKit_BOOST_INCLUDE_DIR boost/version.hpp)
mark_as_advanced(RDKit_INCLUDE_DIR RDKit_BOOST_INCLUDE_DIR)
set(RDKit_LIBRARIES "")
set(RDKit_component_variables "")
foreach(component ${RDKit_FIND_COMPONENTS})
  find_library(RDKit_${component}_LIBRARY RDKit${component})
  mark_as_advanced(RDKit_${component}_LIBRARY)
  list(APPEND RDKit_LIBRARIES ${RDKit_${component}_LIBRARY})
  list(APPEND RDKit_component_variables RDKit_${component}_LIBRARY)
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(RDKit
    REQUIRED_VARS RDKit_INCLUDE_DIR RDKit_BOOST_INCLUDE_DIR ${RDKit_component_variables})

if(RDKit_FOUND AND NOT TARGET RDKit::RDKit)
  add_library(RDKit::RDKit INTERFACE IMPORTED)
  target_include_directories(RDKit::RDKit INTERFACE ${RDKit_INCLUDE_DIR} ${RDKit_BOOST_INCLUDE_DIR})
  target_link_libraries(RDKit::RDKit INTERFACE ${RDKit_LIBRARIES})
endif()
