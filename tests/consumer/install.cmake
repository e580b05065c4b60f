# cmake -D build=<folder> -D prefix=<folder> -D files=<list> -P install.cmake: installs into an empty folder, in which
# exactly these files must then be.
file(REMOVE_RECURSE ${prefix})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${build} --prefix ${prefix} COMMAND_ERROR_IS_FATAL ANY OUTPUT_QUIET)
file(GLOB_RECURSE found RELATIVE ${prefix} ${prefix}/*)
set(missing ${files})
list(REMOVE_ITEM missing ${found})
list(REMOVE_ITEM found ${files})
if(missing OR found)
  message(FATAL_ERROR "the tree lacks: ${missing}\nand should not have: ${found}")
endif()
