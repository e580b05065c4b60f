static_assert(false, "the first line names no error");
