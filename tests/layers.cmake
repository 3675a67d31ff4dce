# Fails when a source file includes what its folder may not. Run: cmake -DROOT=<tree> -P layers.cmake
#
# <layer> : layers it may include besides itself. "x/*" means x and all below it; "!" adds: no framework headers at
# all. A layer covers its sub-folders, except that each sub-folder of a program must be named here itself.
cmake_minimum_required(VERSION 3.25)
set(layers
  "common/rpc            : common common/crypto common/log"
  "common/crypto         : common"
  "common/log            : common"
  "common/config         : common"
  "common/metrics        : common common/config common/log"
  "common/process        : common common/log"
  "common                : !"
  "proto                 :"
  "agent/protocol        : common !"
  "agent/shell           : agent/protocol common common/crypto !"
  "agent/protocols       : agent/shell agent/protocol common !"
  "agent/hosts           : common common/config"
  "agent/coverage/traits : agent/hosts agent/coverage common common/config common/log"
  "agent/coverage        : agent/coverage/traits agent/hosts common common/config common/log common/process"
  "agent/probes          : agent/hosts agent/coverage common common/config common/log common/process"
  "agent/journal         : common common/crypto common/log"
  "agent/spool           : common common/crypto common/log"
  "agent/record          : agent/protocol agent/journal agent/spool proto common common/crypto common/log"
  "agent/engine          : agent/protocol common common/log"
  "agent/control         : agent/protocol common common/log"
  "agent/uplink          : agent/spool common common/log common/rpc common/crypto proto"
  "agent/check           : agent/uplink common common/crypto common/rpc"
  "agent                 : agent/* common/* proto"
  "collector/enrich      : common common/crypto"
  "collector/pki         : common common/crypto common/log"
  "collector/ingest      : common common/crypto common/log proto"
  "collector/watch       : common proto"
  "collector/notify      : collector/watch common common/log"
  "collector/store       : collector/enrich collector/ingest collector/watch common common/crypto common/log proto"
  "collector/rpc         : collector/enrich collector/ingest collector/store collector/pki collector/watch common common/log common/rpc common/crypto proto"
  "collector             : collector/* common/* proto"
  "console/model         : common"
  "console/client        : console/model common common/rpc common/log proto"
  "console/view          : console/model common"
  "console               : console/* common/* proto"
  "tests                 : agent/* collector/* common/* console/* proto")
set(programs agent collector console)
set(frameworks "^(boost|grpc|grpcpp|google|pqxx|Q|sqlite3|openssl|libpq|spdlog|toml)")

# Sets `layer` to the layer of a path, or to "", and `allowed` to what that layer may include. The first match counts.
macro(find_layer path)
  set(layer "")
  foreach(line IN LISTS layers)
    string(REGEX MATCH "^([^ ]+) *:(.*)$" _ "${line}")
    set(name ${CMAKE_MATCH_1})
    separate_arguments(allowed UNIX_COMMAND "${CMAKE_MATCH_2}")
    if("${path}" MATCHES "^${name}/" AND NOT (name IN_LIST programs AND "${path}" MATCHES "^${name}/.*/"))
      set(layer ${name})
      break()
    endif()
  endforeach()
endmacro()

file(GLOB_RECURSE sources RELATIVE ${ROOT} ${ROOT}/*.hpp ${ROOT}/*.cpp)
list(FILTER sources EXCLUDE REGEX "^\\.")
foreach(source IN LISTS sources)
  file(STRINGS ${ROOT}/${source} includes REGEX "^#include [\"<]")
  find_layer(${source})
  set(own "${layer}")
  set(permitted ${allowed})
  if(own STREQUAL "")
    message(SEND_ERROR "${source}: its folder is not in tests/layers.cmake")
    continue()
  endif()
  foreach(include IN LISTS includes)
    string(REGEX REPLACE "^#include [\"<]([^\">]+).*" "\\1" header "${include}")
    if(own STREQUAL "agent/shell" AND header MATCHES "^boost/multiprecision/")  # numbers, not a framework
      continue()
    elseif("!" IN_LIST permitted AND header MATCHES "${frameworks}")
      message(SEND_ERROR "${source}: ${own} must stay free of frameworks, but includes ${header}")
    elseif(header MATCHES "^(agent|collector|common|console|proto|tests)/")
      set(everything "${CMAKE_MATCH_1}/*")
      find_layer(${header})
      if(NOT layer STREQUAL own AND NOT layer IN_LIST permitted AND NOT everything IN_LIST permitted)
        message(SEND_ERROR "${source}: ${own} may not include ${header}")
      endif()
    endif()
  endforeach()
endforeach()
