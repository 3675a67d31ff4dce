# Compiler settings as interface targets, and the functions that make every target of the tree use them.

option(APIARY_WERROR "Treat warnings as errors" OFF)
option(APIARY_HARDEN "Build what is packaged: fortified, position independent, read-only relocations" OFF)
option(APIARY_PRECOMPILE "Read the headers of the libraries once, not for each source: a quarter less time to build all" OFF)
set(APIARY_SANITIZE "" CACHE STRING "Sanitizers for every target, e.g. address,undefined or thread")

# The compiler cache finds its entries again from another build folder or clone of the same depth.
find_program(APIARY_CCACHE ccache)
if(APIARY_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_INODECACHE=1
    CCACHE_SLOPPINESS=time_macros,pch_defines,include_file_mtime,include_file_ctime ${APIARY_CCACHE})
endif()

# What must hold for every object of a program, generated code included.
add_library(apiary_instrumentation INTERFACE)
if(APIARY_SANITIZE)
  # The checks for undefined behaviour are for the product: in a test's own sources they only cost a third of the time of
  # compiling it.
  target_compile_options(apiary_instrumentation INTERFACE
    -fsanitize=${APIARY_SANITIZE} $<$<BOOL:$<TARGET_PROPERTY:APIARY_TEST>>:-fno-sanitize=undefined>
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(apiary_instrumentation INTERFACE -fsanitize=${APIARY_SANITIZE})
endif()
if(APIARY_HARDEN)
  target_compile_options(apiary_instrumentation INTERFACE
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -D_GLIBCXX_ASSERTIONS -fstack-protector-strong -fstack-clash-protection
    -fcf-protection=full -fPIE)
  target_link_options(apiary_instrumentation INTERFACE -pie -Wl,-z,relro,-z,now)
endif()

add_library(apiary_settings INTERFACE)
target_link_libraries(apiary_settings INTERFACE apiary_instrumentation)
target_compile_features(apiary_settings INTERFACE cxx_std_20)
target_include_directories(apiary_settings INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(apiary_settings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
  $<$<BOOL:${APIARY_WERROR}>:-Werror>)
if(APIARY_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(apiary_settings INTERFACE -Wno-tsan)  # Asio fences beside its locks, which g++ cannot follow
endif()

# apiary_headers(<name> [TEST] HEADERS ... [LINK ...]): headers of libraries that are read once for all targets of a folder which
# says set(APIARY_HEADERS <name>), or, for its tests, set(APIARY_TEST_HEADERS <name>). A source still includes what it uses:
# preset release, which reads every header anew, says so if not.
function(apiary_headers name)
  if(NOT APIARY_PRECOMPILE)
    return()
  endif()
  cmake_parse_arguments(ARG "TEST" "" "HEADERS;LINK" ${ARGN})
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "")
  add_library(${name} OBJECT ${source})
  set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF APIARY_TEST ${ARG_TEST})
  target_link_libraries(${name} PRIVATE apiary_settings ${ARG_LINK})
  target_precompile_headers(${name} PRIVATE ${ARG_HEADERS})
  if(APIARY_CCACHE)
    target_compile_options(${name} PRIVATE -fpch-preprocess)  # the cache sees what went into them
  endif()
endfunction()

# Uses them for a target.
function(apiary_use_headers target headers)
  if(APIARY_PRECOMPILE)
    target_precompile_headers(${target} REUSE_FROM ${headers})
    if(APIARY_CCACHE)
      target_compile_options(${target} PRIVATE -fpch-preprocess)
    endif()
  endif()
endfunction()

set(standard_headers <common/cmake/standard_headers.hpp>)
apiary_headers(apiary_headers HEADERS ${standard_headers})
set(APIARY_HEADERS apiary_headers)

# apiary_library(<name> SOURCES ... [LINK ...])
function(apiary_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF)
  target_link_libraries(${name} PUBLIC apiary_settings ${ARG_LINK})
  apiary_use_headers(${name} ${APIARY_HEADERS})
endfunction()

# apiary_program(<name> SOURCES ... [LINK ...])
function(apiary_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF)
  target_link_libraries(${name} PRIVATE apiary_settings ${ARG_LINK})
  apiary_use_headers(${name} ${APIARY_HEADERS})
endfunction()

# apiary_test(<name> SOURCES ... [LINK ...] [LABELS ...] [TIMEOUT seconds] [SHARDS n] [MAIN library] [BUT filter]):
# one GoogleTest executable, one ctest entry: to start a program with sanitizers costs more than most of its cases. A long one
# is cut into SHARDS. GTEST_FILTER chooses among cases. MAIN replaces GTest::gtest_main for tests that need a main() of their
# own. What BUT matches has entries elsewhere.
function(apiary_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT;SHARDS;MAIN;BUT" "SOURCES;LINK;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 1500)
  endif()
  if(NOT ARG_MAIN)
    set(ARG_MAIN GTest::gtest_main)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF APIARY_TEST ON)
  target_link_libraries(${name} PRIVATE apiary_settings ${ARG_LINK} ${ARG_MAIN} GTest::gtest)
  apiary_use_headers(${name} ${APIARY_TEST_HEADERS})
  set(filter)
  if(ARG_BUT)
    set(filter "--gtest_filter=-${ARG_BUT}")
  endif()
  if(NOT ARG_SHARDS)
    set(ARG_SHARDS 1)
  endif()
  foreach(shard RANGE 1 ${ARG_SHARDS})
    set(test ${name})
    if(ARG_SHARDS GREATER 1)
      string(APPEND test ".${shard}")
    endif()
    math(EXPR index "${shard} - 1")
    add_test(NAME ${test} COMMAND ${name} --gtest_brief=1 ${filter})
    set_tests_properties(${test} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}"
      ENVIRONMENT "GTEST_TOTAL_SHARDS=${ARG_SHARDS};GTEST_SHARD_INDEX=${index}")
  endforeach()
endfunction()
