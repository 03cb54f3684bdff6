package org.sluice.api;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Finds leaks and uses after unmap, as Linux's {@code iommu.debug_pagealloc} does in its way. While it is on, every mapping
 * remembers who made it and every unmap who did that; a service of the core, off by default, switched at run time or by the
 * configuration {@code mapping.watch}. Off, it costs one read of a flag for each map; on, each map takes microseconds and
 * memory. Any thread may call it.
 */
@ProviderType
public interface MappingWatch {
    /**
     * Whether it is on.
     *
     * @return false by default
     */
    boolean isOn();

    /**
     * Switches it. What was mapped before it was on is not known; switched off, it forgets everything.
     *
     * @param on whether mappings are remembered
     */
    void setOn(boolean on);

    /**
     * Mappings that are live now.
     *
     * @return by space and IOVA
     */
    List<MappingTrace> live();

    /**
     * What was unmapped lately, at most some thousand.
     *
     * @return the latest first
     */
    List<MappingTrace> unmapped();
}
