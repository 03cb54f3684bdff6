package org.sluice.core.dma;

import org.sluice.spi.board.DmaProperties;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/** What DMA mapping wants to know of a device; a {@link DeviceDma} belongs to each. */
public interface DmaClient {
    /**
     * Name.
     *
     * @return name on its bus
     */
    String name();

    /**
     * What the board says.
     *
     * @return constant
     */
    DmaProperties properties();

    /**
     * The DMA domain where its untagged traffic goes; takes no lock.
     *
     * @return null if that is none
     */
    DmaDomain dmaDomain();

    /**
     * Whether its untagged traffic passes untranslated; if it goes to no domain yet, that is waited for.
     *
     * @return whether {@link #dmaDomain} should be asked again; false for an identity domain
     * @throws org.sluice.api.IommuException EINVAL its domain is neither for DMA nor an identity; ENODEV no driver serves it
     */
    boolean becameDma();

    /**
     * Memory.
     *
     * @return the board's
     */
    PhysicalMemory memory();

    /**
     * Where coherent buffers and bounce pages come from.
     *
     * @return the board's
     */
    PageAllocator allocator();
}
