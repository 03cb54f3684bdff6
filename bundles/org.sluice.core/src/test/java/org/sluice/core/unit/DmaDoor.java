package org.sluice.core.unit;

import org.sluice.api.Domain;
import org.sluice.core.dma.DmaDomain;

/** Shows tests of other packages what a domain keeps for DMA mapping. */
public final class DmaDoor {
    private DmaDoor() {}

    /** Null unless the domain is one for DMA. */
    public static DmaDomain of(Domain domain) {
        return ((TranslationDomain) domain).dma();
    }
}
