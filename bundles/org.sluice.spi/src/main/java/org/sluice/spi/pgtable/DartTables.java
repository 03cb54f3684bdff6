package org.sluice.spi.pgtable;

import java.util.List;

/**
 * Apple's DART: up to four top tables.
 *
 * @param ttbrs top tables in bytes, at least one
 * @param levels levels of tables
 */
public record DartTables(List<Long> ttbrs, int levels) implements WalkerConfig {
    /** Copies the list. */
    public DartTables {
        ttbrs = List.copyOf(ttbrs);
    }

    @Override
    public long root() {
        return ttbrs.get(0);
    }
}
