# cmake -D compiler=<c++> -D include=<folder> -P compile_time.cmake: says how much processor time one source that
# includes urn/urn.hpp takes to compile, the least of seven times, against the budget.
set(budget 600)
set(least 1000000)
foreach(round RANGE 1 7)
  execute_process(COMMAND sh -c "\"$@\" && times" sh ${compiler} -std=c++20 -fsyntax-only -I ${include}
    -include urn/urn.hpp -x c++ /dev/null OUTPUT_VARIABLE times RESULT_VARIABLE failed)
  # The second line is that of the child: 0m0.500000s 0m0.060000s, user and system.
  if(failed OR NOT times MATCHES "\n([0-9]+)m([0-9]+)\\.([0-9][0-9])[0-9]*s ([0-9]+)m([0-9]+)\\.([0-9][0-9])")
    message(FATAL_ERROR "urn/urn.hpp does not compile")
  endif()
  math(EXPR took "(${CMAKE_MATCH_1} + ${CMAKE_MATCH_4}) * 60000 + (${CMAKE_MATCH_2} + ${CMAKE_MATCH_5}) * 1000
    + (1${CMAKE_MATCH_3} + 1${CMAKE_MATCH_6} - 200) * 10")
  if(took LESS least)
    set(least ${took})
  endif()
endforeach()
message("#include <urn/urn.hpp>: ${least} ms of processor time, the budget is ${budget} ms")
