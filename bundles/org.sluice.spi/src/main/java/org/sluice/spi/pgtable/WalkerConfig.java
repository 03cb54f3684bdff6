package org.sluice.spi.pgtable;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * What the hardware's walker must be told about a page table: a record per family, here and in later versions, such as
 * {@link ArmStage1} and {@link ArmStage2}. A driver takes the families that its hardware walks and refuses the rest.
 */
@ConsumerType
public interface WalkerConfig {
    /**
     * The top table.
     *
     * @return physical address in bytes
     */
    long root();
}
