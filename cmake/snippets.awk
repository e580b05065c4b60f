# The work of cmake/snippets on one markdown file: prints it with every snippet as its source has it. Says on standard
# error what is wrong; with write=1 a block that differs from its source is not wrong, but replaced.
function wrong(what) {
  print FILENAME ":" FNR ": " what >"/dev/stderr"
  bad = 1
}
function indent(line) {
  match(line, /^ */)
  return RLENGTH
}
# The text of <file> or <file>#<region>, without region marks; "" and a complaint where there is none.
function source_of(spec,    at, file, region, line, inside, seen, count, lines, least, i, text) {
  at = index(spec, "#")
  file = at ? substr(spec, 1, at - 1) : spec
  region = at ? substr(spec, at + 1) : ""
  inside = region == ""
  least = 1000
  while ((getline line < file) > 0) {
    seen = 1
    if (line ~ /^ *(\/\/|#) \[\/?[a-z0-9_]+\]$/) {
      sub(/^ *(\/\/|#) /, "", line)
      if (line == "[" region "]") inside = 1
      if (line == "[/" region "]") inside = 0
    } else if (inside) {
      lines[++count] = line
      if (line != "" && indent(line) < least) least = indent(line)
    }
  }
  close(file)
  if (!seen) wrong("there is no source " file)
  else if (!count) wrong("there is no region // [" region "] in " file)
  else if (inside && region != "") wrong("the region [" region "] in " file " has no end // [/" region "]")
  for (i = 1; i <= count; i++) text = text substr(lines[i], least + 1) "\n"
  return text
}
BEGIN {
  if (tested != "") while ((getline line < tested) > 0) is_tested[line] = 1
}
{ is_fence = $0 ~ /^[ \t]*```/ }
!block && is_fence {
  language = $0
  gsub(/[ \t`]/, "", language)
  if (language ~ /^(cpp|c\+\+|cxx|cuda|cu)$/) {
    if (spec == "") wrong("a " language " block without a line <!-- snippet: <source> --> before it")
    else if (tested != "" && !(spec_file in is_tested)) wrong(spec_file " is not a program that the tests build and run")
  }
  expected = spec == "" ? "" : source_of(spec)
  text = ""
  block = 1
  print
  next
}
block && is_fence {
  if (spec != "" && text != expected && !write) wrong("the block differs from " spec "; cmake/snippets --write mends it")
  printf "%s", spec == "" || expected == "" ? text : expected
  spec = ""
  block = 0
  print
  next
}
block {
  text = text $0 "\n"
  next
}
spec != "" {
  wrong("no block follows the snippet line of " spec)
  spec = ""
}
/^<!-- snippet: [^ ]+ -->$/ {
  spec = $3
  spec_file = spec
  sub(/#.*/, "", spec_file)
}
{ print }
END {
  if (block) wrong("the last block has no end")
  exit bad
}
