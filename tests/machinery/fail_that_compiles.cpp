// expect-error: anything
int fine() { return 0; }
