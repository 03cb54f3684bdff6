package org.sluice.spi.driver;

import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.WalkerConfig;

/**
 * A context in primitives and contract types, as the core's ledger keeps it.
 *
 * @param request what was asked for
 * @param tag ASID for stage 1, VMID for stage 2
 * @param stage 1 or 2, as chosen
 * @param table configuration of its page table
 * @param walker what was installed, or null before
 */
public record ContextRecord(ContextRequest request, int tag, int stage, PageTableConfig table, WalkerConfig walker) {}
