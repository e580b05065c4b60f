# awk -v root=<urn's folder> -f single_header.awk: urn/urn.hpp and all that it includes of urn as one header, which may be
# copied into a project. Each of urn's headers comes once, where it is first included.
function take(path,    file, line, lines) {
  if (path in taken) return
  taken[path] = 1
  file = root "/include/" path
  while ((getline line < file) > 0) {
    lines++
    if (line ~ /^#include "urn\//) take(substr(line, 11, length(line) - 11))
    else if (line != "#pragma once") print line
  }
  close(file)
  if (!lines) missing = missing " " file
}
BEGIN {
  print "// urn in one header, made from its headers.\n//"
  while ((getline line < (root "/LICENSE")) > 0) print line == "" ? "//" : "// " line
  print "\n#pragma once\n"
  take("urn/urn.hpp")
  if (missing == "") exit
  print "single_header.awk: there is no" missing >"/dev/stderr"
  exit 1
}
