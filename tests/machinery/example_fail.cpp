// expect-error: the twin is left out
// How a test that must not compile looks: the error stands outside URN_COMPILES, its compiling twin inside.
#ifdef URN_COMPILES
static_assert(true, "the twin is left out");
#else
static_assert(false, "the twin is left out");
#endif
