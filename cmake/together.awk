# awk -f together.awk <source>...: one source of all of them. What is in namespace {} of each gets a namespace of its own,
# so that the same name may stand in two of them.
FNR == 1 {
  number++
  print "#line 1 \"" FILENAME "\""
}
/^namespace \{$/ { $0 = "namespace source_" number " { namespace {" }
/^}  \/\/ namespace$/ { $0 = "}}" }
{ print }
