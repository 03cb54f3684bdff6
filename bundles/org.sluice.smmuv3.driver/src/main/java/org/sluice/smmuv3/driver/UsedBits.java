package org.sluice.smmuv3.driver;

/**
 * Which bits of a table entry the SMMU looks at, which depends on the entry itself; follows Linux's
 * {@code arm_smmu_get_ste_used} and {@code arm_smmu_get_cd_used}. Stateless, for any thread.
 */
interface UsedBits {
    /**
     * The bits that matter.
     *
     * @param entry eight words
     * @return a mask of eight words
     */
    long[] used(long[] entry);

    /**
     * The bits whose change, by itself, disturbs no transaction, so that they may change ahead of the rest.
     *
     * @param current what the SMMU may be using
     * @param target what it is to use
     * @return a mask of eight words
     */
    long[] safe(long[] current, long[] target);
}
