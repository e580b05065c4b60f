# awk -v root=<urn's folder> -f slug.awk -f markdown.awk <markdown>: the page as Doxygen is to read it. A page is named
# page-<its file or, if that is README.md, its folder> and a heading <page>-<slug>; links to them become references, those
# of docs/README.md the tree beside the pages. What is not part of the site, tests and programs, keeps its name without a link.
function page_of(path,    parts, n) {
  if (path == "README.md") return "index"
  n = split(path, parts, "/")
  return "page-" (parts[n] == "README.md" ? parts[n - 1] : substr(parts[n], 1, length(parts[n]) - 3))
}
function shortened(path) {
  while (sub(/[^\/.]+\/\.\.\//, "", path)) {}
  return path
}
# [text](target) for Doxygen.
function link(text, target,    at, anchor, path) {
  if (target ~ /^[a-z]+:|\.svg$/) return "[" text "](" target ")"
  at = index(target, "#")
  anchor = at ? "-" substr(target, at + 1) : ""
  path = at == 1 ? here : shortened(folder (at ? substr(target, 1, at - 1) : target))
  if (here == "docs/README.md" && path ~ /\.md$/ && path != "README.md" && !at) return "\\subpage " page_of(path) " \"" text "\""
  if (path ~ /\.md$/) return "[" text "](#" page_of(path) anchor ")"
  if (path ~ /^include\//) return "[" text "](@ref " substr(path, 9) ")"
  return "`" text "`"
}
# Doxygen takes \d in a text for a command of its own.
function escaped(text) {
  gsub(/\\[dsw]/, "\\\\&", text)
  return text
}
# Doxygen takes a single quote for the end of `code`, but not of ``code``.
function quoted(text,    line) {
  while (match(text, /`[^`]+`/)) {
    line = line escaped(substr(text, 1, RSTART - 1))
    line = line (substr(text, RSTART, RLENGTH) ~ /'/ ? "`" substr(text, RSTART, RLENGTH) "`" : substr(text, RSTART, RLENGTH))
    text = substr(text, RSTART + RLENGTH)
  }
  return line escaped(text)
}
FNR == 1 {
  here = index(FILENAME, root "/") == 1 ? substr(FILENAME, length(root) + 2) : FILENAME
  folder = here
  sub(/[^\/]*$/, "", folder)
}
/^[ \t]*```/ { code = !code }
code || /^    / || /^<!--/ {
  print
  next
}
/^#+ / {
  text = $0
  sub(/^#+ +/, "", text)
  if (!/^# /) print $0 " {#" page_of(here) "-" slug(text) "}"
  else if (here == "README.md") print
  else print $0 " {#" page_of(here) "}"
  next
}
{
  rest = $0
  line = ""
  while (match(rest, /\[[^]]*\]\([^) ]+\)/)) {
    found = substr(rest, RSTART, RLENGTH)
    line = line substr(rest, 1, RSTART - 1)
    rest = substr(rest, RSTART + RLENGTH)
    at = index(found, "](")
    line = line link(substr(found, 2, at - 2), substr(found, at + 2, length(found) - at - 2))
  }
  print quoted(line rest)
}
