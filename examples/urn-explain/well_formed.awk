# awk -f well_formed.awk <page>: each element is closed by its own end tag, or by itself; no bare < or &.
{ text = text $0 "\n" }
function refuse(why) { print FILENAME ": " why; failed = 1; exit 1 }
END {
  if (failed) exit 1
  sub(/^<!DOCTYPE html>/, "", text)
  while (match(text, /<[^>]*>/)) {
    between = substr(text, 1, RSTART - 1)
    tag = substr(text, RSTART + 1, RLENGTH - 2)
    text = substr(text, RSTART + RLENGTH)
    gsub(/&(lt|gt|amp|quot);/, "", between)
    if (between ~ /[<&]/) refuse("not escaped: " between)
    name = tag
    sub(/^\//, "", name)
    sub(/[ \/].*/, "", name)
    if (name !~ /^[a-z][a-z0-9]*$/) refuse("no tag: <" tag ">")
    if (tag ~ /\/$/) continue
    if (tag !~ /^\//) open[++depth] = name
    else if (depth == 0 || open[depth--] != name) refuse("</" name "> closes nothing")
  }
  if (depth != 0) refuse("<" open[depth] "> is not closed")
}
