# cmake -D compiler=<c++> -D include=<folder> -P compile_time.cmake: says how long one source that includes urn/urn.hpp
# takes to compile, the least of seven times, against the budget.
set(budget_ms 600)
set(least 1000000)
foreach(round RANGE 1 7)
  string(TIMESTAMP start "%s%f")
  execute_process(COMMAND ${compiler} -std=c++20 -fsyntax-only -I ${include} -x c++ ${include}/urn/urn.hpp
    RESULT_VARIABLE failed)
  string(TIMESTAMP end "%s%f")
  if(failed)
    message(FATAL_ERROR "urn/urn.hpp does not compile")
  endif()
  math(EXPR took "(${end} - ${start}) / 1000")
  if(took LESS least)
    set(least ${took})
  endif()
endforeach()
message("#include <urn/urn.hpp>: ${least} ms of ${budget_ms} ms")
