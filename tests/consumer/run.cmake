# Installs the build tree under a prefix of its own, then configures, builds and runs the project of this folder
# against it: cmake -D BUILD=… -D WORK=… -D LIBRARY_FOLDER=… -D INCLUDE_FOLDER=… -D VERSION=… -P run.cmake

cmake_minimum_required(VERSION 3.25)

function(step)
  execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

set(prefix ${WORK}/prefix)
file(REMOVE_RECURSE ${WORK})
step(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})

foreach(file IN ITEMS config config-version targets)
  if(NOT EXISTS ${prefix}/${LIBRARY_FOLDER}/cmake/latentpath/latentpath-${file}.cmake)
    message(FATAL_ERROR "latentpath-${file}.cmake was not installed")
  endif()
endforeach()

# What is installed must not point back to where it was built.
file(GLOB package_files ${prefix}/${LIBRARY_FOLDER}/cmake/latentpath/*.cmake)
foreach(file IN LISTS package_files)
  file(READ ${file} text)
  foreach(folder IN ITEMS ${BUILD} ${SOURCE})
    string(FIND "${text}" "${folder}/" position)
    if(NOT position EQUAL -1)
      message(FATAL_ERROR "${file} names the folder ${folder} of this build")
    endif()
  endforeach()
endforeach()

step(${CMAKE_COMMAND} -G ${GENERATOR} -S ${CMAKE_CURRENT_LIST_DIR} -B ${WORK}/build
     -D CMAKE_CXX_COMPILER=${COMPILER} -D CMAKE_BUILD_TYPE=Debug -D CMAKE_CXX_FLAGS=${FLAGS}
     -D CMAKE_PREFIX_PATH=${prefix} -D LATENTPATH_INCLUDES=${prefix}/${INCLUDE_FOLDER})
step(${CMAKE_COMMAND} --build ${WORK}/build --parallel)
step(${WORK}/build/consumer)

# The installed program starts, and says the version that was built.
if(EXISTS ${prefix}/bin/latentpath)
  execute_process(COMMAND ${prefix}/bin/latentpath --version OUTPUT_VARIABLE said OUTPUT_STRIP_TRAILING_WHITESPACE
                  COMMAND_ERROR_IS_FATAL ANY)
  if(NOT said STREQUAL VERSION)
    message(FATAL_ERROR "the installed program says version ${said}, not ${VERSION}")
  endif()
endif()
