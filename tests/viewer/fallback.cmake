# Whatever goes wrong with npm, the build goes on, without a page, and says so:
#   cmake -D SOURCE=repository -D WORK=folder -P fallback.cmake

file(REMOVE_RECURSE ${WORK})
file(WRITE ${WORK}/failing_npm "#!/bin/sh\necho there is no network >&2\nexit 1\n")
file(CHMOD ${WORK}/failing_npm PERMISSIONS OWNER_READ OWNER_EXECUTE OWNER_WRITE)
foreach(usable OFF ON)
  execute_process(
      COMMAND ${CMAKE_COMMAND} -D SOURCE=${SOURCE}/viewer -D WORK=${WORK}/${usable} -D OUTPUT=${WORK}/${usable}/page.cpp
              -D USABLE=${usable} -D NPM=${WORK}/failing_npm -P ${SOURCE}/cmake/build_viewer.cmake
      RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "the build of the page fails instead of falling back: ${output}")
  endif()
  file(READ ${WORK}/${usable}/page.cpp page)
  if(NOT page MATCHES "return {}")
    message(FATAL_ERROR "there is a page, from a failing npm: ${page}")
  endif()
  if(usable AND NOT output MATCHES "reports will be plain")
    message(FATAL_ERROR "nothing says that reports will be plain: ${output}")
  endif()
endforeach()
