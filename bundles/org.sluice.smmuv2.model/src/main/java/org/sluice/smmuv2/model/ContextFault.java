package org.sluice.smmuv2.model;

/**
 * A translation that failed, as the registers of its bank will tell it.
 *
 * @param status the bit of FSR
 * @param level level of the walk, 0 to 3
 * @param stage2 whether stage 2 failed; then {@code ipa} counts
 * @param ipa what stage 2 was to translate
 * @param walk whether it failed on the address of a descriptor
 */
record ContextFault(long status, int level, boolean stage2, long ipa, boolean walk) implements WalkResult {
    static ContextFault stage1(long status, int level) {
        return new ContextFault(status, level, false, 0, false);
    }

    static ContextFault stage2(long status, int level, long ipa, boolean walk) {
        return new ContextFault(status, level, true, ipa, walk);
    }

    /** An external abort on a descriptor. */
    static ContextFault externalAbort(long status, int level) {
        return new ContextFault(status, level, false, 0, true);
    }
}
