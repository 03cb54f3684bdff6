package org.sluice.spi.driver;

import org.osgi.annotation.versioning.ConsumerType;
import org.sluice.spi.pgtable.WalkerConfig;

/**
 * Beginning walks at another top table while devices use the context: an optional ability that a {@link TranslationContext}
 * object implements where hardware reads root and number of levels in one piece (AMD's device table entry, for example).
 * Formats whose tree grows at the top need it.
 */
@ConsumerType
public interface RootExchange {
    /**
     * Makes the hardware begin at another top table, which translates everything that the former one does, and the same. A
     * walk finds the former or the new one, never nothing. When this returns none begins at the former one any more, and the
     * context's {@link TranslationContext#record() record} has the new configuration. Called inside of a map by its thread,
     * for one context by one thread at a time; an attach at the same time uses either configuration, and the new one once
     * both have returned.
     *
     * @param walker of the page table from now on
     * @throws org.sluice.api.IommuException when the hardware cannot; it walks from the former top as before
     */
    void exchangeRoot(WalkerConfig walker);
}
