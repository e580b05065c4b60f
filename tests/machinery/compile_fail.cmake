# cmake -D compile=<c++;flags> -D source=<file> -P compile_fail.cmake: the file must not compile, for the reason in its
# first line, "// expect-error: <text>".
set(ENV{LC_ALL} C)
file(STRINGS ${source} expected LIMIT_COUNT 1)
if(NOT expected MATCHES "^// expect-error: (.+)")
  message(FATAL_ERROR "\n  ${source}: the first line must be // expect-error: <text>")
endif()
string(REPLACE "\\;" ";" expected "${CMAKE_MATCH_1}")

execute_process(COMMAND ${compile} ${source} RESULT_VARIABLE failed ERROR_VARIABLE output)
if(NOT failed)
  message(FATAL_ERROR "\n  ${source} compiles, but must not")
endif()
string(FIND "${output}" "${expected}" place)
if(place EQUAL -1)
  message(FATAL_ERROR "\n  ${source} fails, but the compiler does not say '${expected}':\n${output}")
endif()
