#!/bin/sh
# test.sh <urn-explain>: its text on fixed logits, its page, and what it says of bad input.
set -u
cd "$(dirname "$0")/test" || exit 1
program=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
wrong=0
fail() {
  echo "FAILED: $1"
  wrong=1
}

# same_text <file> <argument>...
same_text() {
  expected=$1 && shift
  "$program" "$@" >"$work/text" 2>&1 || fail "$*: exit code $?"
  diff "$expected" "$work/text" || fail "$*: the text differs from $expected"
}
same_text cuts.txt --logits logits.txt -n 4 -s 'temperature=0.8; suppressed_tokens=1; top_k=3; min_p=0.1'
same_text greedy.txt --logits logits.txt -n 2 -s 'penalties(repetition=1.5,presence=0.5); greedy' --history 1,3
same_text masked.txt --logits masked.json -s 'top_k=3'

printf '\000\000\200\077\000\000\000\100\000\000\200\277' >"$work/three.f32"  # 1, 2, -1
"$program" --logits "$work/three.f32" -s greedy | grep -q '^Drawn: token 1, id 1, number 1 of 3 ' || fail "raw floats"

# page <argument>...: every tag that is opened is closed, nothing is fetched, and the text of the draw is there.
page() {
  "$program" "$@" --html "$work/page.html" || fail "$*: exit code $?"
  awk -f ../well_formed.awk "$work/page.html" || fail "$*: the page is not well-formed"
  ! grep -Eq '(src|href|@import|url\()' "$work/page.html" || fail "$*: the page fetches something"
  grep -q '<p>\(Drawn: \|No token was drawn: \)' "$work/page.html" || fail "$*: the page does not say what was drawn"
}
page --logits logits.txt
page --logits masked.json
page 'A < "B" & C>' -s 'mirostat_v2=5'

# The model inside and the model's directory give the same picture.
"$program" JULIET --seed 7 >"$work/inside" && "$program" JULIET --seed 7 -m ../../default_model >"$work/read" || fail "a model"
cmp "$work/inside" "$work/read" || fail "the model inside and its directory differ"
[ "$(grep -c '^Drawn: ' "$work/inside")" = 1 ] || fail "a model: nothing is drawn"

# refuses <sentence> <argument>...
refuses() {
  said=$1 && shift
  "$program" "$@" >"$work/text" 2>&1 && fail "$*: is not refused"
  grep -Fq -e "$said" "$work/text" || { cat "$work/text" && fail "$*: does not say '$said'"; }
}
refuses 'none.txt: it cannot be read; name a file of logits' --logits none.txt
refuses "line 2: 'abc' is not a float; write numbers between" --logits bad.txt
refuses 'empty.txt: it has no numbers; give a logit for each token' --logits empty.txt
printf 'abcde' >"$work/five.bin"
refuses '5 bytes are not whole float32 numbers' --logits "$work/five.bin"
refuses 'stages: "topk" is not one; there are ' --logits logits.txt -s 'topk=4'
refuses 'top_k.k: "4x" is not a value of it; write a whole number' --logits logits.txt -s 'top_k=4x'
refuses '--stages: temperature: its parameters are refused; give numbers' --logits logits.txt -s 'temperature=-1'
refuses '--stages: suppressed_tokens: its parameters are refused' --logits logits.txt -s 'suppressed_tokens=9'
refuses 'the token is already drawn' --logits logits.txt -s 'greedy;top_k=4'
refuses 'put it before the first cut' --logits logits.txt -s 'top_k=4;suppressed_tokens=1'
refuses 'it cannot be written; name a file in a folder that exists' --logits logits.txt --html "$work/none/page.html"
exit $wrong
