// expect-error: both fail
static_assert(false, "both fail");
