package org.sluice.cnf.layoutgen;

/** A value line: {@code = 5 S1_TRANSLATE what it means}. */
record NamedValue(long value, String name, String about) {}
