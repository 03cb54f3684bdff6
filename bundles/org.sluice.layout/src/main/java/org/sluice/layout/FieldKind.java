package org.sluice.layout;

/** What a run of bits is for. */
public enum FieldKind {
    /** A value; where it has named values, every other value is reserved. */
    FIELD,
    /** A number, some of whose values have a name of their own. */
    NUMBER,
    /** An address in place: bit n of the address is bit n of the 64-bit word. */
    ADDRESS,
    /** Zero when written by software of this version of the architecture. */
    RES0,
    /** The implementation's own. */
    IMPDEF,
    /** Software's own; hardware ignores it. */
    SW,
    /** The sources that were read do not say. */
    UNSTATED,
    /** A second reading of bits that other fields claim. */
    VIEW;

    /** Whether the bits carry something that can be read by name. */
    public boolean isNamed() {
        return this != RES0 && this != UNSTATED;
    }
}
