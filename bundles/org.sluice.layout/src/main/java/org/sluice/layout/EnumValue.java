package org.sluice.layout;

/** A value of a field that has a name. */
public record EnumValue(long value, String name, String about) {}
