# awk -v cases=<folder> -f count.awk junit.xml: "passed failed skipped" of a ctest run. A GoogleTest program counts with
# its own cases, from <folder>/<name>.xml; one that failed as a whole or wrote none of them counts as one failure.
function attribute(text, name) {
  return match(text, "[ \t]" name "=\"[^\"]*\"") ? substr(text, RSTART + length(name) + 3, RLENGTH - length(name) - 4) : ""
}
function count_program(name, status,    file, line, all, bad, skip, found) {
  file = cases "/" name ".xml"
  while ((getline line < file) > 0) {
    if (line ~ /<testsuites /) {
      found = 1
      all = attribute(line, "tests") - attribute(line, "disabled")
      bad = attribute(line, "failures") + attribute(line, "errors")
    } else if (line ~ /<testsuite /) {
      skip += attribute(line, "skipped")
    }
  }
  close(file)
  if (status == "run" && found && all == 0) status = "fail"  # a program without tests shows nothing
  if (!found) {
    all = 1
    bad = status == "fail"
    skip = status == "skip"
  } else if (status == "fail" && bad == 0) {
    all++
    bad = 1
  }
  passed += all - bad - skip
  failed += bad
  skipped += skip
}
/^\t<testcase / {
  if (name != "") count_program(name, status)
  name = attribute($0, "name")
  status = attribute($0, "status")
  if (status != "run") status = "fail"
}
# ctest writes a test that skipped itself and one whose program is not there alike but for the message.
/^\t\t<skipped message="SKIP_/ { status = "skip" }
END {
  if (name != "") count_program(name, status)
  print passed + 0, failed + 0, skipped + 0
}
