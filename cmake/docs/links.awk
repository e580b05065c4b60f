# awk -f slug.awk -f links.awk <markdown>...: says on standard error which links to files of the repository, and to headings in
# markdown, lead nowhere. Addresses of the web are not followed.
function wrong(what) {
  print FILENAME ":" FNR ": " what >"/dev/stderr"
  bad = 1
}
# Whether the file is there; a markdown's headings are then in headings[<file> "#" <slug>].
function known(file,    line, code, text, got) {
  if (file in files) return files[file]
  if (file !~ /\.[^.\/]+$/) return files[file] = system("test -e '" file "'") == 0  # a folder, which cannot be read
  while ((got = (getline line < file)) > 0) {
    if (line ~ /^[ \t]*```/) code = !code
    if (code || file !~ /\.md$/ || line !~ /^#+ /) continue
    text = line
    sub(/^#+ +/, "", text)
    text = slug(text)
    headings[file "#" text (text in seen ? "-" seen[text]++ : "")]
    if (!(text in seen)) seen[text] = 1
  }
  for (text in seen) delete seen[text]
  close(file)
  return files[file] = got >= 0
}
# a/b/../c is a/c.
function shortened(path) {
  while (sub(/[^\/.]+\/\.\.\//, "", path)) {}
  return path
}
function check(target,    at, file, anchor, folder) {
  if (target ~ /^[a-z]+:/) return
  at = index(target, "#")
  anchor = at ? substr(target, at + 1) : ""
  folder = FILENAME
  sub(/[^\/]*$/, "", folder)
  file = at == 1 ? FILENAME : shortened(folder (at ? substr(target, 1, at - 1) : target))
  if (!known(file)) wrong("there is no " file)
  else if (anchor != "" && !((file "#" anchor) in headings)) wrong("there is no heading #" anchor " in " file)
}
FNR == 1 { code = 0 }
/^[ \t]*```/ { code = !code }
code || /^    / { next }
{
  line = $0
  gsub(/`[^`]*`/, "", line)
  while (match(line, /\]\([^) ]+\)/)) {
    check(substr(line, RSTART + 2, RLENGTH - 3))
    line = substr(line, RSTART + RLENGTH)
    links++
  }
}
END {
  if (!links) wrong("no link was found")
  exit bad
}
