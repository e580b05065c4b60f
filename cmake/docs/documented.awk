# awk -f documented.awk <header>...: says on standard error which public names have no comment.
#
# Public is what stands in namespace urn, urn::exact or urn::telemetry, and in its types the public functions and types. A
# name is documented by a comment /// or ///< of its own or by the one at the head of its group, declarations without a blank
# line between them; a member also where the type's comment says its name. Data members are for the type's comment and
# for theirs, as far as they need one. What a type has because a concept asks for it (`asked`) is described at the concept.
# The code is as clang-format leaves it: what begins at the margin belongs to a namespace, what is indented by two to a
# type, and all else to a body or to the line before.
BEGIN {
  # A stage, a row, a stop criterion, a model, a policy, a clock and who is told, a decoder, an awaitable.
  count = split("stage check neutral whole_row only_masks touches touch touched merge after place wants run for_draw " \
                "size at id load prefetch start update state criteria_count begin end iterator " \
                "sequence vocabulary_size context_size make_sequence forward workspace batch_workspace scan max mass mass_of_kept " \
                "select_k select_mass select_above select_reaching select_typical pick pick_kept moments spread top_n count_before " \
                "duration time_point now call_after cancel count observe on_queue_state_change push finish " \
                "await_ready await_suspend await_resume", words)
  for (i = 1; i <= count; i++) asked[words[i]] = 1
}
function wrong(what) {
  print FILENAME ":" FNR ": " what >"/dev/stderr"
  bad = 1
}
# The name that a line declares, "" for one that declares nothing or nothing that needs a comment.
function name_of(line, level) {
  if (line ~ /^(\/|#|}|"|template <|requires |friend |static_assert|URN_[A-Z_]+(\(|$))|operator|= (delete|default);|->.*;$/) return ""
  if (line ~ /^(struct|class|enum class) [a-z_0-9]+;|^[a-z_0-9]+\(/ && !level) return ""  # announced only, or a deduction guide
  sub(/ *\/\/.*/, "", line)
  is_type = sub(/^(struct|class|enum class|enum|concept|using) /, "", line)
  sub(/ *[={;].*/, "", line)
  if (level == 1 && (!is_type && line !~ /\(/ || line ~ /\(\*/)) return ""  # data
  sub(/ *(\(| :|\[).*/, "", line)
  sub(/.*[ &*>~]/, "", line)
  return line ~ /::/ ? "" : line  # a member's definition
}
# A line of a namespace (level 0) or of a type (level 1), its indentation taken off. Returns the name that it declares.
function read(line, level,    name) {
  if (line ~ /^}/) gap[level] = 0  # the blank lines were in a body
  if (gap[level]) comment[level] = ""
  gap[level] = 0
  if (line ~ /^\/\/\//) comment[level] = comment[level] " " line
  name = name_of(line, level)
  if (name == "") return ""
  names++
  if (comment[level] == "" && line !~ /\/\/\/</ && !(level == 1 && is_told(name))) {
    wrong((level == 1 ? type "::" : "") name " has no comment")
  }
  return name
}
function is_told(member) {
  return member in asked || member == type || type_comment ~ ("[^a-z_]" member "[^a-z_]")
}
FNR == 1 { depth = type = 0; comment[0] = comment[1] = "" }
/^namespace / {
  path[++depth] = (depth > 1 ? path[depth - 1] "::" : "") $2
  public = path[depth] ~ /^urn(::exact|::telemetry)?$/
  next
}
/^}  \/\/ namespace/ {
  public = --depth && path[depth] ~ /^urn(::exact|::telemetry)?$/
  next
}
!public { next }
/^$/ { gap[0] = gap[1] = 1 }
/^[^ ]/ {
  name = read($0, 0)
  if (/^}/) type = ""
  if (name != "" && /^(struct|class) .*[{]$/) {
    type = name
    type_comment = comment[0]
    comment[1] = ""
    open = /^struct/
  }
}
type && /^ (public|private|protected):/ { open = /public/; comment[1] = "" }
type && open && /^  [^ ]/ { read(substr($0, 3), 1) }
END {
  if (!names) wrong("no name was found")
  exit bad
}
