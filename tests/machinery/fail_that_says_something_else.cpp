// expect-error: a sentence no compiler says
#ifndef URN_COMPILES
static_assert(false, "another sentence");
#endif
