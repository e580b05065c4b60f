# cmake -D compiler=<c++> -D include=<folder> -D core=<urn/...> -D all=<source> -P umbrella.cmake: urn.hpp includes every
# header of the core; the source, which includes every header of urn::urn, reads no library's files.
function(files_read out source)
  execute_process(COMMAND ${compiler} -std=c++20 -I ${include} -M -x c++ ${source} OUTPUT_VARIABLE read RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "${source} cannot be read")
  endif()
  string(REGEX MATCHALL "[^ \n\\]+" read "${read}")
  set(${out} ${read} PARENT_SCOPE)
endfunction()

files_read(wrong ${all})
list(FILTER wrong INCLUDE REGEX "/(xsimd|[Ee]igen|thrust|cub|cuda|nlohmann|pcre2|gtest)")
if(wrong)
  message(FATAL_ERROR "urn::urn must need nothing but C++20, but includes:\n  ${wrong}")
endif()

files_read(read ${include}/urn/urn.hpp)
list(TRANSFORM core PREPEND ${include}/)
list(REMOVE_ITEM core ${read})
if(core)
  message(FATAL_ERROR "urn/urn.hpp does not include:\n  ${core}")
endif()
