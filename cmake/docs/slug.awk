# slug(<heading>): the anchor that a heading of a markdown page has, as the usual viewers make it.
function slug(text) {
  text = tolower(text)
  gsub(/\]\([^)]*\)/, "", text)
  gsub(/[^a-z0-9 _-]/, "", text)
  gsub(/ /, "-", text)
  return text
}
